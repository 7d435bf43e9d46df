//! What begins a journey for a customer, and when.

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::calendar;
use crate::condition::dates;
use crate::customer::{Customer, TIME_ZONE, Value};
use crate::definitions::Definitions;
use crate::event::{EventId, Properties};
use crate::journey::{
    CAMPAIGN_SECONDS, Campaign, DateEntry, DateOf, DateOffset, Enter, Journey, Offset, PASSED_DATE_SECONDS,
    Schedule, ScheduledDays,
};
use crate::names::JourneyName;
use crate::time::Timestamp;

/// A journey that may begin for a customer.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// The journey.
    pub journey: JourneyName,
    /// What tells the enrollment from others of the journey.
    pub key: Option<String>,
    /// What the event said.
    pub event: Properties,
    /// The value of the date that begins it.
    pub date: Option<String>,
    /// The event that begins it: of several at one instant the earliest comes first, in whatever order they were told.
    pub by: Option<(Timestamp, EventId)>,
    /// Whether someone asked for it, in whatever way it begins otherwise.
    pub asked: bool,
}

impl Candidate {
    /// One without a key.
    pub fn plain(journey: &JourneyName) -> Self {
        Self {
            journey: journey.clone(),
            key: None,
            event: Properties::new(),
            date: None,
            by: None,
            asked: false,
        }
    }
}

/// The first instant later than `after` at which the calendar begins a journey.
pub(crate) fn next(
    journey: &Journey,
    customer: &Customer,
    after: Timestamp,
    definitions: &Definitions,
) -> Option<Timestamp> {
    let zone = || customer.zone(&definitions.zone);
    match &journey.enter {
        Enter::Date(DateEntry { date, yearly: true }) => anniversary(date, customer, after, &zone()),
        Enter::Date(DateEntry { date, yearly: false }) => {
            date.instant(customer, &Properties::new(), &zone()).filter(|at| *at > after)
        }
        Enter::Schedule(schedule) => schedule.next(after, &zone()),
        Enter::Campaign(campaign) => campaign.at.instant(&definitions.zone).filter(|at| *at > after),
        Enter::Segment(_) | Enter::LeftSegment(_) | Enter::Event(_) | Enter::Request => None,
    }
}

/// As text, the value of the date that begins a journey once for each value.
pub(crate) fn date_value<'a>(journey: &Journey, customer: &'a Customer) -> Option<&'a str> {
    match &journey.enter {
        Enter::Date(DateEntry { date: DateOffset { of: DateOf::Trait(name), .. }, yearly: false }) => {
            customer.text(name)
        }
        Enter::Date(_)
        | Enter::Segment(_)
        | Enter::LeftSegment(_)
        | Enter::Event(_)
        | Enter::Schedule(_)
        | Enter::Campaign(_)
        | Enter::Request => None,
    }
}

/// Whether two texts mean one date, however each is spelt.
pub(crate) fn is_same_date(one: &str, other: &str, zone: impl Fn() -> TimeZone) -> bool {
    one == other || {
        let zone = zone();
        let instant = dates::instant_of(one, &zone);
        instant.is_some() && instant == dates::instant_of(other, &zone)
    }
}

/// Whether the instant of the date that begins a journey lies behind, lately, and was ahead or not known before.
pub(crate) fn has_passed(
    journey: &Journey,
    (before, customer): (&Customer, &Customer),
    now: Timestamp,
    definitions: &Definitions,
) -> bool {
    let Enter::Date(DateEntry { date, yearly: false }) = &journey.enter else { return false };
    let (was, is) = (date_value(journey, before), date_value(journey, customer));
    // Nearly always nothing was said of it.
    if was == is && before.text(TIME_ZONE) == customer.text(TIME_ZONE) {
        return false;
    }
    let zone = |customer: &Customer| customer.zone(&definitions.zone);
    let instant = |customer: &Customer| date.instant(customer, &Properties::new(), &zone(customer));
    let lately = |at: Timestamp| at <= now && now.since(at) <= PASSED_DATE_SECONDS;
    let same = matches!((was, is), (Some(was), Some(is)) if is_same_date(was, is, || zone(customer)));
    instant(customer).is_some_and(lately) && (!same || instant(before).is_some_and(|at| at > now))
}

fn anniversary(
    date: &DateOffset,
    customer: &Customer,
    after: Timestamp,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let DateOf::Trait(name) = &date.of else { return None };
    let day = dates::read(customer.value(name)?, zone)?;
    match date.offset {
        Offset::Days(days, at) => calendar::next_anniversary(day, days, at, after, zone),
        Offset::Seconds(_) => None,
    }
}

impl DateOffset {
    /// The instant that is meant; none without the date.
    pub fn instant(&self, customer: &Customer, event: &Properties, zone: &TimeZone) -> Option<Timestamp> {
        let value: &Value = match &self.of {
            DateOf::Trait(name) => customer.value(name)?,
            DateOf::Property(name) => event.get(name)?,
        };
        match self.offset {
            Offset::Seconds(seconds) => Some(dates::instant(value, zone)?.plus(seconds)),
            Offset::Days(days, at) => {
                let day = dates::read(value, zone)?.checked_add(Span::new().try_days(days).ok()?).ok()?;
                calendar::instant(day.to_datetime(at.time()), zone)
            }
        }
    }
}

impl Schedule {
    /// The first instant later than `after`.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        calendar::next_clock(self.at, |date| self.days.have(date), after, zone)
    }
}

impl ScheduledDays {
    fn have(&self, date: Date) -> bool {
        match self {
            Self::Every => true,
            Self::Week(days) => days.has(date),
            Self::Month(days) => {
                let last = date.days_in_month();
                days.iter().any(|day| (*day).min(last) == date.day())
            }
        }
    }
}

/// Where a campaign stands for a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CampaignStage {
    /// It is to come, at this instant.
    Ahead(Timestamp),
    /// Its time is there: it began at the first of these instants, and until the second it begins for those who entered
    /// its segment no later than [`CAMPAIGN_GRACE_SECONDS`](crate::journey::CAMPAIGN_GRACE_SECONDS) after the first.
    Open(Timestamp, Timestamp),
    /// It is past.
    Over,
}

/// Where a campaign stands.
pub(crate) fn stage(campaign: &Campaign, now: Timestamp, definitions: &Definitions) -> CampaignStage {
    let Some(at) = campaign.at.instant(&definitions.zone) else { return CampaignStage::Over };
    let end = at.plus(CAMPAIGN_SECONDS);
    if now < at {
        CampaignStage::Ahead(at)
    } else if now < end {
        CampaignStage::Open(at, end)
    } else {
        CampaignStage::Over
    }
}
