//! Whether a condition holds at a minute, straight from the facts: every occurrence gone through, every day counted off.

use domain::condition::Condition;
use domain::condition::dates::Anniversary;
use domain::condition::events::{Age, YEN};
use domain::condition::predicted::Bounds;
use domain::condition::rfm::Scores;
use domain::condition::values::ValueTest;
use domain::consent::Said;
use domain::customer::Value;
use domain::population::{Population, Purchases};
use domain::step::step;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::facts::{Facts, Happened, NAMES, PAGES, ZONES, inputs, minute, nobody};
use crate::definitions;

const DAY: i64 = 1440;

/// The oracle's answer.
#[expect(clippy::too_many_lines, reason = "an arm for each kind of condition")]
pub fn oracle(condition: &Condition, facts: &Facts, population: &Population, now: i64) -> bool {
    let ask = |part: &Condition| oracle(part, facts, population, now);
    match condition {
        Condition::All(parts) => parts.iter().all(ask),
        Condition::Any(parts) => parts.iter().any(ask),
        Condition::Not(part) => !ask(part),
        Condition::Event(test) if test.first.is_some() || test.last.is_some() => {
            let times: Vec<i64> = facts
                .events
                .iter()
                .filter(|it| {
                    NAMES[it.name] == test.name && it.minute <= now && passes(&test.filter, facts, it)
                })
                .map(|it| it.minute)
                .collect();
            aged(test.first, times.iter().min(), now) && aged(test.last, times.iter().max(), now)
        }
        Condition::Event(test) => {
            let window = (test.within_days, test.between, test.since.as_deref());
            let counted = counted(facts, (&test.name, &test.filter), window, now);
            let yen: i64 = counted.iter().map(|it| it.yen).sum();
            let number = match (&test.sum, &test.average) {
                (Some(_), _) => yen as f64,
                (None, Some(_)) if counted.is_empty() => return false,
                (None, Some(_)) => yen as f64 / counted.len() as f64,
                (None, None) => counted.len() as f64,
            };
            let unsaid = test.at_least.is_none() && test.at_most.is_none();
            number >= test.at_least.unwrap_or(if unsaid { 1.0 } else { 0.0 })
                && test.at_most.is_none_or(|most| number <= most)
        }
        Condition::NoEvent(test) => {
            let window = (test.for_days, test.between, test.since.as_deref());
            counted(facts, (&test.name, &test.filter), window, now).is_empty()
        }
        Condition::Trait(test) => valued(test, facts, now),
        Condition::InList(_) => facts.listed,
        Condition::Reachable(_) => facts.consent == Some(true),
        Condition::Consent(test) => {
            facts.consent
                == match test.is {
                    Said::Given => Some(true),
                    Said::Refused => Some(false),
                    Said::Nothing => None,
                    Said::Asked => return false,
                }
        }
        Condition::Rfm(test) => {
            let bought: Vec<&Happened> = purchases(facts, now);
            let (Some(quintiles), Some(last)) = (&population.rfm, bought.iter().map(|it| it.minute).max())
            else {
                return false;
            };
            let have = |wanted: Option<Scores>, boundaries: [i64; 4], value: i64, falls: bool| {
                let passed =
                    u8::try_from(boundaries.iter().filter(|boundary| value > **boundary).count()).unwrap();
                let score = if falls { 5 - passed } else { 1 + passed };
                wanted.is_none_or(|wanted| wanted.at_least <= score && score <= wanted.at_most)
            };
            have(test.recency, quintiles.recency, (now - last) * 60, true)
                && have(
                    test.frequency,
                    quintiles.frequency.map(i64::from),
                    i64::try_from(bought.len()).unwrap(),
                    false,
                )
                && have(
                    test.money,
                    quintiles.money.map(|yen| yen.0),
                    bought.iter().map(|it| it.yen).sum(),
                    false,
                )
        }
        Condition::Predicted(test) => {
            // The models have tests of their own: here it matters when their figures pass a bound.
            let past: Vec<Happened> = facts.events.iter().filter(|it| it.minute <= now).cloned().collect();
            let known = inputs(&Facts { events: past, ..facts.clone() });
            let customer = step(&nobody(), &known, minute(now), &definitions(&[])).customer;
            let Some(of) = Purchases::of(&customer, minute(now)) else { return false };
            let (purchases, value) =
                (population.purchases.as_ref().unwrap(), population.value.as_ref().unwrap());
            let days = f64::from(test.within_days.unwrap_or(0));
            let within = |bounds: Option<Bounds>, predicted: f64| {
                bounds.is_none_or(|it| {
                    it.at_least.is_none_or(|least| predicted >= least)
                        && it.below.is_none_or(|below| predicted < below)
                })
            };
            within(test.alive, purchases.alive(&of))
                && within(test.purchases, purchases.expected(&of, days))
                && within(test.yen, purchases.expected(&of, days) * value.mean_yen(&of))
        }
        Condition::InAudience(_)
        | Condition::InSegment(_)
        | Condition::Sent(_)
        | Condition::Delivered(_)
        | Condition::Clicked(_)
        | Condition::Responded(_)
        | Condition::ClickedLink(_)
        | Condition::Opened(_)
        | Condition::Replied(_)
        | Condition::RepliedWith(_)
        | Condition::Bounced(_)
        | Condition::Skipped(_)
        | Condition::SkippedBecause(_)
        | Condition::Entry(_)
        | Condition::Happened(_) => panic!("not generated"),
    }
}

fn purchases(facts: &Facts, now: i64) -> Vec<&Happened> {
    facts.events.iter().filter(|it| it.name == 0 && it.minute <= now).collect()
}

fn passes(filter: &[ValueTest], facts: &Facts, it: &Happened) -> bool {
    filter.iter().all(|test| match (test.name.as_str(), &test.is, test.exists) {
        ("due", ..) => it.due.is_some_and(|due| {
            let due = today(facts, due);
            test.after.is_none_or(|day| due > day.0) && test.before.is_none_or(|day| due < day.0)
        }),
        (YEN, ..) => it.yen as f64 >= test.at_least.unwrap(),
        (_, Some(wanted), _) => it.page.is_some_and(|page| *wanted == Value::Text(PAGES[page].to_owned())),
        (_, None, exists) => exists == Some(it.page.is_some()),
    })
}

type Window<'a> = (Option<u32>, Option<domain::condition::events::Period>, Option<&'a str>);

fn counted<'a>(
    facts: &'a Facts,
    (name, filter): (&str, &[ValueTest]),
    (days, between, since): Window<'_>,
    now: i64,
) -> Vec<&'a Happened> {
    let other = |name: &str| {
        facts.events.iter().filter(|it| NAMES[it.name] == name && it.minute <= now).map(|it| it.minute).max()
    };
    let in_window = |at: i64| {
        days.is_none_or(|days| now - at < i64::from(days) * DAY)
            && between.is_none_or(|period| (period.from.0..=period.until.0).contains(&today(facts, at)))
            && since.is_none_or(|since| other(since).is_some_and(|last| at > last))
    };
    let named = facts.events.iter().filter(|it| NAMES[it.name] == name && it.minute <= now);
    named.filter(|it| in_window(it.minute) && passes(filter, facts, it)).collect()
}

fn aged(age: Option<Age>, at: Option<&i64>, now: i64) -> bool {
    let Some(age) = age else { return true };
    at.is_some_and(|at| {
        age.within_days.is_none_or(|days| now - at < i64::from(days) * DAY)
            && age.at_least_days_ago.is_none_or(|days| now - at >= i64::from(days) * DAY)
    })
}

fn today(facts: &Facts, now: i64) -> Date {
    let zone = TimeZone::get(ZONES[facts.zone]).unwrap();
    zone.to_datetime(jiff::Timestamp::from_second(minute(now).seconds()).unwrap()).date()
}

fn valued(test: &ValueTest, facts: &Facts, now: i64) -> bool {
    match test.name.as_str() {
        "vip" => return facts.vip,
        "visits" => return facts.visits as f64 > test.above.unwrap(),
        _ => {}
    }
    let Some(born) = facts.born else { return test.exists == Some(false) };
    let today = today(facts, now);
    let passed = i64::from((today - born).get_days());
    test.exists != Some(false)
        && test.within_last_days.is_none_or(|days| (0..=i64::from(days)).contains(&passed))
        && test.within_next_days.is_none_or(|days| (-i64::from(days)..=0).contains(&passed))
        && test.at_least_days_ago.is_none_or(|days| passed >= i64::from(days))
        && match test.anniversary {
            None => true,
            Some(Anniversary::Today) => kept(born, today),
            Some(Anniversary::ThisMonth) => today.month() == born.month() && today.year() > born.year(),
            Some(Anniversary::WithinDays(days)) => {
                (0..=days).any(|days| kept(born, today + i64::from(days).days()))
            }
            Some(Anniversary::WithinLastDays(days)) => {
                (0..=days).any(|days| kept(born, today - i64::from(days).days()))
            }
        }
}

/// Whether an anniversary is kept on a day: 29 February on 28 February in other years.
fn kept(born: Date, day: Date) -> bool {
    let moved = born.month() == 2 && born.day() == 29 && !day.in_leap_year();
    day.year() > born.year()
        && day.month() == born.month()
        && day.day() == if moved { 28 } else { born.day() }
}
