use std::collections::BTreeMap;

use cloud::inbox::Inbox;
use domain::consent::{ConsentSaid, Proof, Purpose, Source};
use domain::contact::Channel;
use domain::customer::Value as Trait;
use domain::event::{Event, EventId};
use domain::money::Yen;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// 2026-11-22T00:00:00Z
const NOW: Timestamp = Timestamp::from_seconds(1_795_305_600);

fn input(item: &Value) -> Input {
    let (customer, input) = parse(item, NOW).unwrap_or_else(|rejection| panic!("{rejection:?}: {item}"));
    assert_eq!(customer.as_str(), "c1");
    input
}

fn identified(traits: &Value) -> (BTreeMap<String, Trait>, Vec<ConsentSaid>) {
    let read = input(&json!({ "type": "identify", "userId": "c1", "traits": traits }));
    let Input::Identify { traits, consents, at: NOW } = read else { panic!("{read:?}") };
    (traits, consents)
}

fn tracked(item: &Value) -> Event {
    tracked_at(item, NOW)
}

fn tracked_at(item: &Value, now: Timestamp) -> Event {
    match parse(item, now) {
        Ok((_, Input::Track { event })) => event,
        read => panic!("{read:?}"),
    }
}

fn order(properties: &Value) -> Event {
    let item =
        json!({ "type": "track", "userId": "c1", "event": "Order Completed", "properties": properties });
    tracked(&item)
}

#[test]
fn properties_that_conditions_can_ask_about() {
    let event = order(&json!({
        "order_id": "1", "total": 3000, "currency": "JPY", "coupon": "SPRING", "gift": true, "points": 30, "rate": 0.1,
        "none": null, "tags": ["a", "b"], "empty": [], "shipping": { "method": "post", "deep": { "er": 1 } },
        "products": [{ "name": "靴", "category": "shoes", "quantity": 1 }, { "name": "帽子", "category": "hats" }],
        "one": [{ "sku": 7 }], "zz": "x".repeat(2_000),
    }));
    assert_eq!(event.yen, Yen(3_000));
    insta::assert_snapshot!(serde_json::to_string(&event.properties).unwrap(), @r#"{"coupon":"SPRING","gift":true,"one.sku":["7"],"order_id":"1","points":30,"products.category":["hats","shoes"],"products.name":["帽子","靴"],"products.quantity":["1"],"rate":0.1,"shipping.method":"post","tags":["a","b"]}"#);
}

fn said(item: &Value) -> String {
    let Rejection { field, error } = parse(item, NOW).expect_err(&item.to_string());
    format!("{field}: {error}")
}

#[test]
fn mistakes_in_what_is_common_to_all_calls() {
    let call = |key: &str, value: Value| {
        let mut item = json!({ "type": "track", "userId": "c1", "event": "Viewed" });
        item[key] = value;
        item
    };
    let cases = [
        (json!(7), ": a number; a call is an object such as {\"type\": \"track\", …}"),
        (call("context", json!("x".repeat(40_000))), ": a call of 40060 bytes; at most 32768"),
        (
            call("context", json!("\u{ffff}")),
            ": holds U+FFFE or U+FFFF, which are no characters; take them out",
        ),
        (call("user_id", json!("c1")), "user_id: unknown; did you mean `userId`?"),
        (call("propertys", json!({})), "propertys: unknown; did you mean `properties`?"),
        (json!({}), "type: missing; write \"identify\", \"track\", \"enroll\" or \"remove\""),
        (call("type", json!(1)), "type: a number; write \"identify\", \"track\", \"enroll\" or \"remove\""),
        (
            call("type", json!("page")),
            "type: `page` calls are not taken; identify, track, enroll and remove are",
        ),
        (
            call("type", json!("alias")),
            "type: `alias` calls are not taken; identify, track, enroll and remove are",
        ),
        (call("type", json!("Track")), "type: unknown; did you mean `track`?"),
        (call("type", json!("order")), "type: unknown; known are identify, track, enroll, remove"),
        (call("userId", json!(1)), "userId: a number; write a text, in quotation marks"),
        (
            call("userId", Value::Null),
            "userId: missing; write the shop's own id of the customer (`anonymousId` alone leads to nobody)",
        ),
        (
            call("userId", json!("")),
            "userId: an id of 0 characters; use 1 to 128 characters without control characters",
        ),
        (call("messageId", json!(1)), "messageId: a number; write a text, in quotation marks"),
        (call("messageId", json!("m".repeat(257))), "messageId: a text of 257 characters; write at most 256"),
        (
            call("timestamp", json!(1_795_305_600)),
            "timestamp: a number; write a text such as \"2026-11-22T09:00:00+09:00\"",
        ),
        (
            call("timestamp", json!("2026-11-22")),
            "timestamp: not an instant; write it as 2026-11-22T09:00:00+09:00 or 2026-11-22T00:00:00Z",
        ),
        (
            call("timestamp", json!("1970-01-01T00:00:00Z")),
            "timestamp: 1970-01-01T00:00:00Z: looks like an empty date; write an instant from 1990-01-01T00:00:00Z on, \
             or leave it out",
        ),
        (
            call("originalTimestamp", json!("2026-11-23T00:00:01Z")),
            "originalTimestamp: 2026-11-23T00:00:01Z: more than 24 hours ahead of our clock (2026-11-22T00:00:00Z); \
             check the sender's clock and zone",
        ),
        (call("traits", json!({})), "traits: belongs to a call of type `identify`; send one for it"),
    ];
    for (item, expected) in cases {
        assert_eq!(said(&item), expected);
    }
}

#[test]
fn mistakes_in_traits() {
    let objects = "an object; write a text, a number, true or false, a list of texts, or null";
    let many: Map<String, Value> = (0..51).map(|n| (format!("t{n}"), json!(n))).collect();
    let cases = [
        (json!([]), "traits: a list; write an object".to_owned()),
        (Value::Object(many), "traits: 51 traits; at most 50 a call".to_owned()),
        (
            json!({ "k".repeat(41): 1 }),
            "traits: a trait's name of 41 characters; write 1 to 40, without control characters".to_owned(),
        ),
        (json!({ "note": "n".repeat(1_001) }), "traits.note: a text of 1001 characters; write at most 1000".to_owned()),
        (json!({ "company": {} }), format!("traits.company: {objects}")),
        (json!({ "tags": ["a", 1] }), "traits.tags[1]: a number; write a text, in quotation marks".to_owned()),
        (json!({ "tags": vec!["a"; 101] }), "traits.tags: a list of 101; at most 100 texts".to_owned()),
        (json!({ "name": 1 }), "traits.name: a number; write a text, in quotation marks".to_owned()),
        (json!({ "phone": 9_012_345_678_i64 }), "traits.phone: a number; write a text, in quotation marks".to_owned()),
        (
            json!({ "phone": "090-12" }),
            "traits.phone: not a phone number; write it as 090-1234-5678 or +819012345678".to_owned(),
        ),
        (
            json!({ "phone": "03-1234-5678" }),
            "traits.phone: not a mobile number; SMS needs 060, 070, 080 or 090, or a mobile number with its country code"
                .to_owned(),
        ),
        (
            json!({ "email": "hana" }),
            "traits.email: not an e-mail address; write it as name@example.jp".to_owned(),
        ),
        (
            json!({ "line_id": "@hanako" }),
            "traits.line_id: not a LINE user id; it is U and 32 digits or letters a to f, as the webhook of your official \
             account has it, and not the LINE ID that people tell each other"
                .to_owned(),
        ),
        (json!({ "birthday": "1990/04/01" }), "traits.birthday: not a date; write it as 1990-04-01".to_owned()),
        (json!({ "birthday": "1990-02-30" }), "traits.birthday: not a date; write it as 1990-04-01".to_owned()),
        (
            json!({ "birthday": "2026-11-23" }),
            "traits.birthday: not between 1900-01-01 and today; leave it out when it is not known".to_owned(),
        ),
        (json!({ "time_zone": "JST" }), "traits.time_zone: not a time zone; write it as Asia/Tokyo".to_owned()),
        (
            json!({ "address": "東京都" }),
            "traits.address: a text; write an object such as {\"state\": \"東京都\"}".to_owned(),
        ),
        (
            json!({ "address": { "postal_code": "1" } }),
            "traits.address.postal_code: unknown; did you mean `postalCode`?".to_owned(),
        ),
        (json!({ "consents": true }), "traits.consents: true or false; write an object such as {\"sms\": {\"marketing\": true}}".to_owned()),
        (json!({ "consents": { "sms": true } }), "traits.consents.sms: true or false; write an object such as {\"marketing\": true}".to_owned()),
        (
            json!({ "consents": { "E-mail": {} } }),
            "traits.consents.E-mail: unknown; did you mean `email`?".to_owned(),
        ),
        (
            json!({ "consents": { "fax": {} } }),
            "traits.consents.fax: unknown; known are sms, email, line".to_owned(),
        ),
        (
            json!({ "consents": { "sms": { "marketting": true } } }),
            "traits.consents.sms.marketting: unknown; did you mean `marketing`?".to_owned(),
        ),
        (
            json!({ "consents": { "sms": { "marketing": "yes" } } }),
            "traits.consents.sms.marketing: a text; write true or false, or an object such as {\"given\": true, \"source\": \"form\", \"wording\": \"…\", \"evidence\": \"https://…\"}".to_owned(),
        ),
        (
            json!({ "consents": { "sms": { "marketing": {} } } }),
            "traits.consents.sms.marketing.given: missing; write true or false".to_owned(),
        ),
        (
            json!({ "consents": { "sms": { "marketing": { "given": 1 } } } }),
            "traits.consents.sms.marketing.given: a number; write true or false".to_owned(),
        ),
        (
            json!({ "consents": { "sms": { "marketing": { "given": true, "proof": "" } } } }),
            "traits.consents.sms.marketing.proof: unknown; known are given, wording, source, evidence".to_owned(),
        ),
        (
            json!({ "consents": { "sms": { "marketing": { "given": true, "source": "from" } } } }),
            "traits.consents.sms.marketing.source: unknown; did you mean `form`?".to_owned(),
        ),
        (
            json!({ "consents": { "sms": { "marketing": { "given": true, "wording": "あ".repeat(1_001) } } } }),
            "traits.consents.sms.marketing.wording: a text of 1001 characters; write at most 1000".to_owned(),
        ),
        (
            json!({ "consents": { "sms": { "marketing": { "given": true, "evidence": "x".repeat(501) } } } }),
            "traits.consents.sms.marketing.evidence: a text of 501 characters; write at most 500".to_owned(),
        ),
        (
            json!({ "consents": { "email": { "marketing": { "given": true, "source": "double_opt_in" } } } }),
            "traits.consents.email.marketing.evidence: missing; say when and how the address was confirmed, or leave `source` out".to_owned(),
        ),
    ];
    for (traits, expected) in cases {
        assert_eq!(said(&json!({ "type": "identify", "userId": "c1", "traits": traits })), expected);
    }
}

#[test]
fn mistakes_in_events() {
    let event = |event: Value, properties: Value| {
        said(&json!({ "type": "track", "userId": "c1", "event": event, "properties": properties }))
    };
    assert_eq!(
        said(&json!({ "type": "track", "userId": "c1" })),
        "event: missing; write what was done, such as \"Order Completed\""
    );
    assert_eq!(event(json!(1), json!({})), "event: a number; write a text, in quotation marks");
    assert_eq!(
        event(json!(""), json!({})),
        "event: an empty text; write 1 to 100 characters, or leave it out"
    );
    assert_eq!(
        event(json!("e".repeat(101)), json!({})),
        "event: a text of 101 characters; write at most 100"
    );
    assert_eq!(event(json!("a\nb"), json!({})), "event: holds control characters; write one line of text");
    assert_eq!(event(json!("Viewed"), json!([])), "properties: a list; write an object");
    let cases = [
        (json!({ "total": "1980" }), "total: a text; write a number in whole yen, such as 1980"),
        (json!({ "total": 19.8 }), "total: a fraction; write whole yen, such as 1980"),
        (json!({ "revenue": -1 }), "revenue: negative; write 0 or more, in whole yen"),
        (
            json!({ "value": 1_000_000_000_001_i64 }),
            "value: more than 1,000,000,000,000; write the amount in whole yen",
        ),
        (json!({ "total": 1, "currency": "USD" }), "currency: not \"JPY\"; amounts are taken in yen only"),
        (json!({ "order_id": 1.5 }), "order_id: a fraction; write a text or a whole number"),
        (json!({ "order_id": ["a"] }), "order_id: a list; write a text, in quotation marks"),
    ];
    for (properties, expected) in cases {
        assert_eq!(event(json!("Order Completed"), properties), format!("properties.{expected}"));
    }
}

#[test]
fn traits_as_they_are_kept() {
    let (traits, consents) = identified(&json!({
        "name": "山田 花", "phone": "０９０－１２３４－５６７８", "email": "Hana@Example.JP", "birthday": "1990-04-01",
        "line_id": " U4af4980629f1b2c3d4e5f60718293a4b", "time_zone": "Asia/Tokyo", "vip": true, "rank": 3, "score": 1.5, "tags": ["a"], "gone": null, "memo": "",
        "address": { "state": "京都府", "postalCode": "600-8216", "city": "" },
        "consents": { "email": { "marketing": false }, "sms": { "marketing": true, "transactional": true } },
    }));
    let text = |text: &str| Trait::Text(text.to_owned());
    let expected = [
        ("address_city", Trait::Absent),
        ("address_postal_code", text("600-8216")),
        ("address_state", text("京都府")),
        ("birthday", text("1990-04-01")),
        ("email", text("hana@example.jp")),
        ("gone", Trait::Absent),
        ("line_id", text("U4af4980629f1b2c3d4e5f60718293a4b")),
        ("memo", text("")),
        ("name", text("山田 花")),
        ("phone", text("+819012345678")),
        ("rank", Trait::Integer(3)),
        ("score", Trait::Number(1.5)),
        ("tags", Trait::List(vec!["a".to_owned()])),
        ("time_zone", text("Asia/Tokyo")),
        ("vip", Trait::Boolean(true)),
    ];
    assert_eq!(traits, expected.map(|(name, value)| (name.to_owned(), value)).into());
    let word = |channel, purpose, given| ConsentSaid::new(channel, purpose, given);
    assert_eq!(
        consents,
        [
            word(Channel::Email, Purpose::Marketing, false),
            word(Channel::Sms, Purpose::Marketing, true),
            word(Channel::Sms, Purpose::Transactional, true),
        ]
    );
}

#[test]
fn a_consent_comes_with_what_there_is_to_show_for_it() {
    let (_, consents) = identified(&json!({ "consents": {
        "email": { "marketing": { "given": true, "source": "form", "wording": "お知らせを受け取ります", "evidence": "https://shop.example.jp/form" } },
        "sms": { "marketing": { "given": false, "source": null } },
    } }));
    let proof = Proof {
        source: Source::Form,
        wording: Some("お知らせを受け取ります".to_owned()),
        evidence: Some("https://shop.example.jp/form".to_owned()),
        address: None,
    };
    let email = ConsentSaid { proof, ..ConsentSaid::new(Channel::Email, Purpose::Marketing, true) };
    assert_eq!(consents, [email, ConsentSaid::new(Channel::Sms, Purpose::Marketing, false)]);
    // Where it went is ours to say: it would stand for the proof of an address.
    let of_address =
        json!({ "consents": { "email": { "marketing": { "given": true, "address": "a@example.jp" } } } });
    let item = json!({ "type": "identify", "userId": "c1", "traits": of_address });
    assert_eq!(parse(&item, NOW).unwrap_err().field, "traits.consents.email.marketing.address");
}

#[test]
fn what_stands_for_nothing_is_absent() {
    for (name, value) in [
        ("phone", json!("090-0000-0000")),
        ("phone", json!("")),
        ("email", json!(" ")),
        ("birthday", json!(null)),
    ] {
        assert_eq!(identified(&json!({ name: value })).0, [(name.to_owned(), Trait::Absent)].into());
    }
    assert_eq!(identified(&json!({ "address": null })).0.len(), 5);
    assert_eq!(identified(&json!({})), (BTreeMap::new(), Vec::new()));
}

#[test]
fn an_order_is_known_by_its_id_and_other_events_by_their_message() {
    let first = order(&json!({ "order_id": 7, "total": 1980 }));
    assert_eq!((first.id, first.yen), (EventId::of("order:7"), Yen(1_980)));
    assert_eq!(order(&json!({ "order_id": "7", "revenue": 5.0, "value": 9, "currency": "JPY" })).yen, Yen(5));
    let mut viewed = json!({ "type": "track", "userId": "c1", "event": "Viewed", "messageId": "m1", "properties": { "order_id": 7 } });
    assert_eq!(tracked(&viewed).id, EventId::of("m1"));
    viewed["messageId"] = Value::Null;
    let derived = tracked(&viewed).id;
    viewed["sentAt"] = json!("2026-11-22T00:00:00Z");
    assert_eq!(tracked(&viewed).id, derived, "sent a second time");
    assert_eq!(tracked_at(&viewed, NOW.plus(10)).id, derived, "sent a second time, some seconds later");
    assert_ne!(tracked_at(&viewed, NOW.plus(3600)).id, derived, "an hour later it happened again");
    let dated = |now| {
        let mut dated = viewed.clone();
        dated["timestamp"] = json!("2026-11-22T00:00:00Z");
        tracked_at(&dated, now).id
    };
    assert_eq!(dated(NOW), dated(NOW.plus(3600)), "it says when it happened: the same one");
    viewed["event"] = json!("Viewed again");
    assert_ne!(tracked(&viewed).id, derived);
}

#[test]
fn the_instant_is_the_one_that_is_given() {
    let at = |fields: Value| {
        let mut item = json!({ "type": "track", "userId": "c1", "event": "Viewed" });
        item.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        tracked(&item).at
    };
    assert_eq!(at(json!({})), NOW);
    assert_eq!(at(json!({ "timestamp": "2026-11-23T09:00:00+09:00" })), NOW.plus(DAY), "up to a day ahead");
    assert_eq!(
        at(json!({ "originalTimestamp": "2026-11-21T00:00:00.9Z", "timestamp": null })),
        NOW.plus(-DAY)
    );
    assert_eq!(at(json!({ "timestamp": "1990-01-01T00:00:00Z" })), EARLIEST);
}

/// Any JSON, with the words of the specification more often than others. Numbers have few binary places: serde may read
/// others back as their neighbour.
fn arbitrary_json() -> impl Strategy<Value = Value> {
    let words = || {
        prop_oneof![
            prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned),
            prop::sample::select(vec![
                "identify",
                "track",
                "Order Completed",
                "order_id",
                "total",
                "currency",
                "JPY",
                "phone",
                "090-1234-5678",
                "email",
                "a@b.jp",
                "birthday",
                "1990-04-01",
                "address",
                "state",
                "consents",
                "sms",
                "marketing",
                "time_zone",
                "2026-11-22T00:00:00Z",
            ])
            .prop_map(str::to_owned),
            any::<String>(),
        ]
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(words(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Calls that are nearly right.
fn arbitrary_call() -> impl Strategy<Value = Value> {
    let kinds = prop::sample::select(vec!["identify", "track"]);
    (kinds, any::<String>(), any::<String>(), arbitrary_json()).prop_map(|(named, user, event, inner)| {
        match named {
            "identify" => json!({ "type": named, "userId": user, "traits": inner }),
            _ => json!({ "type": named, "userId": user, "event": event, "properties": inner }),
        }
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_rejected(item in prop_oneof![arbitrary_json(), arbitrary_call()], now in any::<i64>()) {
        let _ = parse(&item, Timestamp::from_seconds(now));
        if let Ok((customer, input)) = parse(&item, NOW) {
            let inbox = Inbox::new(customer, vec![input]);
            let text = serde_json::to_string(&inbox).unwrap();
            prop_assert_eq!(serde_json::from_str::<Inbox>(&text).unwrap(), inbox);
        }
    }
}
