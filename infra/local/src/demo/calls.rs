//! The demonstration's history as the calls a shop would have made, in the form of Segment's HTTP tracking API.

use serde_json::{Value, json};

use super::people::{Person, person};
use super::purchases::{Purchase, PurchaseError, purchases};

/// Every customer's `identify`, followed by one `track` for each purchase in the order of time.
///
/// A purchase is at 00:00 Japan time of its date, and consent is given at the first one.
pub fn calls(seed: u64) -> Result<impl Iterator<Item = Value>, PurchaseError> {
    let all: Vec<Purchase> = purchases().collect::<Result<_, _>>()?;
    let mut known = String::new();
    Ok(all.into_iter().flat_map(move |purchase| {
        let first = purchase.customer != known;
        if first {
            known.clone_from(&purchase.customer);
        }
        first.then(|| identify(seed, &purchase)).into_iter().chain([track(&purchase)])
    }))
}

/// Who the customer is, at the instant of the given first purchase.
fn identify(seed: u64, first: &Purchase) -> Value {
    // The records number customers 00001 to 23570, so every one of them is a number.
    let Person { family, given, phone, email, birthday, prefecture, sms_consent, email_consent, .. } =
        person(seed, first.customer.parse().unwrap_or_default());
    json!({
        "type": "identify",
        "userId": first.customer,
        "messageId": format!("demo-identify-{}", first.customer),
        "timestamp": midnight(first),
        "traits": {
            "name": format!("{family} {given}"),
            "phone": phone,
            "email": email,
            "birthday": birthday.to_string(),
            "address": { "state": prefecture },
            "consents": {
                "sms": { "marketing": sms_consent.holds() },
                "email": { "marketing": email_consent.holds() },
            },
        },
    })
}

fn track(purchase: &Purchase) -> Value {
    let order = format!("{}-{}", purchase.customer, purchase.line);
    json!({
        "type": "track",
        "event": "Order Completed",
        "userId": purchase.customer,
        "messageId": format!("demo-order-{order}"),
        "timestamp": midnight(purchase),
        "properties": {
            "order_id": order,
            "total": purchase.yen(),
            "currency": "JPY",
            "products": [{ "quantity": purchase.discs }],
        },
    })
}

/// Japan has been at +09:00, without summer time, since 1952.
fn midnight(purchase: &Purchase) -> String {
    format!("{}T00:00:00+09:00", purchase.day)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_first_calls() {
        let first: Vec<Value> = calls(1).unwrap().take(3).collect();
        assert_eq!(first[0]["type"], "identify");
        assert_eq!(first[0]["userId"], "00001");
        assert_eq!(first[0]["timestamp"], "1997-01-01T00:00:00+09:00");
        assert_eq!(
            first[1],
            json!({
                "type": "track", "event": "Order Completed", "userId": "00001",
                "messageId": "demo-order-00001-2", "timestamp": "1997-01-01T00:00:00+09:00",
                "properties": {
                    "order_id": "00001-2", "total": 1412, "currency": "JPY", "products": [{ "quantity": 1 }]
                },
            })
        );
        assert_eq!(first[2]["userId"], "00002");
    }

    #[test]
    fn one_identify_a_customer_before_its_purchases_in_time_order() {
        let (mut people, mut orders, mut ids) = (0, 0, BTreeSet::new());
        let (mut user, mut at) = (Value::Null, String::new());
        for call in calls(1).unwrap() {
            let timestamp = call["timestamp"].as_str().unwrap().to_owned();
            if call["type"] == "identify" {
                people += 1;
                user = call["userId"].clone();
            } else {
                orders += 1;
                assert_eq!(call["userId"], user);
                assert!(at <= timestamp, "{call}");
            }
            at = timestamp;
            assert!(ids.insert(call["messageId"].as_str().unwrap().to_owned()), "{call}");
        }
        assert_eq!((people, orders), (23_570, 69_659));
    }
}
