//! When an enrollment begins.

use domain::event::EventId;
use domain::time::Timestamp;
use serde_json::Value as Json;

use super::facts::{Entry, Facts, named, passes};
use super::life::{PAGES, Told, event_id, instant};
use crate::plan::EVENTS;

/// An event that is told so many minutes late begins nothing.
const TOO_LATE: i64 = 1440;

/// What orders occasions of one minute: without an event first, then the earliest.
type By = Option<(Timestamp, EventId)>;

/// Looks at a minute, and returns the entry if the journey begins at it.
pub fn entry(facts: &mut Facts<'_>, journey: &Json, minute: i64) -> Option<Entry> {
    let enter = &journey["enter"];
    let was = (facts.fresh, facts.drifting);
    facts.now = minute;
    facts.look_at_segments();
    let moved = |segment: &Json, into: bool| {
        let (was, is) = if segment == "fresh" { (was.0, facts.fresh) } else { (was.1, facts.drifting) };
        !segment.is_null() && was != is && is == into
    };
    let mut occasions: Vec<(By, Entry)> = Vec::new();
    if moved(&enter["segment"], true) || moved(&enter["left_segment"], false) {
        occasions.push((None, Entry { entered: minute, by: None, event: None, key: None, page: None }));
    }
    let told = facts.life.told.iter().enumerate().filter(|(_, (at, _))| *at == minute);
    occasions.extend(told.filter_map(|(index, (_, told))| begins(enter, minute, index, told)));
    occasions.sort_by(|one, other| one.0.cmp(&other.0));
    let allowed = &journey["allowed"];
    let first = occasions.into_iter().next().map(|(_, entry)| entry);
    first.filter(|_| allowed.is_null() || facts.holds(allowed))
}

fn begins(enter: &Json, minute: i64, index: usize, told: &Told) -> Option<(By, Entry)> {
    match told {
        Told::Did { name, page, shift } if !enter["event"].is_null() => {
            let (wanted, filter) = named(&enter["event"]);
            let page = page.map(|page| PAGES[page]);
            let keyed = !enter["event"]["key"].is_null();
            let fits = EVENTS[*name] == wanted
                && filter.iter().all(|test| passes(test, page))
                && -shift <= TOO_LATE
                && (!keyed || page.is_some());
            let (entered, by, event) = (minute, Some(minute + shift), Some(index));
            let key = page.filter(|_| keyed).map(ToOwned::to_owned);
            fits.then(|| {
                (Some((instant(minute + shift), event_id(index))), Entry { entered, by, event, key, page })
            })
        }
        Told::Asked { key } => {
            let key = PAGES[*key];
            let by = Some((instant(minute), EventId::of(key)));
            let (entered, event, page) = (minute, None, None);
            Some((by, Entry { entered, by: Some(minute), event, key: Some(key.to_owned()), page }))
        }
        Told::Did { .. } | Told::Person { .. } | Told::OptOut(_) => None,
    }
}
