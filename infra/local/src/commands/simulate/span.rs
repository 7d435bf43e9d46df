//! From which day to which a dry run goes.

use anyhow::{Context, Result, ensure};
use domain::time::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Days that are played when none are given.
const DAYS: i64 = 365;

/// Days of a campaign that are played, from the day before its time on.
const CAMPAIGN_DAYS: i64 = 31;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(Date);

impl Day {
    /// Reads `2026-01-31`.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("`{text}` is no day; write it as 2026-01-31"))
    }
}

/// The days that are played.
#[derive(Clone, Debug)]
pub struct Span {
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
    /// The beginning of the first day.
    pub from: Timestamp,
    /// The last second of the last day.
    pub until: Timestamp,
}

impl Span {
    /// The days that are given, and where one is missing the usual one.
    pub fn of(
        from: Option<Day>,
        to: Option<Day>,
        campaign: Option<Timestamp>,
        zone: &TimeZone,
        latest: impl FnOnce() -> Result<Option<Timestamp>>,
    ) -> Result<Self> {
        let (first, last) = match (from, to, campaign) {
            (Some(Day(first)), Some(Day(last)), _) => (first, last),
            (None, Some(Day(last)), _) => (last.saturating_sub((DAYS - 1).days()), last),
            (from, None, Some(at)) => {
                let first = from.map_or(date(at, zone)?.saturating_sub(1.day()), |day| day.0);
                (first, date(at, zone)?.max(first).saturating_add((CAMPAIGN_DAYS - 2).days()))
            }
            (from, None, None) => {
                let latest = latest()?.context("no customer has an event; give days with --from and --to")?;
                let last = date(latest, zone)?;
                (from.map_or(last.saturating_sub((DAYS - 1).days()), |day| day.0), last)
            }
        };
        ensure!(
            first <= last,
            "the first day, {first}, is after the last, {last}; give others with --from and --to"
        );
        let after = last.tomorrow().context("the last day is the last of the calendar")?;
        Ok(Self { first, last, from: begin(first, zone)?, until: begin(after, zone)?.plus(-1) })
    }
}

fn date(at: Timestamp, zone: &TimeZone) -> Result<Date> {
    Ok(jiff::Timestamp::from_second(at.seconds())?.to_zoned(zone.clone()).date())
}

fn begin(day: Date, zone: &TimeZone) -> Result<Timestamp> {
    let begins = day.to_zoned(zone.clone()).with_context(|| format!("{day} has no beginning"))?;
    Ok(Timestamp::from_seconds(begins.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_are_not_given_are_the_year_to_the_latest_event() {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let latest = || Ok(Some(Timestamp::parse("1998-06-30T15:00:00Z").unwrap()));
        let days = |from: Option<&str>, to: Option<&str>, campaign: Option<&str>| {
            let day = |text: &str| Day::parse(text).unwrap();
            let campaign = campaign.map(|at| Timestamp::parse(at).unwrap());
            let span = Span::of(from.map(day), to.map(day), campaign, &zone, latest);
            span.map_or_else(|error| error.to_string(), |span| format!("{} {}", span.first, span.last))
        };
        assert_eq!(days(None, None, None), "1997-07-02 1998-07-01");
        assert_eq!(days(Some("1998-06-01"), None, None), "1998-06-01 1998-07-01");
        assert_eq!(days(None, Some("1997-12-31"), None), "1997-01-01 1997-12-31");
        assert_eq!(days(None, None, Some("2026-12-01T10:00:00+09:00")), "2026-11-30 2026-12-30");
        assert!(days(Some("1998-06-02"), Some("1998-06-01"), None).starts_with("the first day"));
        let one = Span::of(
            Some(Day::parse("1998-06-02").unwrap()),
            Some(Day::parse("1998-06-02").unwrap()),
            None,
            &zone,
            latest,
        );
        let one = one.unwrap();
        assert_eq!(one.until.since(one.from), 86_399);
    }
}
