//! Conditions that always or never hold: nobody means one, so it is a slip. Only what is not accepted yet is refused for it.

use super::Found;
use crate::condition::Condition;
use crate::condition::events::{Age, EventTest, NoEventTest};
use crate::condition::predicted::PredictedTest;
use crate::condition::values::ValueTest;
use crate::definition::EnterSource;
use crate::event::RECENT_LIMIT;
use crate::names::SegmentName;

/// The bounds of a number as they are written.
#[derive(Clone, Copy, Default)]
struct Bounds {
    at_least: Option<f64>,
    at_most: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
}

/// A bound, its name, and whether the number may be the bound itself.
type Bound = (f64, &'static str, bool);

impl Bounds {
    /// The tighter one of each side.
    fn tightest(self) -> (Option<Bound>, Option<Bound>) {
        let from =
            [self.at_least.map(|it| (it, "at_least", true)), self.above.map(|it| (it, "above", false))];
        let to = [self.at_most.map(|it| (it, "at_most", true)), self.below.map(|it| (it, "below", false))];
        let strict = |bound: &Bound| u8::from(!bound.2);
        (
            from.into_iter().flatten().max_by(|a, b| a.0.total_cmp(&b.0).then(strict(a).cmp(&strict(b)))),
            to.into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0).then(strict(b).cmp(&strict(a)))),
        )
    }

    fn check(self, path: &str, found: &mut Found<'_>) {
        let (Some((from, lower, at)), Some((to, upper, until))) = self.tightest() else { return };
        if from > to || (from >= to && !(at && until)) {
            let words = |name: &str| name.replace('_', " ");
            found.wrong(
                path,
                format!(
                    "nothing is {} {from} and {} {to}; lower `{lower}` or raise `{upper}`",
                    words(lower),
                    words(upper)
                ),
            );
        }
    }
}

pub(super) fn event(test: &EventTest, found: &mut Found<'_>) {
    named("event", &test.name, test.since.as_deref(), found);
    for (key, property) in [("sum", &test.sum), ("average", &test.average)] {
        if property.as_ref().is_some_and(|property| property.trim().is_empty()) {
            found.wrong(&format!("event.{key}"), "names no property; write `yen`, or the name of a property");
        }
    }
    let bounds = Bounds { at_least: test.at_least, at_most: test.at_most, ..Bounds::default() };
    bounds.check("event", found);
    filter(&test.filter, "event", found);
    ages(test.first, test.last, found);
    let counts = test.sum.is_none() && test.average.is_none() && test.first.is_none() && test.last.is_none();
    if !counts {
        return;
    }
    if test.at_least == Some(0.0) && test.at_most.is_none() {
        found.wrong(
            "event.at_least",
            "always holds: everything happened 0 times or more; count from 1, or ask with `no_event` for what did not happen",
        );
    }
    let windowed = test.within_days.is_some() || test.between.is_some() || test.since.is_some();
    if test.at_most.is_some_and(|most| most >= RECENT_LIMIT as f64) && (windowed || !test.filter.is_empty()) {
        found.wrong(
            "event.at_most",
            format!(
                "always holds: of an event the latest {RECENT_LIMIT} are kept one by one, and only those can be counted by \
                 window or `where`; `at_most` goes to {}",
                RECENT_LIMIT - 1
            ),
        );
    }
}

pub(super) fn no_event(test: &NoEventTest, found: &mut Found<'_>) {
    named("no_event", &test.name, test.since.as_deref(), found);
    filter(&test.filter, "no_event", found);
}

fn named(path: &str, name: &str, since: Option<&str>, found: &mut Found<'_>) {
    if name.trim().is_empty() {
        found.wrong(&format!("{path}.name"), "names no event; write its name, such as `Order Completed`");
    }
    let Some(since) = since else { return };
    if since.trim().is_empty() {
        found.wrong(&format!("{path}.since"), "names no event; write its name, or leave `since` out");
    } else if since == name {
        found.wrong(
            &format!("{path}.since"),
            format!(
                "nothing comes after its own last time; name an event other than `{name}`, or ask for days with `{}`",
                if path == "event" { "within_days" } else { "for_days" }
            ),
        );
    }
}

pub(super) fn filter(tests: &[ValueTest], path: &str, found: &mut Found<'_>) {
    for (index, test) in tests.iter().enumerate() {
        value(test, &format!("{path}.where[{index}]"), found);
    }
}

/// The first time is never later than the last, nor is either at two ages.
fn ages(first: Option<Age>, last: Option<Age>, found: &mut Found<'_>) {
    for (key, age) in [("first", first), ("last", last)] {
        if let Some(Age { within_days: Some(within), at_least_days_ago: Some(ago) }) = age
            && ago >= within
        {
            found.wrong(
                &format!("event.{key}"),
                format!("nothing is {ago} days ago or more and within {within} days; raise `within_days` or lower `at_least_days_ago`"),
            );
        }
    }
    let within = first.and_then(|age| age.within_days);
    let ago = last.and_then(|age| age.at_least_days_ago);
    if let (Some(within), Some(ago)) = (within, ago)
        && ago >= within
    {
        found.wrong(
            "event",
            format!(
                "what happened for the first time within {within} days did not happen for the last time {ago} days ago or \
                 more; raise `within_days` of `first` or lower `at_least_days_ago` of `last`"
            ),
        );
    }
}

pub(super) fn value(test: &ValueTest, path: &str, found: &mut Found<'_>) {
    let bounds =
        Bounds { at_least: test.at_least, at_most: test.at_most, above: test.above, below: test.below };
    bounds.check(path, found);
    for (key, part) in [("contains", &test.contains), ("starts_with", &test.starts_with)] {
        if part.as_ref().is_some_and(String::is_empty) {
            let what = "an empty text is in every text; write what is looked for, or ask with `exists: true`";
            found.wrong(&format!("{path}.{key}"), what);
        }
    }
    if let (Some(after), Some(before)) = (test.after, test.before)
        && after.0.tomorrow().map_or(true, |next| next >= before.0)
    {
        found.wrong(
            path,
            format!(
                "no day is after {after} and before {before}; neither day itself counts, so `before` is two days later \
                 than `after` at least"
            ),
        );
    }
    if let (Some(last), Some(ago)) = (test.within_last_days, test.at_least_days_ago)
        && ago > last
    {
        found.wrong(
            path,
            format!(
                "no day is within the last {last} days and {ago} days ago or more; raise `within_last_days` or lower \
                 `at_least_days_ago`"
            ),
        );
    }
    if let (Some(_), Some(ago)) = (test.within_next_days, test.at_least_days_ago.filter(|ago| *ago > 0)) {
        found.wrong(
            path,
            format!(
                "no day is ahead and {ago} days ago or more; keep one of `within_next_days` and `at_least_days_ago`"
            ),
        );
    }
    if !test.one_of.as_ref().is_some_and(Vec::is_empty) && !test.has_candidate() {
        found.wrong(
            path,
            if test.is.is_some() {
                "what is asked for with `is` fails another test beside it; keep one of them"
            } else {
                "everything named in `one_of` fails another test beside it; keep one of them"
            },
        );
    }
}

pub(super) fn predicted(test: &PredictedTest, found: &mut Found<'_>) {
    for (name, bounds) in [("alive", test.alive), ("purchases", test.purchases), ("yen", test.yen)] {
        if bounds.is_some_and(|bounds| bounds.below == Some(0.0)) {
            found.wrong(&format!("predicted.{name}.below"), "nothing is predicted below 0; raise it");
        }
    }
}

/// What is said of an exit that holds from the beginning.
pub(super) const AT_ONCE: &str = "it would end at once for everybody";

/// Whether everybody who begins the journey meets its exit, and what would be right.
pub(super) fn ends_at_once(exit: &Condition, enter: &EnterSource) -> Option<String> {
    let (segment, member) = match enter {
        EnterSource::Segment(segment) => (segment, true),
        EnterSource::LeftSegment(segment) => (segment, false),
        EnterSource::Campaign(campaign) => (&campaign.segment, true),
        EnterSource::Event(_)
        | EnterSource::Birthday(_)
        | EnterSource::Date(_)
        | EnterSource::Anniversary(_)
        | EnterSource::Schedule(_)
        | EnterSource::Request => return None,
    };
    let (are, exit_of) = if member {
        ("in", format!("{{ not: {{ in_segment: {segment} }} }}"))
    } else {
        ("outside of", format!("{{ in_segment: {segment} }}"))
    };
    is_so(exit, segment, member).then(|| {
        format!("{AT_ONCE}, for they are {are} `{segment}` when it begins; write `exit: {exit_of}`, or leave `exit` out")
    })
}

/// Whether a condition holds of all who are, or are not, in a segment, for this alone.
fn is_so(condition: &Condition, segment: &SegmentName, member: bool) -> bool {
    match condition {
        Condition::InSegment(asked) => member && asked == segment,
        Condition::Not(inner) => {
            matches!(&**inner, Condition::InSegment(asked) if !member && asked == segment)
        }
        Condition::Any(parts) => parts.iter().any(|part| is_so(part, segment, member)),
        Condition::All(parts) => !parts.is_empty() && parts.iter().all(|part| is_so(part, segment, member)),
        Condition::Event(_)
        | Condition::NoEvent(_)
        | Condition::Trait(_)
        | Condition::InAudience(_)
        | Condition::InList(_)
        | Condition::Reachable(_)
        | Condition::Consent(_)
        | Condition::Rfm(_)
        | Condition::Predicted(_)
        | Condition::Entry(_)
        | Condition::Happened(_)
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
        | Condition::SkippedBecause(_) => false,
    }
}
