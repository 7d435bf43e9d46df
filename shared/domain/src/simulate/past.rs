//! A customer as one would have known them earlier.

use crate::customer::Customer;
use crate::event::{Event, History};
use crate::money::Yen;
use crate::time::Timestamp;

/// The customer as known at an instant, without what journeys did; and what happened later, in its order. Traits, consents
/// and audiences are as they are: what they said before is not kept.
pub fn as_of(customer: &Customer, at: Timestamp) -> (Customer, Vec<Event>) {
    let mut known = Customer::new(customer.id.clone());
    known.traits.clone_from(&customer.traits);
    known.consents.clone_from(&customer.consents);
    (known.unconfirmed, known.confirmed) = (customer.unconfirmed, customer.confirmed.clone());
    known.audiences.clone_from(&customer.audiences);
    let mut later = Vec::new();
    for (name, history) in &customer.events {
        let (before, after) = history.recent.split_at(history.recent.partition_point(|kept| kept.0 <= at));
        later.extend(after.iter().map(|kept| Event {
            id: kept.1.clone(),
            name: name.clone(),
            at: kept.0,
            yen: kept.2,
            properties: kept.3.clone(),
        }));
        let gone = u32::try_from(after.len()).unwrap_or(u32::MAX);
        if history.count > gone {
            let spent: Yen = after.iter().map(|kept| kept.2).sum();
            let history = History {
                count: history.count - gone,
                total: Yen(history.total.0.saturating_sub(spent.0)),
                first: history.first,
                recent: before.to_vec(),
                folded: history.folded,
                bare: history.bare.clone(),
            };
            known.events.insert(name.clone(), history);
        }
    }
    later.sort_by_key(|event| event.at);
    (known, later)
}
