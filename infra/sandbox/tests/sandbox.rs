//! The real provider client, the sandbox, and a product that writes down what it is told.

#![expect(clippy::unwrap_used, reason = "a test's own scaffolding may fail it")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use cloud::config::Vars;
use domain::tariff::Price;
use domain::time::Timestamp;
use providers::answer::{LookUp, SendError};
use providers::email::{EmailProvider, EmailRequest};
use providers::receipts::{Notice, ReceiptStatus, Secret, parse};
use providers::sms::{Purpose, SmsProvider, SmsRequest};
use sandbox::{Faults, InboxQuery, Options, PeopleSettings, Phase, PurchaseKind, Sandbox, Shop};
use serde_json::Value;
use tokio::net::TcpListener;

/// 10:00 in Japan, in milliseconds.
const TEN: i64 = 1_795_309_200_000;
const DAY: i64 = 86_400_000;

/// What the product was told, and how it answers.
#[derive(Default)]
struct Product {
    now: AtomicI64,
    refusals: AtomicI64,
    notices: Mutex<Vec<Notice>>,
    fetched: Mutex<Vec<String>>,
    events: Mutex<Vec<Value>>,
}

type Shared = State<Arc<Product>>;

async fn callback(State(product): Shared, headers: HeaderMap, body: Bytes) -> StatusCode {
    if product.refusals.fetch_sub(1, Ordering::SeqCst) > 0 {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let now = Timestamp::from_seconds(product.now.load(Ordering::SeqCst) / 1000);
    let notices = parse("sandbox", &headers, &body, &secret(), now).unwrap();
    assert!(notices.len() <= 100);
    product.notices.lock().unwrap().extend(notices);
    StatusCode::OK
}

async fn link(
    State(product): Shared,
    Path(code): Path<String>,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    product.fetched.lock().unwrap().push(code);
    (StatusCode::FOUND, [("location", "/nowhere")])
}

async fn batch(State(product): Shared, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["authorization"], "Basic d3JpdGUta2V5Og==");
    let body: Value = serde_json::from_slice(&body).unwrap();
    product.events.lock().unwrap().extend(body["batch"].as_array().unwrap().clone());
    StatusCode::OK
}

fn secret() -> Secret {
    Secret::from_bytes([9; 32])
}

struct World {
    product: Arc<Product>,
    sandbox: Sandbox,
    sms: SmsProvider,
    email: EmailProvider,
    url: String,
}

async fn world(change: impl FnOnce(&mut Options)) -> World {
    let product = Arc::new(Product::default());
    product.now.store(TEN, Ordering::SeqCst);
    let router = Router::new()
        .route("/callbacks/sandbox", post(callback))
        .route("/l/{code}", get(link))
        .route("/p/{code}", get(link))
        .route("/v1/batch", post(batch))
        .with_state(Arc::clone(&product));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut options = Options::new(&url, secret(), "sms-key", "email-key");
    let clock = Arc::clone(&product);
    options.clock = Arc::new(move || clock.now.load(Ordering::SeqCst));
    options.people = PeopleSettings::quiet();
    change(&mut options);
    let sandbox = Sandbox::start(options).await.unwrap();
    let base = sandbox.url();
    let vars = Vars::new(move |name| match name {
        "SMS_PROVIDER_URL" | "EMAIL_PROVIDER_URL" => Some(base.clone()),
        "SMS_PROVIDER_KEY" => Some("sms-key".to_owned()),
        "EMAIL_PROVIDER_KEY" => Some("email-key".to_owned()),
        _ => None,
    });
    let sms = SmsProvider::from_config("sandbox", &vars).unwrap();
    let email = EmailProvider::from_config("sandbox", &vars).unwrap();
    World { product, sandbox, sms, email, url }
}

impl World {
    async fn send_sms(&self, reference: &str) -> Result<providers::answer::Accepted, SendError> {
        let text = format!("秋の新作です {}/l/{reference}。停止は返信で", self.url);
        let to = "+819012345678";
        self.sms.send(&SmsRequest { reference, to, text: &text, purpose: Purpose::Marketing }).await
    }

    async fn send_email(&self, reference: &str) -> Result<providers::answer::Accepted, SendError> {
        let html = format!(r#"<a href="{0}/l/{reference}">x</a><img src="{0}/p/{reference}.gif">"#, self.url);
        let headers = [("List-Unsubscribe".to_owned(), "<https://a.jp/u>".to_owned())];
        let request = EmailRequest {
            reference,
            to: "hana@example.jp",
            from: "Shop <shop@example.jp>",
            subject: "こんにちは <b>",
            text: "hello",
            html: Some(&html),
            headers: &headers,
            at: Timestamp::from_seconds(1_772_413_200),
        };
        self.email.send(&request).await
    }

    /// Jumps from action to action until nobody has anything to do.
    async fn live(&self) -> usize {
        let mut actions = 0;
        while let Some(at) = self.sandbox.next_action_at() {
            self.product.now.store(at, Ordering::SeqCst);
            actions += self.sandbox.act(at).await;
        }
        actions
    }

    fn receipts(&self) -> Vec<String> {
        let of = |notice: &Notice| match notice {
            Notice::Receipt { reference, status: ReceiptStatus::Delivered, .. } => Some(reference.clone()),
            Notice::Receipt { .. }
            | Notice::Reply { .. }
            | Notice::EmailReply { .. }
            | Notice::Line { .. }
            | Notice::Complaint { .. }
            | Notice::OptOut { .. }
            | Notice::Open { .. } => None,
        };
        self.product.notices.lock().unwrap().iter().filter_map(of).collect()
    }
}

#[tokio::test]
async fn a_message_is_accepted_listed_found_and_receipted() {
    let world = world(|_| {}).await;
    let accepted = world.send_sms("m1").await.unwrap();
    assert_eq!((accepted.parts, &accepted.price), (1, &Price::of_yen(9)));
    assert_eq!(world.sms.look_up("m1").await, Ok(LookUp::Accepted(accepted)));
    assert_eq!(world.sms.look_up("m2").await, Ok(LookUp::NotAccepted));
    assert_eq!(world.email.look_up("m1").await, Ok(LookUp::NotAccepted));
    assert_eq!(world.live().await, 1);
    let notices = world.product.notices.lock().unwrap().clone();
    let [Notice::Receipt { reference, status, at, parts, price }] = notices.as_slice() else {
        panic!("one receipt, not {notices:?}")
    };
    assert_eq!((reference.as_str(), status), ("m1", &ReceiptStatus::Delivered));
    assert!((2..=20).contains(&(at.seconds() - TEN / 1000)));
    assert_eq!((*parts, price), (Some(1), &Price::of_yen(9)));
    let inbox =
        world.sandbox.inbox(&InboxQuery { to: Some(" 819012345678".to_owned()), ..InboxQuery::default() });
    assert_eq!(inbox.len(), 1);
    assert!(inbox[0].text.as_ref().is_some_and(|text| text.contains("/l/m1")));
}

#[tokio::test]
async fn a_second_send_of_a_reference_is_counted() {
    let world = world(|_| {}).await;
    let first = world.send_email("m1").await.unwrap();
    let second = world.send_email("m1").await.unwrap();
    assert_ne!(first.provider_id, second.provider_id);
    world.send_email("m2").await.unwrap();
    let stats = world.sandbox.stats();
    assert_eq!((stats.accepted, stats.distinct, stats.duplicates), (3, 2, 1));
    let inbox = world.sandbox.inbox(&InboxQuery::default());
    let times: Vec<(&str, u32)> = inbox.iter().map(|entry| (entry.reference.as_str(), entry.times)).collect();
    assert_eq!(times, [("m1", 2), ("m2", 1)]);
    assert_eq!(inbox[0].headers[0].0, "List-Unsubscribe");
    let after = InboxQuery { after: Some(1), ..InboxQuery::default() };
    assert_eq!(world.sandbox.inbox(&after)[0].reference, "m2");
}

#[tokio::test]
async fn faults_are_of_the_message_and_reach_the_client_sorted() {
    let all = |change: fn(&mut Faults)| {
        let mut faults = Faults::default();
        change(&mut faults);
        faults
    };
    let world = world(|_| {}).await;
    world.sandbox.set_faults(all(|faults| faults.unavailable = 1.0)).unwrap();
    let mut refusals = 0;
    while let Err(error) = world.send_sms("m1").await {
        assert!(matches!(error, SendError::Unclear { .. }), "{error}");
        refusals += 1;
    }
    assert!((1..=3).contains(&refusals));
    world.sandbox.set_faults(all(|faults| faults.throttled = 1.0)).unwrap();
    let throttled = world.send_sms("m2").await.unwrap_err();
    assert!(matches!(throttled, SendError::Temporary { .. }), "{throttled}");
    world.sandbox.set_faults(all(|faults| faults.refused = 1.0)).unwrap();
    let refused = SendError::Permanent { code: "refused".to_owned() };
    assert_eq!(world.send_sms("m3").await, Err(refused));
    assert_eq!(world.sms.look_up("m3").await, Ok(LookUp::NotAccepted));
    world.sandbox.set_faults(all(|faults| faults.misreported = 1.0)).unwrap();
    assert!(matches!(world.send_sms("m5").await, Err(SendError::Unclear { .. })));
    assert!(matches!(world.sms.look_up("m5").await, Ok(LookUp::Accepted(_))));
    world.sandbox.set_faults(all(|faults| faults.cut_off = 1.0)).unwrap();
    assert!(matches!(world.send_sms("m4").await, Err(SendError::Unknown { .. })));
    assert!(matches!(world.sms.look_up("m4").await, Ok(LookUp::Accepted(_))));
}

#[tokio::test]
async fn faults_can_be_put_and_are_checked() {
    let world = world(|_| {}).await;
    let url = format!("{}/faults", world.sandbox.url());
    let client = providers::http::client();
    let put = async |body: &'static str| {
        let request = client.put(&url).header("content-type", "application/json").body(body);
        request.send().await.unwrap().status()
    };
    assert_eq!(put(r#"{"refused":1.0}"#).await, StatusCode::NO_CONTENT);
    assert!(matches!(world.send_sms("m1").await, Err(SendError::Permanent { .. })));
    assert_eq!(put(r#"{"refused":1.5}"#).await, StatusCode::BAD_REQUEST);
    assert_eq!(put(r#"{"refsued":1.0}"#).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_hook_silences_a_request_on_either_side_of_the_acceptance() {
    for (phase, accepted) in [(Phase::BeforeAccept, 0), (Phase::AfterAccept, 1)] {
        let world = world(|options| {
            options.on_request = Some(Arc::new(move |at, reference| at == phase && reference == "m1"));
        })
        .await;
        let silence = tokio::time::timeout(std::time::Duration::from_millis(300), world.send_sms("m1")).await;
        assert!(silence.is_err());
        assert_eq!(world.sandbox.stats().accepted, accepted);
        assert!(world.send_sms("m2").await.is_ok());
    }
}

#[tokio::test]
async fn receipts_come_twice_or_never_or_late_as_the_faults_say() {
    let world = world(|options| options.faults.receipts_twice = 1.0).await;
    world.send_sms("m1").await.unwrap();
    world.sandbox.set_faults(Faults { receipts_never: 1.0, ..Faults::default() }).unwrap();
    world.send_sms("m2").await.unwrap();
    assert_eq!(world.live().await, 2);
    assert_eq!(world.receipts(), ["m1", "m1"]);
    world.sandbox.set_faults(Faults { receipts_shuffled: true, ..Faults::default() }).unwrap();
    for n in 0..50 {
        world.send_sms(&format!("s{n}")).await.unwrap();
    }
    world.live().await;
    let at = |notice: &Notice| match notice {
        Notice::Receipt { at, .. }
        | Notice::Reply { at, .. }
        | Notice::EmailReply { at, .. }
        | Notice::Line { at, .. }
        | Notice::Complaint { at, .. }
        | Notice::OptOut { at, .. }
        | Notice::Open { at, .. } => *at,
    };
    let times: Vec<Timestamp> = world.product.notices.lock().unwrap().iter().map(at).collect();
    assert_eq!(times.len(), 52);
    assert!(!times.is_sorted());
}

#[tokio::test]
async fn a_failed_post_is_tried_five_times_more() {
    let world = world(|_| {}).await;
    world.product.refusals.store(5, Ordering::SeqCst);
    world.send_sms("m1").await.unwrap();
    assert_eq!(world.live().await, 6);
    assert_eq!(world.receipts(), ["m1"]);
    world.product.refusals.store(100, Ordering::SeqCst);
    world.send_sms("m2").await.unwrap();
    world.live().await;
    let people = world.sandbox.people_stats();
    assert_eq!((people.receipts, people.put_off, people.given_up), (1, 10, 1));
}

/// Whatever is drawn happens.
fn eager(options: &mut Options) {
    options.people = PeopleSettings {
        undelivered: 0.0,
        sms_click: 1.0,
        email_open: 1.0,
        email_click: 1.0,
        email_scan: 1.0,
        sms_reply: 1.0,
        email_reply: 1.0,
        checkout: 1.0,
        buy: 1.0,
        spontaneous: 1.0,
    };
}

#[tokio::test]
async fn people_open_click_answer_and_buy() {
    let world = world(|options| {
        eager(options);
        let user_ids = |address: &str| (address == "hana@example.jp").then(|| "u1".to_owned());
        options.shop = Shop::Ingest { write_key: "write-key".to_owned(), user_ids: Arc::new(user_ids) };
        options.keep_texts = false;
    })
    .await;
    world.send_email("m1").await.unwrap();
    world.send_sms("m2").await.unwrap();
    world.live().await;
    let mut fetched = world.product.fetched.lock().unwrap().clone();
    fetched.sort();
    // The e-mail's link by a mail gateway, and by its reader.
    assert_eq!(fetched, ["m1", "m1", "m1.gif", "m2"]);
    let replies =
        world.product.notices.lock().unwrap().iter().filter(|n| !matches!(n, Notice::Receipt { .. })).count();
    assert_eq!(replies, 2);
    let events = world.product.events.lock().unwrap().clone();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["Checkout Started", "Order Completed", "Order Completed"]);
    assert!(events.iter().all(|event| event["userId"] == "u1" && event["properties"]["currency"] == "JPY"));
    assert_eq!(events[0]["properties"]["order_id"], events[1]["properties"]["order_id"]);
    assert_eq!(events[0]["properties"]["value"], events[1]["properties"]["total"]);
    assert!(events[1]["timestamp"].as_str().is_some_and(|at| Timestamp::parse(at).is_ok()));
    let people = world.sandbox.people_stats();
    assert_eq!((people.scans, people.clicks, people.opens), (1, 2, 1));
    assert_eq!((people.strangers, people.given_up), (3, 0));
    assert_eq!(people.fetched, BTreeMap::from([(302, 4)]));
    assert!(world.sandbox.inbox(&InboxQuery::default()).iter().all(|entry| entry.text.is_none()));
}

#[tokio::test]
async fn a_run_is_the_same_whatever_the_order_of_sending() {
    let mut runs = Vec::new();
    for backwards in [false, true] {
        let bought = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bought);
        let world = world(|options| {
            options.people = PeopleSettings { checkout: 1.0, sms_click: 0.5, ..PeopleSettings::default() };
            options.shop = Shop::Sink(Arc::new(move |purchase| {
                assert!(matches!(purchase.kind, PurchaseKind::CheckoutStarted | PurchaseKind::Bought));
                sink.lock().unwrap().push((purchase.at, purchase.order_id, purchase.amount_yen));
                Box::pin(std::future::ready(true))
            }));
        })
        .await;
        let mut numbers: Vec<u32> = (0..60).collect();
        if backwards {
            numbers.reverse();
        }
        for n in numbers {
            world.send_sms(&format!("m{n}")).await.unwrap();
        }
        world.product.now.store(TEN + 30 * DAY, Ordering::SeqCst);
        world.sandbox.act(TEN + 30 * DAY).await;
        assert_eq!(world.sandbox.next_action_at(), None);
        let bought = bought.lock().unwrap().clone();
        assert!(bought.len() > 20);
        runs.push((world.receipts(), bought));
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn the_page_shows_the_inbox_and_escapes_it() {
    let world = world(|_| {}).await;
    world.send_email("<script>").await.unwrap();
    let client = providers::http::client();
    let get = async |path: &str| {
        let response = client.get(format!("{}{path}", world.sandbox.url())).send().await.unwrap();
        response.text().await.unwrap()
    };
    let page = get("/").await;
    assert!(page.contains("こんにちは &lt;b&gt;") && !page.contains("<script>"), "{page}");
    let listed: Value = serde_json::from_str(&get("/inbox?limit=1").await).unwrap();
    assert_eq!(listed[0]["reference"], "<script>");
    let stats: Value = serde_json::from_str(&get("/inbox/stats").await).unwrap();
    assert_eq!((&stats["distinct"], &stats["email"]["accepted"]), (&1.into(), &1.into()));
}

#[tokio::test]
async fn a_wrong_key_and_a_bad_message_are_refused() {
    let world = world(|options| options.sms_key = "another".to_owned()).await;
    assert!(matches!(world.send_sms("m1").await, Err(SendError::Configuration { .. })));
    let to = "hana";
    let request = EmailRequest {
        reference: "m1",
        to,
        from: "a@b",
        subject: "",
        text: "x",
        html: None,
        headers: &[],
        at: Timestamp::from_seconds(1_772_413_200),
    };
    let refused = SendError::Permanent { code: "invalid_address".to_owned() };
    assert_eq!(world.email.send(&request).await, Err(refused));
}

#[tokio::test]
async fn people_act_by_themselves_by_a_clock() {
    let started = std::time::Instant::now();
    let World { product, sandbox, sms, .. } = world(|options| {
        // A hundred seconds a second.
        options.clock = Arc::new(move || TEN + i64::try_from(started.elapsed().as_millis()).unwrap() * 100);
    })
    .await;
    let people = tokio::spawn(Arc::new(sandbox).run_people());
    let request = SmsRequest { reference: "m1", to: "+819012345678", text: "x", purpose: Purpose::Marketing };
    sms.send(&request).await.unwrap();
    while product.notices.lock().unwrap().is_empty() {
        assert!(started.elapsed().as_secs() < 10);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    people.abort();
}

#[tokio::test]
async fn the_inbox_is_for_this_machine_only() {
    let mut options = Options::new("http://127.0.0.1:1", secret(), "a", "b");
    options.listen = "0.0.0.0:0".parse().unwrap();
    assert!(Sandbox::start(options).await.is_err());
}
