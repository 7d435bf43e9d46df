//! Names in definitions that no customer has: of events and traits nobody says which there are, so a slip of the pen is no
//! mistake, and finds nobody.

use std::collections::BTreeSet;

use domain::condition::Condition;
use domain::condition::events::{EventTest, NoEventTest};
use domain::definitions::{Definitions, Kind};
use domain::event::ORDER_COMPLETED;
use domain::names::{JourneyName, SegmentName};
use domain::spelling::nearest;

use super::Applied;
use super::plan::Plan;

/// Names that a definition asks for.
#[derive(Debug, Default)]
struct Asked<'d> {
    events: BTreeSet<&'d str>,
    traits: BTreeSet<&'d str>,
}

impl<'d> Asked<'d> {
    fn by(definitions: &'d Definitions, of: &Applied) -> Self {
        let mut asked = Self::default();
        match of.kind {
            Kind::Segment => {
                let name = SegmentName::parse(&of.name).ok();
                let segment = name.and_then(|name| definitions.segments.get(&name));
                if let Some(segment) = segment {
                    asked.condition(&segment.when);
                }
            }
            Kind::Journey => {
                let name = JourneyName::parse(&of.name).ok();
                let journey = name.and_then(|name| definitions.current(&name));
                if let Some((_, journey)) = journey {
                    journey.conditions().for_each(|condition| asked.condition(condition));
                    asked.events.extend(journey.events().map(|event| event.name.as_str()));
                    asked.traits.extend(journey.dates());
                    let told = journey.webhooks().flat_map(|(_, webhook)| &webhook.traits);
                    asked.traits.extend(told.map(String::as_str));
                    asked.traits.extend(journey.spoken_traits());
                }
            }
            Kind::Shop | Kind::List | Kind::Providers | Kind::Switch | Kind::Population => {}
        }
        asked
    }

    fn condition(&mut self, condition: &'d Condition) {
        condition.walk(&mut |part| {
            if let Condition::Trait(test) = part {
                self.traits.insert(&test.name);
            } else if let Condition::Event(EventTest { name, since, .. })
            | Condition::NoEvent(NoEventTest { name, since, .. }) = part
            {
                self.events.extend([name.as_str()].into_iter().chain(since.as_deref()));
            } else if let Condition::Happened(event) = part {
                self.events.insert(&event.name);
            }
        });
    }
}

/// What to say of names in definitions that no customer has.
pub fn unknown(definitions: &Definitions, applied: &[Applied], plan: &Plan) -> Vec<String> {
    let names = &plan.names;
    if plan.customers == 0 || names.more {
        return Vec::new();
    }
    let mut told = Vec::new();
    for of in applied {
        let asked = Asked::by(definitions, of);
        let mut tell = |what: &str, name: &str, near: Option<&str>| {
            let meant = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            told.push(format!("{} {}: no customer has {what} `{name}`{meant}", of.kind.name(), of.name));
        };
        let events = names.events.keys().map(String::as_str).chain([ORDER_COMPLETED]);
        for name in asked.events.iter().filter(|name| !names.events.contains_key(**name)) {
            tell("an event", name, nearest(name, events.clone()).filter(|near| near != name));
        }
        for name in asked.traits.iter().filter(|name| !names.traits.contains_key(**name)) {
            let known = || names.traits.keys().map(String::as_str);
            // Parts of an address are kept as `address_city`.
            let part =
                || known().find(|known| known.strip_suffix(*name).is_some_and(|rest| rest.ends_with('_')));
            tell("a trait", name, nearest(name, known()).or_else(part));
        }
    }
    told
}
