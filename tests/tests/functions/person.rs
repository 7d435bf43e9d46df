//! `person` and `erase`: everything that was told of a person is handed out, and nothing of it is left by an erasure, which
//! may die anywhere, while late news comes and others are at work; and what is counted stays. One file, above 500 lines,
//! because every test here stands on the same shop and asks the same of what is left.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cloud::inbox::Inbox;
use cloud::table::Row;
use cloud::table::people::Stopped;
use domain::consent::{ConsentSaid, Proof, Purpose};
use domain::contact::{Channel, Phone};
use domain::enrollment::Status;
use domain::input::{Input, List, Visitor};
use domain::message::Code;
use domain::money::Yen;
use domain::names::{CustomerId, JourneyName, SegmentName};
use domain::report::Report;
use domain::time::{DAY, Timestamp};
use domain::verification::{Locale, Shape, Stands, Taken, Verification};
use local::faults::{Fault, Faults};
use local::sqs::Outgoing;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::customers::{BROWSER, Someone};
use tests::picture::everything;
use tests::shop::{Opening, Shop, alone};

use crate::deaths::AtCall;
use crate::world::{LAPSED, MORNING};

/// Longer than an erasure takes when it dies once.
const ERASED: i64 = 1_800;

/// As many calls as a function makes for one message, and more.
const CALLS: usize = 8;

/// An id that tells who it is.
const ID: &str = "hanako.gion@example.jp";

const LIST: &str = "list: { name: invited, ids: [hanako.gion@example.jp, c00001] }";

/// An SMS with a link, and one by a key.
const WELCOME: &str = "journey:
  name: welcome
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  goal: Order Completed
  steps:
    - sms:
        name: hello
        text: \"{{ customer.name }} {{ sender }} {{ links.shop }} {{ optout }}\"
        links: { shop: \"https://shop.example.jp/welcome\" }
    - wait: 2d
    - add_to_audience: retargeting
    - email:
        name: letter
        subject: \"{{ sender }}\"
        text: \"{{ customer.name }} {{ sender }} {{ optout }}\"
";

const ORDERS: &str = "journey:
  name: orders
  purpose: transactional
  enter: { event: { name: Order Placed, key: order_id } }
  reentry: per_key
  steps:
    - sms: { name: thanks, text: \"{{ sender }} ありがとうございます {{ links.shop }}\", links: { shop: \"https://shop.example.jp/o\" } }
    - wait: 1d
    - sms: { name: how-was-it, text: \"{{ sender }} いかがでしたか\" }
";

/// What tells who it is, or what was said in confidence.
const NEEDLES: [&str; 12] = [
    ID,
    "祇園花子",
    "12349999",
    "hanako@gion.example.jp",
    "1984-02-29",
    "祇園町北側347",
    "桜餅を取り置き",
    "G-4711",
    "12348888",
    "よろこんで",
    "青い着物",
    "9876-2",
];

fn hanako() -> Someone {
    Someone {
        id: ID.to_owned(),
        name: "祇園花子".to_owned(),
        phone: "09012349999".to_owned(),
        email: "hanako@gion.example.jp".to_owned(),
        sms: true,
        mail: true,
    }
}

fn id() -> Result<CustomerId> {
    Ok(CustomerId::parse(ID)?)
}

/// A shop in which Hanako and two others lapsed, ordered, changed their number, and were written to.
async fn shop(opening: Opening) -> Result<Shop> {
    let mut shop = Shop::open(opening).await?;
    let (hanako, now) = (hanako(), shop.clock.now());
    let long_ago = now.plus(-60 * DAY);
    let mut first = hanako.identify(long_ago);
    first["traits"]["phone"] = json!("09012348888");
    first["traits"]["birthday"] = json!("1984-02-29");
    first["traits"]["address"] = json!({ "street": "祇園町北側347" });
    let mut calls = vec![first, hanako.order("9876-2", long_ago, 3000)];
    for someone in [1, 2].map(Someone::willing) {
        calls.extend([someone.identify(long_ago), someone.order("first", long_ago, 3000)]);
    }
    shop.take(&calls).await?;
    shop.settle().await?;
    // A number of her own that she had before leads to her as well.
    shop.take(&[hanako.identify(long_ago.plus(60))]).await?;
    shop.settle().await?;
    shop.apply(&[LAPSED, WELCOME, ORDERS, LIST]).await?;
    shop.settle().await?;
    let placed = json!({ "order_id": "G-4711", "note": "桜餅を取り置き" });
    shop.take(&[hanako.event("Order Placed", "1", now, &placed)]).await?;
    shop.take(&[hanako.event("Page Viewed", "1", now, &json!({ "title": "青い着物" }))]).await?;
    shop.pass(600).await?;
    Ok(shop)
}

async fn ask(shop: &Shop, what: &str, key: &str) -> Result<(StatusCode, Value)> {
    let request =
        shop.http.post(format!("{}/v1/person/{what}", shop.stack.base_url)).basic_auth(key, Some(""));
    let answer = request.json(&json!({ "userId": ID })).send().await?;
    Ok((answer.status(), answer.json().await?))
}

/// Asks for Hanako's erasure, as often as it takes.
async fn ask_to_erase(shop: &Shop) -> Result<()> {
    let (status, answer) = ask(shop, "erase", &shop.secrets.admin_key).await?;
    ensure!(status == StatusCode::ACCEPTED && answer["state"] == "begun", "{status}: {answer}");
    Ok(())
}

/// Where anything stands of Hanako: in items, in queues.
async fn left(shop: &Shop) -> Result<Vec<String>> {
    let mut places = everything(shop).await?;
    let queues = shop.stack.runtime.region().queues();
    for queue in queues.names().await? {
        let messages = queues.peek(&queue, 10_000).await?;
        places.extend(messages.iter().map(|message| format!("{queue}: {message:?}")));
    }
    places.retain(|place| NEEDLES.iter().any(|needle| place.contains(needle)));
    Ok(places)
}

async fn is_gone(shop: &Shop) -> Result<()> {
    let left = left(shop).await?;
    ensure!(left.is_empty(), "{} places still tell: {left:#?}", left.len());
    let (_, answer) = ask(shop, "erasure", &shop.secrets.admin_key).await?;
    ensure!(answer["state"] == "erased", "{answer}");
    Ok(())
}

async fn reports(shop: &Shop) -> Result<[Report; 2]> {
    Ok([shop.report("welcome").await?, shop.report("orders").await?])
}

async fn put(shop: &Shop, inbox: &Inbox) -> Result<()> {
    let body = serde_json::to_string(inbox)?;
    let outgoing = vec![Outgoing { body, ..Outgoing::default() }];
    shop.stack.runtime.region().queues().send("InboxQueue", outgoing).await?;
    Ok(())
}

async fn members(shop: &Shop) -> Result<u64> {
    shop.table.count_members(&List::Segment(SegmentName::parse("lapsed")?)).await
}

/// The codes of Hanako's messages.
async fn codes(shop: &Shop) -> Result<Vec<Code>> {
    let stored = shop.table.customer(&id()?).await?.context("Hanako is there")?;
    let messages = stored.customer.enrollments.iter().flat_map(|it| it.messages().map(|it| it.code.clone()));
    Ok(messages.collect())
}

#[test]
fn an_export_has_all_that_was_told_and_asks_for_its_key() -> Result<()> {
    alone(async {
        let mut shop = shop(Opening::at(MORNING)).await?;
        let code = codes(&shop).await?.remove(0);
        let reply = Input::Reply {
            code: Some(code),
            channel: Channel::Sms,
            word: Some("よろこんで".to_owned()),
            at: shop.clock.now(),
        };
        put(&shop, &Inbox::new(id()?, vec![reply])).await?;
        shop.table.suppress(Channel::Sms, "+819012348888", Stopped::Marketing, "opted out", MORNING).await?;
        // Enrollments that are no longer kept whole are of what is kept as well.
        for number in 0..9 {
            let at = shop.clock.now();
            let properties = json!({ "order_id": format!("more-{number}") });
            shop.take(&[hanako().event("Order Placed", &format!("m{number}"), at, &properties)]).await?;
            shop.pass(2 * DAY).await?;
        }
        shop.pass(5 * DAY).await?;
        shop.take(&[hanako().event("Page Viewed", "2", shop.clock.now(), &json!({}))]).await?;
        shop.settle().await?;
        let customer = shop.table.customer(&id()?).await?.context("Hanako is there")?.customer;
        let past = customer.past.get(&JourneyName::parse("orders")?).map(Vec::len);
        ensure!(past.is_some_and(|past| past >= 3), "every enrollment is kept whole");
        let kept = everything(&shop).await?.concat();
        for needle in NEEDLES.into_iter().filter(|needle| *needle != "12348888") {
            ensure!(kept.contains(needle), "{needle} is not kept: an erasure of it shows nothing");
        }
        let (status, document) = ask(&shop, "export", &shop.secrets.admin_key).await?;
        ensure!(status == StatusCode::OK, "{document}");
        let text = document.to_string();
        // Of the number that she had before only the hash is kept.
        for needle in NEEDLES.into_iter().filter(|needle| *needle != "12348888") {
            ensure!(text.contains(needle), "{needle} is not in {document:#}");
        }
        // The provider has seen no message that is not listed.
        let sent =
            shop.accepted()?.into_iter().filter(|it| it.to.ends_with("12349999") || it.to.contains("gion"));
        let sent: BTreeSet<String> = sent.map(|entry| entry.reference).collect();
        let listed = document["messages"].as_array().context("messages")?;
        let listed: BTreeSet<String> =
            listed.iter().filter_map(|it| it["code"].as_str().map(ToOwned::to_owned)).collect();
        ensure!(sent == listed && sent.len() >= 21, "{} sent, {} listed", sent.len(), listed.len());
        ensure!(
            document["ledger"].as_array().is_some_and(|rows| rows.len() == 11),
            "{:#}",
            document["ledger"]
        );
        ensure!(document["told"].as_array().is_some_and(|told| told.len() >= 2), "{:#}", document["told"]);
        ensure!(document["lists"] == json!(["invited"]), "{:#}", document["lists"]);
        let addresses = document["addresses"].as_array().context("addresses")?;
        let stopped: Vec<_> =
            addresses.iter().filter(|it| it["suppressed"]["stopped"] == "marketing").collect();
        ensure!(addresses.len() == 3 && stopped.len() == 1, "{addresses:#?}");
        // Other keys open nothing, and erase nobody.
        for key in [&shop.secrets.write_key, "", &shop.secrets.provider_key] {
            for what in ["export", "erase", "erasure"] {
                ensure!(
                    ask(&shop, what, key).await?.0 == StatusCode::UNAUTHORIZED,
                    "{what} with another key"
                );
            }
        }
        ask_to_erase(&shop).await?;
        let before = reports(&shop).await?;
        shop.pass(ERASED).await?;
        is_gone(&shop).await?;
        ensure!(reports(&shop).await? == before, "a report is another");
        ensure!(
            ask(&shop, "export", &shop.secrets.admin_key).await?.0 == StatusCode::NOT_FOUND,
            "still there"
        );
        let forbidden = shop.forbidden();
        ensure!(forbidden.is_empty(), "the template does not allow {forbidden:?}");
        Ok(())
    })
}

#[test]
fn who_is_under_way_is_counted_as_taken_out_and_nothing_more_is_sent() -> Result<()> {
    alone(async {
        let mut erased = shop(Opening::at(MORNING)).await?;
        let mut removed = shop(Opening::at(MORNING)).await?;
        let sent = erased.accepted()?.len();
        ensure!(sent == 4 && members(&erased).await? == 3, "{sent} sent");
        let out = ["welcome", "orders"]
            .map(|journey| json!({ "type": "remove", "userId": ID, "journey": journey }));
        removed.take(&out).await?;
        ask_to_erase(&erased).await?;
        for shop in [&mut erased, &mut removed] {
            shop.pass(ERASED).await?;
        }
        is_gone(&erased).await?;
        ensure!(members(&erased).await? == 2, "she is still counted in her segment");
        for shop in [&mut erased, &mut removed] {
            shop.pass(10 * DAY).await?;
        }
        let (erased_reports, removed_reports) = (reports(&erased).await?, reports(&removed).await?);
        ensure!(erased_reports == removed_reports, "{erased_reports:#?}\n{removed_reports:#?}");
        ensure!(erased_reports.iter().all(Report::is_complete), "someone is not accounted for");
        ensure!(erased.accepted()?.len() == sent + 2, "{} were sent", erased.accepted()?.len() - sent);
        ensure!(erased.dead_letters().await?.is_empty(), "a letter is left");
        is_gone(&erased).await
    })
}

/// What was queued before, receipts, clicks, timers, and an older file that is imported again.
#[test]
fn what_comes_late_changes_nothing_and_what_is_told_since_makes_a_new_customer() -> Result<()> {
    alone(async {
        let mut shop = shop(Opening::at(MORNING)).await?;
        let code = codes(&shop).await?.remove(0);
        let now = shop.clock.now();
        // Told before, and handled after.
        let traits = std::collections::BTreeMap::from([(
            "name".to_owned(),
            domain::customer::Value::Text("祇園花子".into()),
        )]);
        let queued = Input::Identify { traits, consents: Vec::new(), at: now };
        ask_to_erase(&shop).await?;
        put(&shop, &Inbox::new(id()?, vec![queued.clone()])).await?;
        shop.pass(ERASED).await?;
        is_gone(&shop).await?;
        let before = everything(&shop).await?;
        let at = shop.clock.now();
        let late = vec![
            queued,
            Input::Timer,
            Input::Receipt { code: code.clone(), status: Status::Delivered, parts: Some(9), yen: None },
            Input::Click { code: code.clone(), link: 0, by: Visitor::Person, at },
            Input::Open { code: code.clone(), at },
            Input::Reply { code: None, channel: Channel::Sms, word: Some("よろこんで".to_owned()), at },
            Input::OptOut { channel: Channel::Sms, at, proof: Proof::default() },
        ];
        for input in late {
            put(&shop, &Inbox::new(id()?, vec![input])).await?;
        }
        let long_ago = now.plus(-60 * DAY);
        shop.take(&[hanako().identify(long_ago), hanako().order("9876-2", long_ago, 3000)]).await?;
        let link = format!("{}/l/{}", shop.stack.base_url, code.as_str());
        let clicked = shop.http.get(link).header("user-agent", BROWSER).send().await?;
        ensure!(clicked.status() == StatusCode::NOT_FOUND, "a link still leads somewhere");
        shop.settle().await?;
        ensure!(everything(&shop).await? == before, "something was written");
        // She comes back: what she did before stays gone, whoever tells it again.
        shop.pass(DAY).await?;
        let again = shop.clock.now();
        shop.take(&[hanako().identify(again), hanako().order("9876-2", long_ago, 3000)]).await?;
        shop.settle().await?;
        shop.take(&[hanako().identify(long_ago), hanako().event("Page Viewed", "9", again, &json!({}))])
            .await?;
        shop.settle().await?;
        let anew = shop.table.customer(&id()?).await?.context("she is a customer")?.customer;
        ensure!(anew.text("name") == Some("祇園花子") && anew.enrollments.is_empty(), "{anew:?}");
        ensure!(anew.events.keys().eq(["Page Viewed"]), "{:?}", anew.events.keys());
        // And goes once more.
        ask_to_erase(&shop).await?;
        shop.pass(ERASED).await?;
        is_gone(&shop).await
    })
}

#[test]
fn an_opt_out_outlives_the_person() -> Result<()> {
    alone(async {
        let mut shop = shop(Opening::at(MORNING)).await?;
        let code = codes(&shop).await?.into_iter();
        let mut texts =
            shop.accepted()?.into_iter().filter(|it| code.clone().any(|code| code.as_str() == it.reference));
        let text =
            texts.find_map(|it| it.text.filter(|text| text.contains("/o/"))).context("a way to opt out")?;
        let path =
            text.split("https://t.example.jp").find(|part| part.starts_with("/o/")).context("a link")?;
        let page = format!("{}{}", shop.stack.base_url, path.split_whitespace().next().unwrap_or_default());
        ensure!(shop.http.post(page).send().await?.status() == StatusCode::OK, "not taken");
        shop.settle().await?;
        ask_to_erase(&shop).await?;
        shop.pass(ERASED).await?;
        is_gone(&shop).await?;
        let sent = shop.accepted()?.len();
        // Another id, the same number.
        let now = shop.clock.now();
        let other = Someone { id: "c07777".to_owned(), ..hanako() };
        shop.take(&[other.identify(now), other.order("old", now.plus(-50 * DAY), 100)]).await?;
        shop.pass(600).await?;
        ensure!(shop.accepted()?.len() == sent, "a message left for a number that opted out");
        let customer =
            shop.table.customer(&CustomerId::parse("c07777")?).await?.context("a customer")?.customer;
        ensure!(
            customer.enrollments.len() == 1 && customer.consents_to(Channel::Sms, Purpose::Marketing),
            "{customer:?}"
        );
        Ok(())
    })
}

/// `erase` dies before and after every call it makes: the next delivery finishes it, to the same end.
#[test]
fn killed_at_every_call() -> Result<()> {
    let mut calls = 1;
    let mut expected = None;
    for fault in [Fault::KillBefore, Fault::KillAfter] {
        let mut call = 0;
        while call < calls {
            alone(async {
                let at_call = AtCall::of("erase");
                let faults = Some(Arc::clone(&at_call) as Arc<dyn Faults>);
                let mut shop = shop(Opening { faults, ..Opening::at(MORNING) }).await?;
                // The first one is not killed, and tells how many calls there are.
                match &expected {
                    None => at_call.watch(),
                    Some(_) => at_call.arm(call, fault),
                }
                ask_to_erase(&shop).await?;
                shop.pass(ERASED).await?;
                let place = format!("{fault:?} at call {call} of {calls}");
                is_gone(&shop).await.context(place.clone())?;
                ensure!(shop.dead_letters().await?.is_empty(), "{place}: a letter is left");
                let came_to = (reports(&shop).await?, members(&shop).await?);
                match &expected {
                    None => {
                        (calls, expected) = (at_call.made(), Some(came_to));
                        println!("{calls} calls");
                        ensure!(calls > 20, "only {calls} calls");
                    }
                    Some(expected) => {
                        ensure!(came_to == *expected, "{place}: {came_to:#?} instead of {expected:#?}");
                        call += 1;
                    }
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Every function that is at work on the person dies at any of its calls while the erasure goes on: what comes again
/// afterwards is dropped.
#[test]
fn others_at_work_put_nothing_back() -> Result<()> {
    for function in ["advance", "send-sms"] {
        let mut deaths = 0;
        for call in 0..CALLS {
            alone(async {
                let at_call = AtCall::of(function);
                let faults = Some(Arc::clone(&at_call) as Arc<dyn Faults>);
                let mut shop = shop(Opening { faults, ..Opening::at(MORNING) }).await?;
                at_call.arm(call, Fault::KillAfter);
                let (hanako, now) = (hanako(), shop.clock.now());
                let placed = json!({ "order_id": "G-4711-2", "note": "桜餅を取り置き" });
                shop.take(&[hanako.event("Order Placed", "2", now, &placed)]).await?;
                // It dies here, and its message comes again while she is being erased.
                shop.settle().await?;
                deaths += usize::from(at_call.made() > call);
                ask_to_erase(&shop).await?;
                shop.pass(ERASED).await?;
                is_gone(&shop).await.with_context(|| format!("{function} died at call {call}"))?;
                ensure!(
                    reports(&shop).await?.iter().all(Report::is_complete),
                    "someone is not accounted for"
                );
                ensure!(shop.dead_letters().await?.is_empty(), "a letter is left");
                Ok(())
            })?;
        }
        ensure!(deaths > 2, "{function} died {deaths} times");
    }
    Ok(())
}

#[test]
fn dead_letters_about_the_person_go_and_others_stay() -> Result<()> {
    alone(async {
        let mut shop = shop(Opening::at(MORNING)).await?;
        let queues = shop.stack.runtime.region().queues();
        let letter = |customer: &str| json!({ "v": 1, "customer": customer, "inputs": [] }).to_string();
        for queue in ["InboxDeadLetters", "SmsDeadLetters", "EmailDeadLetters", "WebhookDeadLetters"] {
            let bodies = [letter(ID), letter("c00001"), format!("{{\"who\":\"{ID}\"")];
            let outgoing = bodies.into_iter().map(|body| Outgoing { body, ..Outgoing::default() });
            queues.send(queue, outgoing.collect()).await?;
        }
        ask_to_erase(&shop).await?;
        shop.pass(ERASED).await?;
        is_gone(&shop).await?;
        ensure!(shop.dead_letters().await?.len() == 4, "{} letters", shop.dead_letters().await?.len());
        Ok(())
    })
}

/// Her pages are used while she is erased, and by a request that began before and writes after: nothing stays but that the
/// number gets no advertisement.
#[test]
fn a_page_used_in_the_minute_of_an_erasure_leaves_nothing() -> Result<()> {
    alone(async {
        let mut shop = shop(Opening::at(MORNING)).await?;
        let sent = shop.accepted()?.into_iter();
        let to_her = sent.filter(|entry| entry.to.ends_with("12349999"));
        let text = to_her.filter_map(|entry| entry.text).find(|text| text.contains("/o/"));
        let path = text.as_deref().and_then(|text| text.split("/o/").nth(1)).context("a way to opt out")?;
        let code = path.split_whitespace().next().context("a code")?.to_owned();
        let page = |path: &str| format!("{}/o/{code}{path}", shop.stack.base_url);
        let (tap, choose) = (page(""), page("/preferences"));
        ask_to_erase(&shop).await?;
        shop.pass(30).await?;
        for (url, body) in
            [(&tap, "List-Unsubscribe=One-Click"), (&choose, "channel=sms&purpose=marketing&to=on")]
        {
            let request = shop.http.post(url).header("content-type", "application/x-www-form-urlencoded");
            let status = request.body(body).send().await?.status();
            ensure!(status == StatusCode::OK || status == StatusCode::NOT_FOUND, "{url}: {status}");
        }
        shop.pass(ERASED).await?;
        is_gone(&shop).await?;
        let before = everything(&shop).await?;
        let code = Code::parse(&code).context("a code")?;
        let word = ConsentSaid::new(Channel::Sms, Purpose::Marketing, false);
        let late = Row::consent(&id()?, &word, shop.clock.now())?;
        ensure!(!shop.table.put_behind(&code, vec![late]).await?, "a row is left");
        ensure!(shop.http.post(&tap).send().await?.status() == StatusCode::NOT_FOUND, "a page is left");
        shop.settle().await?;
        ensure!(everything(&shop).await? == before, "something was written");
        let stopped = shop.table.suppressed(Channel::Sms, &[hanako().e164()]).await?;
        ensure!(stopped.values().eq([&Stopped::Marketing]), "{stopped:?}");
        ensure!(shop.table.customer(&id()?).await?.is_none(), "she is a customer again");
        Ok(())
    })
}

/// One that was sent, and one whose SMS nobody came to send: what they cost stays, and nothing that says whose they were.
#[test]
fn codes_of_the_number_name_nobody_afterwards() -> Result<()> {
    alone(async {
        let mut shop = shop(Opening::at(MORNING)).await?;
        let hanako = hanako();
        let sent = tests::codes::ask(&shop, &json!({ "to": hanako.phone })).await?;
        shop.settle().await?;
        let unsent = Verification {
            id: domain::verification::Id::parse("AAAAAAAAAAAA").context("an id")?,
            shape: Shape::Code,
            locale: Locale::Ja,
            host: None,
            stands: Stands::Pending,
            tries_left: 5,
            expires_at: MORNING.plus(DAY),
            minutes: 5,
            taken: Taken { day: "2026-03-02".to_owned(), yen: Yen(9) },
        };
        shop.table.begin_verification(&unsent, &Phone::parse(&hanako.phone)?).await?;
        let hash = shop.table.address_key()?.address(Channel::Sms, &hanako.e164());
        let telling = |items: Vec<String>| {
            let codes = items.into_iter().filter(|item| item.contains("S(\"V#"));
            codes.filter(|item| item.contains(&hash) || item.contains("12349999")).count()
        };
        ensure!(telling(everything(&shop).await?) == 5, "two codes, two in a list, and which is the latest");
        ask_to_erase(&shop).await?;
        shop.pass(ERASED).await?;
        is_gone(&shop).await?;
        ensure!(telling(everything(&shop).await?) == 0, "a code says whose it was");
        let kept = shop.table.verification(&domain::verification::Id::parse(&sent).context("an id")?).await?;
        ensure!(kept.is_some_and(|kept| kept.outcome.is_some()), "what it cost is forgotten");
        Ok(())
    })
}

/// The record that the law asks for: a month after the last message, and naming nobody.
#[test]
fn consents_are_kept_for_a_month_without_the_person() -> Result<()> {
    alone(async {
        let mut shop = shop(Opening::at(MORNING)).await?;
        ask_to_erase(&shop).await?;
        shop.pass(ERASED).await?;
        let notes =
            |items: Vec<String>| items.into_iter().filter(|it| it.contains("S(\"E#")).collect::<Vec<_>>();
        let kept = notes(everything(&shop).await?);
        let consents: Vec<&String> = kept.iter().filter(|it| it.contains("consent#")).collect();
        ensure!(kept.len() == consents.len() + 1 && consents.len() >= 2, "{kept:#?}");
        ensure!(consents.iter().all(|it| it.contains("expires")), "{consents:#?}");
        let until = MORNING.plus(32 * DAY);
        ensure!(
            consents.iter().all(|it| expires(it).is_some_and(|at| at < until && at > MORNING.plus(30 * DAY))),
            "{consents:#?}"
        );
        Ok(())
    })
}

fn expires(item: &str) -> Option<Timestamp> {
    let rest = item.split("\"expires\": N(\"").nth(1)?;
    Some(Timestamp::from_seconds(rest.split('"').next()?.parse().ok()?))
}
