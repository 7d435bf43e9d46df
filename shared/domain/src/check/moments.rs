//! What begins a journey, and what its steps wait for.

use std::collections::BTreeSet;

use super::Builder;
use super::conditions::{event_filter, vain_filter};
use crate::calendar::{Clock24, Weekdays};
use crate::condition::Condition;
use crate::definition::{
    CampaignSource, DateSource, EnterSource, EventEntrySource, ReEntrySource, ScheduleSource, UntilSource,
    WaitForSource,
};
use crate::event_match::EventMatch;
use crate::journey::{
    Awaited, Campaign, DateEntry, DateOf, DateOffset, Enter, EventEntry, Offset, Schedule, ScheduledDays,
    Until,
};

/// The most days that may lie between an anniversary and what it begins.
const ANNIVERSARY_DAYS: i32 = 180;

/// The most days that may lie between a date and what it begins.
const OFFSET_DAYS: i32 = 3 * 366;

/// The most days after which a step waits for a time of day.
const WAIT_DAYS: u32 = 366;

impl Builder {
    pub(super) fn enter(&mut self, source: &EnterSource) -> Enter {
        match source {
            EnterSource::Segment(name) => Enter::Segment(name.clone()),
            EnterSource::LeftSegment(name) => Enter::LeftSegment(name.clone()),
            EnterSource::Event(event) => Enter::Event(self.event_entry(event)),
            EnterSource::Birthday(at) => {
                self.clock(*at, "enter.birthday");
                let of = DateOf::Trait("birthday".to_owned());
                Enter::Date(DateEntry { date: DateOffset { of, offset: Offset::Days(0, *at) }, yearly: true })
            }
            EnterSource::Anniversary(source) => {
                self.clock(source.at, "enter.anniversary.at");
                self.name(&source.attribute, "enter.anniversary.trait");
                if source.days.abs() > ANNIVERSARY_DAYS {
                    let what = format!("goes from -{ANNIVERSARY_DAYS} to {ANNIVERSARY_DAYS}");
                    self.wrong("enter.anniversary.days", &what);
                }
                let of = DateOf::Trait(source.attribute.clone());
                let offset = Offset::Days(source.days, source.at);
                Enter::Date(DateEntry { date: DateOffset { of, offset }, yearly: true })
            }
            EnterSource::Date(date) => {
                if date.property.is_some() {
                    self.wrong(
                        "enter.date.property",
                        "nothing has happened yet whose property this could be; name a `trait`, or begin with `event` \
                         and wait until the date",
                    );
                }
                Enter::Date(DateEntry { date: self.date(date, "enter.date"), yearly: false })
            }
            EnterSource::Schedule(schedule) => Enter::Schedule(self.schedule(schedule)),
            EnterSource::Campaign(CampaignSource { segment, at }) => {
                Enter::Campaign(Campaign { segment: segment.clone(), at: *at })
            }
            EnterSource::Request => Enter::Request,
        }
    }

    /// Whether the rule on beginning again fits what begins the journey.
    pub(super) fn reentry(&mut self, rule: &ReEntrySource, enter: &Enter) {
        match rule {
            ReEntrySource::AtMost { times, within_days }
                if *times == 0 || *times > 12 || *within_days == 0 =>
            {
                self.wrong("reentry", "`times` goes from 1 to 12, `within_days` from 1");
            }
            ReEntrySource::PerKey if !has_key(enter) => self.wrong(
                "reentry",
                "nothing here has a key; `per_key` belongs to `enter: { event: { name: …, key: order_id } }`, to \
                 `enter: { date: … }` and to `enter: request`",
            ),
            ReEntrySource::PerKey
            | ReEntrySource::Never
            | ReEntrySource::AfterDays(_)
            | ReEntrySource::AtMost { .. } => {}
        }
    }

    fn event_entry(&mut self, source: &EventEntrySource) -> EventEntry {
        let event = EventMatch { name: source.name.clone(), filter: source.filter.clone(), matching: None };
        self.event(&event, "enter.event");
        if source.key.as_deref() == Some("") {
            self.wrong("enter.event.key", "the name is empty; name a property such as `order_id`");
        }
        EventEntry { event, key: source.key.clone() }
    }

    /// Checks which event is meant.
    pub(super) fn event(&mut self, event: &EventMatch, place: &str) {
        if event.name.is_empty() {
            self.wrong(place, "the name is empty; name an event such as `Order Completed`");
        }
        self.mistakes.extend(event_filter(&event.filter, place));
        self.refused.extend(vain_filter(&event.filter, place));
    }

    fn schedule(&mut self, source: &ScheduleSource) -> Schedule {
        self.clock(source.at, "enter.schedule.at");
        if !source.weekdays.is_empty() && !source.days.is_empty() {
            self.wrong("enter.schedule", "`weekdays` and `days` exclude each other; keep one");
        }
        if source.days.iter().any(|day| !(1..=31).contains(day)) {
            self.wrong("enter.schedule.days", "days of a month go from 1 to 31");
        }
        let days = match (source.weekdays.as_slice(), source.days.as_slice()) {
            ([], []) => ScheduledDays::Every,
            ([], days) => ScheduledDays::Month(days.iter().copied().collect::<BTreeSet<i8>>()),
            (days, _) => ScheduledDays::Week(Weekdays::of(days)),
        };
        Schedule { at: source.at, days }
    }

    /// Checks a date and how far from it.
    fn date(&mut self, source: &DateSource, place: &str) -> DateOffset {
        let of = match (&source.attribute, &source.property) {
            (Some(name), None) => DateOf::Trait(name.clone()),
            (None, Some(name)) => DateOf::Property(name.clone()),
            (Some(name), Some(_)) => {
                self.wrong(place, "`trait` and `property` exclude each other; keep one");
                DateOf::Trait(name.clone())
            }
            (None, None) => {
                self.wrong(place, "say which date: `trait: interview_at`");
                DateOf::Trait(String::new())
            }
        };
        if let (DateOf::Trait(name) | DateOf::Property(name), true) =
            (&of, source.attribute.is_some() || source.property.is_some())
        {
            self.name(name, &format!("{place}.trait"));
        }
        if source.days.abs() > OFFSET_DAYS {
            self.wrong(&format!("{place}.days"), &format!("goes from -{OFFSET_DAYS} to {OFFSET_DAYS}"));
        }
        let offset = match (source.at, source.before, source.after) {
            (Some(at), None, None) => {
                self.clock(at, &format!("{place}.at"));
                Offset::Days(source.days, at)
            }
            (None, before, after) if source.days == 0 && !(before.is_some() && after.is_some()) => {
                let seconds =
                    after.map_or(0, |after| after.seconds) - before.map_or(0, |before| before.seconds);
                Offset::Seconds(seconds)
            }
            (None, ..) if source.days != 0 => {
                self.wrong(place, "`days` needs a time of day: add `at: 10:00`");
                Offset::Seconds(0)
            }
            (Some(_) | None, ..) => {
                self.wrong(
                    place,
                    "keep one way: `days` and `at` for a day of the calendar, `before: 2h` or `after: 2h` for a length of time",
                );
                Offset::Seconds(0)
            }
        };
        DateOffset { of, offset }
    }

    pub(super) fn until(&mut self, source: &UntilSource, place: &str) -> Until {
        match (source.at, &source.date) {
            (Some(at), None) => {
                self.clock(at, &format!("{place}.at"));
                if source.days > WAIT_DAYS {
                    self.wrong(&format!("{place}.days"), &format!("goes to {WAIT_DAYS}"));
                }
                if source.when_passed.is_some() {
                    self.wrong(
                        &format!("{place}.when_passed"),
                        "belongs to `date`; a time of day comes again",
                    );
                }
                Until::Clock { at, days: source.days, weekdays: Weekdays::of(&source.weekdays) }
            }
            (None, Some(date)) => {
                if !source.weekdays.is_empty() {
                    self.wrong(
                        &format!("{place}.weekdays"),
                        "a date has its own day of the week; leave this out",
                    );
                }
                if source.days != 0 {
                    self.wrong(&format!("{place}.days"), "belongs to `at`; days from a date stand within it");
                }
                let date = self.date(date, &format!("{place}.date"));
                Until::Date { date, when_passed: source.when_passed.unwrap_or_default() }
            }
            (Some(_), Some(_)) => {
                self.wrong(
                    place,
                    "`at` and `date` exclude each other; the time of day of a date stands within it",
                );
                Until::Length(0)
            }
            (None, None) => {
                self.wrong(
                    place,
                    "say until when: `at: 10:00`, or `date: { trait: interview_at, days: -1, at: 18:00 }`",
                );
                Until::Length(0)
            }
        }
    }

    pub(super) fn awaited(&mut self, source: &WaitForSource, place: &str) -> Awaited {
        match (&source.event, &source.when) {
            (Some(event), None) => {
                self.event(event, &format!("{place}.event"));
                Awaited::Event(event.clone())
            }
            (None, Some(condition)) => {
                self.condition(condition, &format!("{place}.when"));
                Awaited::When(condition.clone())
            }
            (Some(event), Some(_)) => {
                self.wrong(place, "`event` and `when` exclude each other; keep one");
                Awaited::Event(event.clone())
            }
            (None, None) => {
                self.wrong(place, "say for what: `event: Order Completed`, or `when:` with a condition");
                Awaited::When(Condition::All(Vec::new()))
            }
        }
    }

    fn clock(&mut self, at: Clock24, place: &str) {
        if at == Clock24::MIDNIGHT_AFTER {
            self.wrong(place, "24:00 is the next day; write 00:00, or the hour at which it begins");
        }
    }

    fn name(&mut self, name: &str, place: &str) {
        if name.is_empty() {
            self.wrong(place, "the name is empty; name a trait");
        }
    }
}

const fn has_key(enter: &Enter) -> bool {
    match enter {
        Enter::Event(entry) => entry.key.is_some(),
        Enter::Date(date) => !date.yearly,
        Enter::Request => true,
        Enter::Segment(_) | Enter::LeftSegment(_) | Enter::Schedule(_) | Enter::Campaign(_) => false,
    }
}
