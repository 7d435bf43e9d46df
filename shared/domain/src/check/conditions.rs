//! What conditions may ask, and within which bounds.

mod vain;

use crate::condition::events::{Age, EventTest, NoEventTest, Period};
use crate::condition::messages::ReplyTest;
use crate::condition::predicted::PredictedTest;
use crate::condition::rfm::RfmTest;
use crate::condition::values::ValueTest;
use crate::condition::{Condition, dates};
use crate::definition::{EnterSource, Mistake};
use crate::event::RECENT_LIMIT;
use crate::message::reply_word;

/// The most days that a condition may look back or ahead: a hundred years.
const DAYS_LIMIT: u32 = 36_525;

/// Checks what a condition of a segment asks; messages belong to journeys.
pub fn segment(condition: &Condition) -> Vec<Mistake> {
    let mut mistakes = asks_no_message(condition, "when", "a segment");
    mistakes.extend(vain(condition, "when"));
    mistakes
}

/// What always or never holds in a condition and those within it. What was accepted before it was refused still reads.
pub(super) fn vain(condition: &Condition, place: &str) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    placed(condition, place, &mut |part, place| {
        let mut found = Found { place, mistakes: Vec::new() };
        match part {
            Condition::Event(test) => vain::event(test, &mut found),
            Condition::NoEvent(test) => vain::no_event(test, &mut found),
            Condition::Trait(test) => vain::value(test, "trait", &mut found),
            Condition::Predicted(test) => vain::predicted(test, &mut found),
            Condition::Entry(test) => vain::value(test, "entry", &mut found),
            Condition::Happened(event) => vain::filter(&event.filter, "happened", &mut found),
            Condition::All(_)
            | Condition::Any(_)
            | Condition::Not(_)
            | Condition::InAudience(_)
            | Condition::InSegment(_)
            | Condition::InList(_)
            | Condition::Reachable(_)
            | Condition::Consent(_)
            | Condition::Rfm(_)
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
            | Condition::SkippedBecause(_) => {}
        }
        mistakes.extend(found.mistakes);
    });
    mistakes
}

/// An exit that holds for whoever begins the journey.
pub(super) fn ends_at_once(exit: &Condition, enter: &EnterSource) -> Option<Mistake> {
    let what = vain::ends_at_once(exit, enter)?;
    Some(Mistake { place: "exit".to_owned(), what })
}

/// What else than the place of a mistake in a condition it may come from, as a path.
pub(super) fn follows_from(mistake: &Mistake) -> Option<&'static str> {
    mistake.what.starts_with(vain::AT_ONCE).then_some("enter")
}

/// Filters of an event that nothing passes.
pub(super) fn vain_filter(tests: &[ValueTest], place: &str) -> Vec<Mistake> {
    filtered(tests, place, vain::filter)
}

/// Refuses a condition that asks about messages where none can have been sent.
pub(super) fn asks_no_message(condition: &Condition, place: &str, who: &str) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    placed(condition, place, &mut |part, place| {
        if let Some(step) = part.step() {
            let what = format!(
                "{who} does not know the step `{step}`; messages can be asked about by the steps after it and by `exit`"
            );
            mistakes.push(Mistake { place: place.to_owned(), what });
        } else if matches!(part, Condition::Entry(_) | Condition::Happened(_)) {
            let what =
                format!("{who} has not begun; `entry` and `happened` can be asked by steps and by `exit`");
            mistakes.push(Mistake { place: place.to_owned(), what });
        } else {
            mistakes.extend(bounds(part, place));
        }
    });
    mistakes
}

/// Calls `look` on a condition and every one within it, each with its place.
pub(super) fn placed(condition: &Condition, place: &str, look: &mut impl FnMut(&Condition, &str)) {
    look(condition, place);
    for (path, part) in condition.within() {
        placed(part, &format!("{place}.{path}"), look);
    }
}

/// What is out of range in one condition, those within it aside.
pub(super) fn bounds(condition: &Condition, place: &str) -> Vec<Mistake> {
    let mut found = Found { place, mistakes: Vec::new() };
    match condition {
        Condition::Event(test) => event(test, &mut found),
        Condition::NoEvent(test) => no_event(test, &mut found),
        Condition::Trait(test) => value(test, "trait", &mut found),
        Condition::Rfm(test) => rfm(test, &mut found),
        Condition::Predicted(test) => predicted(test, &mut found),
        Condition::All(parts) if parts.is_empty() => found.empty("all"),
        Condition::Any(parts) if parts.is_empty() => found.empty("any"),
        Condition::Entry(test) => value(test, "entry", &mut found),
        Condition::Happened(event) => {
            if event.name.is_empty() {
                found.wrong("happened", "the name is empty; name an event such as `Order Completed`");
            }
            filter(&event.filter, "happened", &mut found);
        }
        Condition::RepliedWith(test) => reply(test, &mut found),
        Condition::All(_)
        | Condition::Any(_)
        | Condition::Not(_)
        | Condition::InAudience(_)
        | Condition::InSegment(_)
        | Condition::InList(_)
        | Condition::Reachable(_)
        | Condition::Consent(_)
        | Condition::Sent(_)
        | Condition::Delivered(_)
        | Condition::Clicked(_)
        | Condition::Responded(_)
        | Condition::ClickedLink(_)
        | Condition::Opened(_)
        | Condition::Replied(_)
        | Condition::Bounced(_)
        | Condition::Skipped(_)
        | Condition::SkippedBecause(_) => {}
    }
    found.mistakes
}

struct Found<'a> {
    place: &'a str,
    mistakes: Vec<Mistake>,
}

impl Found<'_> {
    fn wrong(&mut self, path: &str, what: impl Into<String>) {
        let place = if self.place.is_empty() { path.to_owned() } else { format!("{}.{path}", self.place) };
        self.mistakes.push(Mistake { place, what: what.into() });
    }

    fn empty(&mut self, list: &str) {
        self.wrong(list, "an empty list of conditions; name at least one");
    }

    fn days(&mut self, path: &str, days: Option<u32>, least: u32) {
        if days.is_some_and(|days| days < least || days > DAYS_LIMIT) {
            self.wrong(path, format!("goes from {least} to {DAYS_LIMIT} days"));
        }
    }

    fn one_of(&mut self, path: &str, given: &[(&str, bool)]) {
        let names: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        if names.len() > 1 {
            self.wrong(path, format!("{} exclude each other; keep one", names.join(" and ")));
        }
    }

    fn comparable<const N: usize>(&mut self, path: &str, bounds: [Option<f64>; N]) {
        let mut numbers = bounds.into_iter().flatten();
        if numbers.any(|number| !number.is_finite() || number.abs() > 1e15) {
            self.wrong(path, "not a number that can be compared; at most 1,000,000,000,000,000");
        }
    }
}

fn event(test: &EventTest, found: &mut Found<'_>) {
    let window = [
        ("`within_days`", test.within_days.is_some()),
        ("`between`", test.between.is_some()),
        ("`since`", test.since.is_some()),
    ];
    found.one_of("event", &window);
    let ages = test.first.is_some() || test.last.is_some();
    found.one_of(
        "event",
        &[("`sum`", test.sum.is_some()), ("`average`", test.average.is_some()), ("`first` or `last`", ages)],
    );
    found.days("event.within_days", test.within_days, 1);
    period(test.between, "event.between", found);
    filter(&test.filter, "event", found);
    found.comparable("event", [test.at_least, test.at_most]);
    let bounded = test.at_least.is_some() || test.at_most.is_some();
    if ages {
        if bounded || window.iter().any(|(_, given)| *given) {
            found.wrong(
                "event",
                "`first` and `last` ask when it happened; `at_least`, `at_most` and windows belong to a condition of their own",
            );
        }
        age(test.first, "event.first", found);
        age(test.last, "event.last", found);
    } else if (test.sum.is_some() || test.average.is_some()) && !bounded {
        found.wrong("event", "say how much: `at_least` or `at_most`");
    }
    let counts = test.sum.is_none() && test.average.is_none() && !ages;
    let windowed = window.iter().any(|(_, given)| *given) || !test.filter.is_empty();
    for (name, bound) in [("at_least", test.at_least), ("at_most", test.at_most)] {
        if let Some(bound) = bound.filter(|bound| counts && (bound.fract() != 0.0 || *bound < 0.0)) {
            found.wrong(&format!("event.{name}"), format!("`{bound}` times; write a whole number from 0"));
        } else if name == "at_least"
            && bound.is_some_and(|bound| counts && windowed && bound > RECENT_LIMIT as f64)
        {
            found.wrong(
                &format!("event.{name}"),
                format!(
                    "at most {RECENT_LIMIT} are kept one by one, and only those can be counted by window or `where`; \
                     `at_least` goes to {RECENT_LIMIT}"
                ),
            );
        }
    }
}

fn no_event(test: &NoEventTest, found: &mut Found<'_>) {
    found.one_of(
        "no_event",
        &[
            ("`for_days`", test.for_days.is_some()),
            ("`between`", test.between.is_some()),
            ("`since`", test.since.is_some()),
        ],
    );
    found.days("no_event.for_days", test.for_days, 1);
    period(test.between, "no_event.between", found);
    filter(&test.filter, "no_event", found);
}

fn period(period: Option<Period>, path: &str, found: &mut Found<'_>) {
    if let Some(Period { from, until }) = period
        && from > until
    {
        found.wrong(path, format!("{from} is later than {until}; `from` is the first day, `until` the last"));
    }
}

fn age(age: Option<Age>, path: &str, found: &mut Found<'_>) {
    let Some(Age { within_days, at_least_days_ago }) = age else { return };
    found.days(&format!("{path}.within_days"), within_days, 1);
    found.days(&format!("{path}.at_least_days_ago"), at_least_days_ago, 1);
    if within_days.is_none() && at_least_days_ago.is_none() {
        found.wrong(path, "say when: `within_days` or `at_least_days_ago`");
    }
}

fn filter(tests: &[ValueTest], path: &str, found: &mut Found<'_>) {
    for (index, test) in tests.iter().enumerate() {
        let path = format!("{path}.where[{index}]");
        value(test, &path, found);
        if test.asks_calendar() {
            found.wrong(&path, "a property of an event does not change with the calendar; compare it with `before` and `after`");
        }
    }
}

/// Checks the filter of an event that a journey means.
pub(super) fn event_filter(tests: &[ValueTest], place: &str) -> Vec<Mistake> {
    filtered(tests, place, filter)
}

/// What a check finds in a filter of which the path alone is known.
fn filtered(tests: &[ValueTest], place: &str, check: fn(&[ValueTest], &str, &mut Found<'_>)) -> Vec<Mistake> {
    let (holder, path) = place.rsplit_once('.').unwrap_or(("", place));
    let mut found = Found { place: holder, mistakes: Vec::new() };
    check(tests, path, &mut found);
    found.mistakes
}

fn reply(test: &ReplyTest, found: &mut Found<'_>) {
    if test.one_of.is_empty() {
        found.wrong("replied_with.one_of", "an empty list; name at least one word");
    }
    for (index, word) in test.one_of.iter().enumerate() {
        if reply_word(word).is_none() {
            let place = format!("replied_with.one_of[{index}]");
            found.wrong(&place, "a word to reply with has 1 to 20 characters");
        }
    }
}

fn value(test: &ValueTest, path: &str, found: &mut Found<'_>) {
    if test.name.is_empty() {
        found.wrong(path, "`name` is empty; name a trait or property");
    }
    if test.one_of.as_ref().is_some_and(Vec::is_empty) {
        found.wrong(&format!("{path}.one_of"), "an empty list; name at least one value");
    }
    for (name, days) in [
        ("within_last_days", test.within_last_days),
        ("within_next_days", test.within_next_days),
        ("at_least_days_ago", test.at_least_days_ago),
    ] {
        found.days(&format!("{path}.{name}"), days, 0);
    }
    let anniversary = test.anniversary.and_then(|anniversary| match anniversary {
        dates::Anniversary::WithinDays(days) => Some(("within_days", days)),
        dates::Anniversary::WithinLastDays(days) => Some(("within_last_days", days)),
        dates::Anniversary::Today | dates::Anniversary::ThisMonth => None,
    });
    if let Some((name, _)) = anniversary.filter(|(_, days)| *days > dates::ANNIVERSARY_DAYS) {
        found.wrong(&format!("{path}.anniversary"), format!("`{name}` goes to {}", dates::ANNIVERSARY_DAYS));
    }
    found.comparable(path, [test.at_least, test.at_most, test.above, test.below]);
    let asks = ValueTest { name: test.name.clone(), exists: Some(false), ..ValueTest::default() };
    if test.exists == Some(false) && *test != asks {
        found.wrong(path, "`exists: false` and another test exclude each other; keep one");
    }
}

fn rfm(test: &RfmTest, found: &mut Found<'_>) {
    let scores = [("recency", test.recency), ("frequency", test.frequency), ("money", test.money)];
    if scores.iter().all(|(_, scores)| scores.is_none()) {
        found.wrong("rfm", "name at least one of `recency`, `frequency` and `money`");
    }
    for (name, scores) in scores {
        if scores.is_some_and(|it| it.at_least < 1 || it.at_most > 5 || it.at_least > it.at_most) {
            found.wrong(&format!("rfm.{name}"), "scores go from 1 to 5, `at_least` not above `at_most`");
        }
    }
}

fn predicted(test: &PredictedTest, found: &mut Found<'_>) {
    let asked = [("alive", test.alive), ("purchases", test.purchases), ("yen", test.yen)];
    if asked.iter().all(|(_, bounds)| bounds.is_none()) {
        found.wrong("predicted", "name at least one of `alive`, `purchases` and `yen`");
    }
    for (name, bounds) in asked {
        let path = format!("predicted.{name}");
        let Some(bounds) = bounds else { continue };
        let given: Vec<f64> = bounds.at_least.into_iter().chain(bounds.below).collect();
        let most = if name == "alive" { 1.0 } else { 1e15 };
        if given.is_empty() {
            found.wrong(&path, "say how much: `at_least` or `below`");
        } else if given.iter().any(|bound| !(0.0..=most).contains(bound)) {
            found
                .wrong(&path, if name == "alive" { "a probability goes from 0 to 1" } else { "goes from 0" });
        } else if let (Some(least), Some(below)) = (bounds.at_least, bounds.below)
            && least >= below
        {
            found.wrong(&path, format!("nothing is at least {least} and below {below}"));
        }
    }
    let horizon = test.purchases.is_some() || test.yen.is_some();
    if horizon && test.within_days.is_none() {
        found.wrong("predicted", "`purchases` and `yen` need `within_days`: the days ahead that are meant");
    }
    found.days("predicted.within_days", test.within_days, 1);
}
