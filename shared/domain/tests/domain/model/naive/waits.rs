//! Steps that take time: every minute is lived through.

use domain::enrollment::EndReason;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde_json::Value as Json;

use super::super::facts::{Facts, named};
use super::super::leaving::time;
use super::{Flow, Model, minutes};

impl Model<'_> {
    pub(super) fn until(&mut self, minute: i64) -> Flow {
        self.rest()?;
        while self.facts.now < minute {
            self.minute()?;
        }
        Ok(())
    }

    /// Until the clock on the wall shows a time; a time that the clocks leave out is an hour later.
    pub(super) fn clock(&mut self, with: &Json) -> Flow {
        let (clock, now, wanted) = (self.facts.clock(), self.facts.now, time(&with["at"]));
        let first: Date = clock(now).date() + with["days"].as_i64().unwrap().days();
        let days = with["weekdays"].as_array().unwrap();
        let named = |day: Weekday| match day {
            Weekday::Monday => days.contains(&"monday".into()),
            Weekday::Saturday => days.contains(&"saturday".into()),
            Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday | Weekday::Friday | Weekday::Sunday => {
                false
            }
        };
        let shows = |minute: i64, wanted: i64| {
            let wall = clock(minute).time();
            i64::from(wall.hour()) * 60 + i64::from(wall.minute()) == wanted
        };
        let comes = |minute: i64| {
            let day = clock(minute).date();
            let skipped = shows(minute, wanted + 60) && !shows(minute - 60, wanted);
            (shows(minute, wanted) || skipped) && day >= first && (days.is_empty() || named(day.weekday()))
        };
        let until = self.facts.ahead().find(|minute| comes(*minute)).unwrap();
        if until > now { self.until(until) } else { Ok(()) }
    }

    /// Until so far from the date of the visit, which may be moved meanwhile.
    pub(super) fn date(&mut self, with: &Json) -> Flow {
        let of = &with["date"];
        let offset = if of["before"].is_null() { minutes(&of["after"]) } else { -minutes(&of["before"]) };
        let exit = with["when_passed"] == "exit";
        let date = |model: &Self| model.facts.visit().map(|visit| visit + offset).ok_or(EndReason::DateMoved);
        let mut until = date(self)?;
        if exit && until < self.facts.now {
            return Err(EndReason::DatePassed);
        }
        if until > self.facts.now {
            self.rest()?;
        }
        while until > self.facts.now {
            self.minute()?;
            let moved = date(self)?;
            if exit && moved < self.facts.now && self.facts.now < until {
                return Err(EndReason::DatePassed);
            }
            until = moved;
        }
        Ok(())
    }

    pub(super) fn listen(&mut self, with: &Json) -> Flow {
        let now = self.facts.now;
        let until = now + minutes(&with["within"]);
        let (event, when) = (&with["event"], &with["when"]);
        // What is known to have happened in the minute of arrival came before; to a journey that begins, nothing did but
        // what began it.
        let entry = self.facts.entry.as_ref().filter(|entry| entry.entered == now);
        let known =
            |facts: &Facts<'_>| !event.is_null() && facts.did(named(event).0).any(|(_, at, _)| at == now);
        let since = entry.and_then(|entry| entry.by).unwrap_or_else(|| now + i64::from(known(&self.facts)));
        let came = |facts: &Facts<'_>| {
            if when.is_null() { facts.since(event, since).is_some() } else { facts.holds(when) }
        };
        if when.is_null() || !came(&self.facts) {
            self.rest()?;
        }
        while !came(&self.facts) {
            if self.facts.now >= until {
                self.took("timed out");
                return self.steps(&with["otherwise"]);
            }
            self.minute()?;
        }
        self.took("came");
        self.steps(&with["then"])
    }
}
