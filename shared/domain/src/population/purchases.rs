//! A customer's purchases as the models and the scores take them.

use crate::customer::Customer;
use crate::event::{History, ORDER_COMPLETED, Occurrence};
use crate::money::Yen;
use crate::time::{DAY, Timestamp};

/// Japan is nine hours ahead of UTC, all year.
const JAPAN_SECONDS: i64 = 9 * 3_600;

/// A customer's purchases up to some instant, as BG/NBD and Gamma-Gamma take them. The unit of time is a day of 24
/// hours.
///
/// All purchases of one calendar day (in Japan) are one, made at the first of them: that is how the literature counts,
/// and an order sent in two parts is no sign of returning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Purchases {
    /// Days with a purchase after the first: `x`.
    pub repeats: u32,
    /// From the first purchase to the last such day's, in days: `t_x`. Zero without repeats.
    pub last_days: f64,
    /// From the first purchase to the instant, in days: `T`.
    pub age_days: f64,
    /// What a day of purchases was worth on average, the first one's too; never negative.
    pub mean_yen: f64,
    /// Orders, however many a day.
    pub count: u32,
}

impl Purchases {
    /// The customer's purchases up to `now`; `None` without one.
    ///
    /// Beyond the latest [`crate::event::RECENT_LIMIT`] orders only their number is kept: those are taken to lie on as
    /// many days as there is room for. `None`, too, for an instant before all that is kept one by one.
    pub fn of(customer: &Customer, now: Timestamp) -> Option<Self> {
        let past = Past::of(customer, now)?;
        let first = past.history.first;
        let (mut days, mut last) = past.folded_days();
        for Occurrence(at, ..) in past.kept {
            if days == 0 || day(*at) != day(last) {
                days = days.saturating_add(1);
                last = *at;
            }
        }
        let repeats = days.saturating_sub(1);
        Some(Self {
            repeats,
            last_days: if repeats == 0 { 0.0 } else { in_days(last.since(first)) },
            age_days: in_days(now.since(first)),
            mean_yen: past.total.0.max(0) as f64 / f64::from(days.max(1)),
            count: past.count,
        })
    }

    /// Days with a purchase: the number that `mean_yen` is the mean of.
    pub const fn days(&self) -> u32 {
        self.repeats.saturating_add(1)
    }
}

/// Recency, frequency and money, as [`super::Quintiles`] scores them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rfm {
    /// Seconds since the last purchase.
    pub recency: i64,
    /// How many orders there were.
    pub frequency: u32,
    /// What they were worth together.
    pub money: Yen,
}

impl Rfm {
    /// The customer's up to `now`; `None` without a purchase, as for [`Purchases::of`].
    pub fn of(customer: &Customer, now: Timestamp) -> Option<Self> {
        let past = Past::of(customer, now)?;
        let last = past.history.last_at(now)?;
        Some(Self { recency: now.since(last), frequency: past.count, money: past.total })
    }
}

/// The orders that are not later than an instant: at least one.
struct Past<'a> {
    history: &'a History,
    /// Those that are kept one by one, earliest first.
    kept: &'a [Occurrence],
    count: u32,
    total: Yen,
}

impl<'a> Past<'a> {
    fn of(customer: &'a Customer, now: Timestamp) -> Option<Self> {
        let history = customer.events.get(ORDER_COMPLETED)?;
        if history.folded.is_some_and(|folded| folded > now) {
            return None;
        }
        let (kept, coming) = history.recent.split_at(history.recent.partition_point(|order| order.0 <= now));
        let later: Yen = coming.iter().map(|order| order.2).sum();
        let count = history.count.saturating_sub(u32::try_from(coming.len()).unwrap_or(u32::MAX));
        let total = Yen(history.total.0.saturating_sub(later.0));
        (count > 0).then_some(Self { history, kept, count, total })
    }

    /// On how many days those lie that are not kept one by one, at most, and the last of them.
    fn folded_days(&self) -> (u32, Timestamp) {
        let kept = u32::try_from(self.kept.len()).unwrap_or(u32::MAX);
        let (Some(folded), first) = (self.history.folded, self.history.first) else {
            return (0, self.history.first);
        };
        let room =
            u32::try_from(day(folded).saturating_sub(day(first))).unwrap_or(u32::MAX).saturating_add(1);
        (self.count.saturating_sub(kept).min(room), folded)
    }
}

/// The calendar day in Japan.
const fn day(at: Timestamp) -> i64 {
    at.plus(JAPAN_SECONDS).seconds().div_euclid(DAY)
}

fn in_days(seconds: i64) -> f64 {
    seconds.max(0) as f64 / DAY as f64
}
