//! What begins a journey for a customer, and why one does not begin.

use std::collections::BTreeMap;

use super::{Decided, Decision, World};
use crate::customer::Past;
use crate::enrollment::{Enrollment, Noted};
use crate::entry::{self, CampaignStage, Candidate};
use crate::journey::{CAMPAIGN_GRACE_SECONDS, DateEntry, Enter, Journey, ReEntry};
use crate::names::JourneyName;
use crate::time::{DAY, Timestamp};
use crate::walk;

impl World<'_> {
    /// Journeys that what happened to the customer begins.
    pub(super) fn begun_by(&self, happened: &Enter) -> Vec<Candidate> {
        let current = self.definitions.journeys.keys().filter(|name| {
            self.definitions.current(name).is_some_and(|(_, journey)| journey.enter == *happened)
        });
        current.map(Candidate::plain).collect()
    }

    /// Arms the next instant of every journey that the calendar begins, and returns those whose instant has come. Of a date
    /// it is noted when its instant had passed before it was known.
    pub(super) fn calendar(&mut self) -> Vec<Candidate> {
        let mut armed = BTreeMap::new();
        let mut come = Vec::new();
        for name in self.definitions.journeys.keys() {
            let Some((_, journey)) = self.definitions.current(name) else { continue };
            let once = match &journey.enter {
                Enter::Date(DateEntry { yearly, .. }) => !yearly,
                Enter::Schedule(_) => false,
                Enter::Segment(_)
                | Enter::LeftSegment(_)
                | Enter::Event(_)
                | Enter::Campaign(_)
                | Enter::Request => continue,
            };
            // Whoever a date is not for is told so at its instant; at what comes again and again that would be a write for
            // everyone each time.
            if !once && !self.is_allowed(journey) {
                continue;
            }
            let next = |after| entry::next(journey, &self.customer, after, self.definitions);
            // A date that was moved meanwhile is not the one that was armed.
            let due = self.customer.armed.get(name).copied().filter(|at| *at <= self.now);
            let has_come = due.is_some_and(|at| next(at.plus(-1)) == Some(at));
            if let Some(at) = next(self.now) {
                armed.insert(name.clone(), at);
            }
            let passed =
                || entry::has_passed(journey, (self.before, &self.customer), self.now, self.definitions);
            if has_come {
                let date = entry::date_value(journey, &self.customer).map(ToOwned::to_owned);
                come.push(Candidate { key: date.clone(), date, ..Candidate::plain(name) });
                self.dates.insert(name.clone());
            } else if passed() && self.dates.insert(name.clone()) {
                self.not_entered(name, Noted::DatePassed(name.clone()));
            }
        }
        let campaign = |name: &JourneyName| {
            self.definitions.current(name).is_some_and(|(_, it)| matches!(it.enter, Enter::Campaign(_)))
        };
        self.customer.armed.retain(|name, _| campaign(name));
        self.customer.armed.extend(armed);
        come
    }

    /// Arms campaigns that are to come, and returns those whose time has come: once for each customer who is of it. From its
    /// beginning until its end the end is armed, which tells that it was looked at.
    pub(super) fn campaigns(&mut self) -> Vec<Candidate> {
        let mut come = Vec::new();
        for name in self.definitions.journeys.keys() {
            let Some((_, journey)) = self.definitions.current(name) else { continue };
            let Enter::Campaign(campaign) = &journey.enter else { continue };
            let member = self.customer.segments.get(&campaign.segment).filter(|it| it.member);
            let armed = match (entry::stage(campaign, self.now, self.definitions), member) {
                (CampaignStage::Ahead(at), Some(_)) => Some(at),
                (CampaignStage::Open(_, end), _) if self.customer.armed.get(name) == Some(&end) => Some(end),
                (CampaignStage::Open(at, end), Some(member))
                    if member.since <= at.plus(CAMPAIGN_GRACE_SECONDS) =>
                {
                    come.push(Candidate::plain(name));
                    Some(end)
                }
                (CampaignStage::Ahead(_) | CampaignStage::Open(..) | CampaignStage::Over, _) => None,
            };
            match armed {
                Some(at) => self.customer.armed.insert(name.clone(), at),
                None => self.customer.armed.remove(name),
            };
        }
        come
    }

    /// Begins the current version of a journey, or notes why not.
    pub(super) fn begin(&mut self, candidate: Candidate) {
        let name = candidate.journey.clone();
        let Some((version, journey)) = self.definitions.current(&name) else { return };
        if let Some(why) = self.refused(&candidate, journey) {
            return self.not_entered(&name, why);
        }
        self.decisions.push(Decision { journey: name, what: Decided::Entered });
        walk::begin(self, candidate, version);
        self.forget();
    }

    /// Notes why a journey does not begin.
    pub(super) fn not_entered(&mut self, journey: &JourneyName, why: Noted) {
        self.note(why.clone(), self.now);
        self.decisions.push(Decision { journey: journey.clone(), what: Decided::NotEntered(why) });
    }

    fn is_allowed(&self, journey: &Journey) -> bool {
        let allowed = journey.allowed.as_ref();
        allowed.is_none_or(|allowed| allowed.evaluate(self.subject(None), self.now).holds)
    }

    /// Why a journey does not begin.
    fn refused(&self, candidate: &Candidate, journey: &Journey) -> Option<Noted> {
        let name = &candidate.journey;
        let live = |other: &&Enrollment| other.is_live();
        let mut others = self.customer.enrollments.iter().filter(live);
        let in_it = |other: &Enrollment| {
            other.journey == *name && (!journey.has_several() || self.is_key(candidate, other.key.as_ref()))
        };
        let grouped = |other: &Enrollment| {
            let of = self.definitions.version(&other.journey, other.version);
            other.journey != *name && of.is_some_and(|of| of.group == journey.group)
        };
        if others.clone().any(in_it) {
            return Some(Noted::AlreadyIn(name.clone()));
        }
        if !self.may_reenter(candidate, journey.reentry) {
            return Some(Noted::ReEntry(name.clone()));
        }
        if journey.group.is_some()
            && let Some(other) = others.find(|other| grouped(other))
        {
            return Some(Noted::Exclusive(name.clone(), other.journey.clone()));
        }
        (!self.is_allowed(journey)).then(|| Noted::NotWhere(name.clone()))
    }

    /// Whether a key is the candidate's: the same text, or the same date.
    fn is_key(&self, candidate: &Candidate, key: Option<&String>) -> bool {
        let zone = || self.customer.zone(&self.definitions.zone);
        match (&candidate.date, key) {
            (Some(date), Some(key)) => entry::is_same_date(date, key, zone),
            (Some(_), None) | (None, _) => key == candidate.key.as_ref(),
        }
    }

    fn may_reenter(&self, candidate: &Candidate, rule: ReEntry) -> bool {
        let name = &candidate.journey;
        let kept = self.customer.enrollments.iter().filter(|enrollment| enrollment.journey == *name);
        let kept = kept.map(|enrollment| (enrollment.entered, &enrollment.key));
        let past = self.customer.past.get(name).into_iter().flatten().map(|Past(at, key)| (*at, key));
        let starts: Vec<(Timestamp, &Option<String>)> = kept.chain(past).collect();
        if starts.iter().any(|(at, key)| *at == self.now && self.is_key(candidate, key.as_ref())) {
            return false;
        }
        // Asked for once more, in other words or by another call: a key is one matter.
        if candidate.asked && starts.iter().any(|(_, key)| *key == &candidate.key) {
            return false;
        }
        let within =
            |days: u32| starts.iter().filter(|(at, _)| self.now.since(*at) < i64::from(days) * DAY).count();
        match rule {
            ReEntry::Never => starts.is_empty(),
            ReEntry::AfterDays(days) => within(days.max(1)) == 0,
            ReEntry::AtMost { times, within_days } => {
                within(within_days) < usize::try_from(times).unwrap_or(usize::MAX)
            }
            ReEntry::PerKey => !starts.iter().any(|(_, key)| self.is_key(candidate, key.as_ref())),
        }
    }
}
