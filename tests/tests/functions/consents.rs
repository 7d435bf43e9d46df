//! Consent on its way: the record of it, the pages on which people opt out, choose and confirm, and what leaves then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cloud::inbox::Inbox;
use cloud::table::consents::Recorded;
use cloud::table::messages::MessageItem;
use domain::consent::{ConsentSaid, Proof, Purpose, Source};
use domain::contact::Channel;
use domain::customer::Customer;
use domain::input::Input;
use domain::message::{Code, SkipReason};
use domain::names::CustomerId;
use domain::time::{DAY, Timestamp};
use local::faults::{Call, Fault, Faults, Service};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tests::customers::{BROWSER, Someone};
use tests::shop::{Opening, Shop, alone};

use crate::world::{MORNING, lapsed_shop_of};

const SMS: &str = "SmsSms000000";
const EMAIL: &str = "Email0000000";
const ELSEWHERE: &str = "Elsewhere000";

/// Two SMS, a day apart.
const TWO_SMS: &str = "journey:
  name: two-sms
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms: { name: one, text: \"{{ sender }} {{ optout }}\" }
    - wait: 1d
    - sms: { name: two, text: \"{{ sender }} {{ optout }}\" }
";

/// Marketing by e-mail for whoever looks at a page.
const NEWS: &str = "journey:
  name: news
  purpose: marketing
  enter: { event: Page Viewed }
  reentry: { after_days: 1 }
  steps:
    - email: { name: letter, subject: \"{{ sender }}\", text: \"{{ sender }} {{ optout }}\" }
";

const DOUBLE_OPT_IN: [&str; 2] = [
    include_str!("../../../infra/local/scenarios/email-double-opt-in/email-asked.yaml"),
    include_str!("../../../infra/local/scenarios/email-double-opt-in/email-double-opt-in.yaml"),
];

async fn ask(shop: &Shop, method: Method, path: &str, body: &str) -> Result<Response> {
    let request = shop.http.request(method, format!("{}{path}", shop.stack.base_url));
    let request = request.header("user-agent", BROWSER);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    Ok(request.body(body.to_owned()).send().await?)
}

async fn post(shop: &Shop, path: &str, body: &str) -> Result<(StatusCode, String)> {
    let answer = ask(shop, Method::POST, path, body).await?;
    Ok((answer.status(), answer.text().await?))
}

async fn page(shop: &Shop, path: &str) -> Result<String> {
    Ok(ask(shop, Method::GET, path, "").await?.text().await?)
}

async fn customer(shop: &Shop, id: &CustomerId) -> Result<Customer> {
    Ok(shop.table.customer(id).await?.context("the customer")?.customer)
}

/// What a shop has of someone, and messages that went to them: one by SMS, one by e-mail, one to an address of before.
async fn shop_that_wrote(faults: Option<Arc<dyn Faults>>) -> Result<(Shop, Someone, CustomerId)> {
    let shop = Shop::open(Opening { faults, ..Opening::at(MORNING) }).await?;
    let someone = Someone::willing(0);
    shop.take(&[someone.identify(MORNING.plus(-DAY))]).await?;
    shop.settle().await?;
    let id = CustomerId::parse(&someone.id)?;
    let to = [
        (SMS, Channel::Sms, someone.e164()),
        (EMAIL, Channel::Email, someone.email.clone()),
        (ELSEWHERE, Channel::Email, "before@example.jp".to_owned()),
    ];
    for (code, channel, to) in to {
        let message = MessageItem {
            code: Code::parse(code).context("a code")?,
            customer: id.clone(),
            channel,
            to,
            links: vec!["https://shop.example.jp/".to_owned()],
            asks_email: false,
            claimed_at: MORNING.plus(-60),
            attempt: "test".to_owned(),
            account: None,
            charge: None,
            outcome: None,
            expires: MORNING.plus(90 * DAY),
        };
        shop.table.claim(&message).await?;
    }
    Ok((shop, someone, id))
}

/// The inbox, as `link` finds it while it is down.
struct Down(AtomicBool, Fault);

impl Faults for Down {
    fn on(&self, call: &Call) -> Fault {
        let concerned = call.function == "link" && call.service == Service::Sqs;
        if concerned && self.0.load(Ordering::Relaxed) { self.1 } else { Fault::None }
    }
}

/// The path of our page in a message.
fn path_in(text: &str, page: &str) -> Result<String> {
    let start = text.find(page).context("the message does not lead there")?;
    Ok(text[start..].split_whitespace().next().unwrap_or_default().to_owned())
}

#[test]
fn an_opt_out_needs_the_table_only_and_the_document_follows() -> Result<()> {
    for fault in [Fault::Throttle, Fault::Delay(120_000)] {
        alone(async {
            let down = Arc::new(Down(AtomicBool::new(true), fault));
            let opening = Opening { faults: Some(down.clone()), ..Opening::at(MORNING) };
            let mut shop = lapsed_shop_of(opening, 2, TWO_SMS).await?;
            let first = shop.accepted()?.into_iter().find(|it| it.to == Someone::willing(0).e164());
            let first = first.context("an SMS")?;
            let path = path_in(first.text.as_deref().context("texts are kept")?, "/o/")?;
            let began = Instant::now();
            let (status, said) = post(&shop, &path, "").await?;
            ensure!(status == StatusCode::OK && said.contains("停止しました"), "{fault:?}: {status} {said}");
            ensure!(began.elapsed() < Duration::from_secs(6), "{fault:?}: {:?}", began.elapsed());
            let stopped = shop.table.suppressed(Channel::Sms, std::slice::from_ref(&first.to)).await?;
            ensure!(stopped.len() == 1, "{fault:?}: the address is not suppressed");
            let id = CustomerId::parse(&Someone::willing(0).id)?;
            shop.settle().await?;
            let agrees = |customer: &Customer| customer.consents_to(Channel::Sms, Purpose::Marketing);
            ensure!(agrees(&customer(&shop, &id).await?), "nothing told the document yet");
            let record = shop.table.last_consents(&id, 1).await?;
            let [Recorded { at: _, word }] = &record[..] else { panic!("{record:?}") };
            ensure!((word.channel, word.purpose, word.given) == (Channel::Sms, Purpose::Marketing, false));
            let Proof { source, wording, evidence, .. } = &word.proof;
            ensure!(*source == Source::Link && wording.as_ref().is_some_and(|it| it.contains("つなぎ書店")));
            let evidence = evidence.as_deref().unwrap_or_default();
            ensure!(evidence.starts_with("message ") && evidence.ends_with("from 127.0.0.1"), "{evidence}");
            // The clock's function tells the inbox, which is up for it.
            shop.pass(120).await?;
            ensure!(!agrees(&customer(&shop, &id).await?), "the document was not put right");
            ensure!(shop.table.consents(&id).await?.iter().filter(|it| !it.word.given).count() == 1);
            let untold = shop.table.first_due(0, Timestamp::from_seconds(0)).await?;
            ensure!(untold.is_none_or(|at| at > shop.clock.now()), "it is told for ever");
            shop.pass(2 * DAY).await?;
            let to: Vec<String> = shop.accepted()?.into_iter().skip(2).map(|entry| entry.to).collect();
            ensure!(to == [Someone::willing(1).e164()], "{fault:?}: {to:?}");
            ensure!(shop.forbidden().is_empty(), "{:?}", shop.forbidden());
            Ok(())
        })?;
    }
    Ok(())
}

/// Whoever fetches a page ahead, or looks at it, changes nothing of anybody's consent.
#[test]
fn looking_changes_nothing_on_any_route() -> Result<()> {
    alone(async {
        let (shop, someone, id) = shop_that_wrote(None).await?;
        let before = (customer(&shop, &id).await?, shop.table.consents(&id).await?);
        let mut paths = Vec::new();
        for code in [SMS, EMAIL, ELSEWHERE] {
            for page in ["/l/", "/p/", "/o/", "/c/", "/f/"] {
                paths.push(format!("{page}{code}"));
            }
            paths.push(format!("/o/{code}/preferences"));
        }
        for path in &paths {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                for (name, value) in [("sec-purpose", "prefetch"), ("user-agent", "bot/1"), ("x", "y")] {
                    let request = shop.http.request(method.clone(), format!("{}{path}", shop.stack.base_url));
                    request.header(name, value).send().await?;
                }
            }
        }
        let queues = shop.stack.runtime.region().queues();
        for message in queues.peek("InboxQueue", 1000).await? {
            let told: Inbox = serde_json::from_str(&message.body)?;
            let harmless =
                told.inputs.iter().all(|it| matches!(it, Input::Click { .. } | Input::Open { .. }));
            ensure!(harmless, "{told:?}");
        }
        shop.settle().await?;
        ensure!(before == (customer(&shop, &id).await?, shop.table.consents(&id).await?));
        for (channel, address) in [(Channel::Sms, someone.e164()), (Channel::Email, someone.email)] {
            ensure!(shop.table.suppressed(channel, &[address]).await?.is_empty());
        }
        Ok(())
    })
}

#[test]
fn pages_tell_who_sends_and_not_to_whom() -> Result<()> {
    alone(async {
        let (shop, someone, _) = shop_that_wrote(None).await?;
        for path in [format!("/o/{SMS}"), format!("/o/{EMAIL}"), format!("/c/{EMAIL}")] {
            let answer = ask(&shop, Method::GET, &path, "").await?;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            let policy = answer.headers()["content-security-policy"].to_str()?.to_owned();
            assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
            assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
            let page = answer.text().await?;
            for shown in
                ["つなぎ書店", "東京都千代田区神田神保町1-1", "03-1234-5678", "lang=\"en\"", "viewport"]
            {
                assert!(page.contains(shown), "{path} lacks {shown}: {page}");
            }
            let personal = [&someone.name, &someone.phone, &someone.email, &someone.id];
            for hidden in personal.into_iter().map(String::as_str).chain(["<script", "style=", "before@"]) {
                assert!(!page.contains(hidden), "{path} shows {hidden}: {page}");
            }
        }
        // One tap comes first.
        let page = page(&shop, &format!("/o/{SMS}")).await?;
        let (tap, other) = (page.find("停止する / Stop"), page.find("preferences"));
        assert!(tap.is_some() && tap < other, "{page}");
        Ok(())
    })
}

#[test]
fn each_channel_and_purpose_is_chosen_for_itself_and_back_again() -> Result<()> {
    alone(async {
        let (shop, someone, id) = shop_that_wrote(None).await?;
        let preferences = format!("/o/{SMS}/preferences");
        let choose = |channel: &str, purpose: &str, to: &str| {
            let body = format!("channel={channel}&purpose={purpose}&to={to}");
            let (shop, preferences) = (&shop, preferences.clone());
            async move { post(shop, &preferences, &body).await }
        };
        let agrees = async |channel, purpose| -> Result<bool> {
            shop.settle().await?;
            Ok(customer(&shop, &id).await?.consents_to(channel, purpose))
        };
        for (channel, purpose) in [
            (Channel::Email, Purpose::Marketing),
            (Channel::Sms, Purpose::Transactional),
            (Channel::Sms, Purpose::Marketing),
        ] {
            let address = if channel == Channel::Sms { someone.e164() } else { someone.email.clone() };
            let suppressed = async || shop.table.suppressed(channel, std::slice::from_ref(&address)).await;
            let shown =
                format!("value=\"{}\"><input type=\"hidden\" name=\"to\" value=\"on\"", purpose.name());
            assert_eq!(choose(channel.name(), purpose.name(), "off").await?.0, StatusCode::OK);
            assert!(
                page(&shop, &format!("/o/{SMS}")).await?.contains(&shown),
                "at once: {channel} {purpose:?}"
            );
            assert!(!agrees(channel, purpose).await?, "{channel} {purpose:?}");
            assert_eq!(suppressed().await?.is_empty(), purpose == Purpose::Transactional);
            shop.clock.set(shop.clock.now().plus(60));
            assert_eq!(choose(channel.name(), purpose.name(), "on").await?.0, StatusCode::OK);
            assert!(agrees(channel, purpose).await?, "{channel} {purpose:?}");
            assert!(!page(&shop, &format!("/o/{SMS}")).await?.contains(&shown), "{channel} {purpose:?}");
            assert!(suppressed().await?.is_empty());
            let last = shop.table.last_consents(&id, 1).await?.pop().context("a word")?.word;
            assert!(last.given && last.proof.source == Source::Link, "{last:?}");
            assert!(last.proof.wording.is_some_and(|wording| wording.contains("同意します")));
            shop.clock.set(shop.clock.now().plus(60));
        }
        for wrong in
            ["", "channel=sms", "channel=fax&purpose=marketing&to=on", "channel=sms&purpose=marketing&to=1"]
        {
            assert_eq!(
                post(&shop, &preferences, wrong).await?.0,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{wrong}"
            );
        }
        // Whoever has an address of before stops what comes there, and chooses nothing else.
        let elsewhere = format!("/o/{ELSEWHERE}");
        assert!(!page(&shop, &elsewhere).await?.contains("preferences"));
        let body = "channel=sms&purpose=marketing&to=off";
        assert_eq!(post(&shop, &format!("{elsewhere}/preferences"), body).await?.0, StatusCode::NOT_FOUND);
        assert!(agrees(Channel::Sms, Purpose::Marketing).await?);
        assert_eq!(shop.forbidden(), Vec::<String>::new());
        Ok(())
    })
}

#[test]
fn one_click_in_the_mailbox_is_told_apart_on_the_record() -> Result<()> {
    alone(async {
        let (shop, someone, id) = shop_that_wrote(None).await?;
        let (status, _) = post(&shop, &format!("/o/{EMAIL}"), "List-Unsubscribe=One-Click").await?;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(shop.table.suppressed(Channel::Email, &[someone.email]).await?.len(), 1);
        let proof = shop.table.last_consents(&id, 1).await?.pop().context("a word")?.word.proof;
        assert_eq!(proof.wording, None);
        let expected = format!("message {EMAIL}, from 127.0.0.1, one click in the mailbox");
        assert_eq!(proof.evidence, Some(expected));
        shop.settle().await?;
        assert!(!customer(&shop, &id).await?.consents_to(Channel::Email, Purpose::Marketing));
        Ok(())
    })
}

/// A form of the shop's own, in which anybody can write any address.
fn signs_up(someone: &Someone, at: Timestamp) -> Value {
    let said = json!({ "given": true, "source": "form", "wording": "お知らせを受け取る", "evidence": "https://shop.example.jp/news" });
    let traits = json!({ "email": someone.email, "consents": { "email": { "marketing": said } } });
    json!({ "type": "identify", "userId": someone.id, "timestamp": at.to_string(), "traits": traits })
}

#[test]
fn nothing_is_advertised_by_e_mail_before_the_button_is_pressed() -> Result<()> {
    alone(async {
        let mut shop = Shop::open(Opening::at(MORNING)).await?;
        shop.apply(&[DOUBLE_OPT_IN[0], DOUBLE_OPT_IN[1], NEWS]).await?;
        shop.settle().await?;
        let someone = Someone::willing(0);
        let id = CustomerId::parse(&someone.id)?;
        // The shop's program tells everything every night.
        for hour in [3, 2, 1] {
            shop.take(&[signs_up(&someone, MORNING.plus(-3600 * hour))]).await?;
            shop.settle().await?;
        }
        shop.take(&[someone.event("Page Viewed", "1", MORNING, &json!({}))]).await?;
        shop.pass(300).await?;
        let [asked] = &shop.accepted()?[..] else { panic!("{:?}", shop.accepted()?.len()) };
        assert_eq!(asked.to, someone.email);
        let path = path_in(asked.text.as_deref().context("texts are kept")?, "/c/")?;
        let skipped = customer(&shop, &id).await?.enrollments.iter().any(|it| {
            it.messages()
                .any(|message| message.status == domain::enrollment::Status::Skipped(SkipReason::Unconfirmed))
        });
        assert!(skipped, "the news is left out, and it says why");
        // A gateway looks at the page, and a day goes by.
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(ask(&shop, method, &path, "").await?.status(), StatusCode::OK);
        }
        shop.pass(DAY).await?;
        shop.take(&[someone.event("Page Viewed", "2", shop.clock.now(), &json!({}))]).await?;
        shop.pass(300).await?;
        assert_eq!(shop.accepted()?.len(), 1, "a look is no confirmation");
        let at = shop.clock.now();
        for _ in 0..2 {
            let (status, said) = post(&shop, &path, "").await?;
            assert!(status == StatusCode::OK && said.contains("確認しました"), "{said}");
        }
        shop.pass(DAY + 300).await?;
        shop.take(&[someone.event("Page Viewed", "3", shop.clock.now(), &json!({}))]).await?;
        shop.pass(300).await?;
        assert_eq!(shop.accepted()?.len(), 2, "the news");
        let record = shop.table.consents(&id).await?;
        assert_eq!(record.len(), 4, "{record:?}");
        let Recorded { at: confirmed_at, word } = &record[3];
        assert_eq!((*confirmed_at, word.proof.source), (at, Source::DoubleOptIn));
        assert_eq!(word.proof.address.as_deref(), Some(someone.email.as_str()));
        assert!(word.proof.wording.as_ref().is_some_and(|wording| wording.contains("同意します")));
        assert!(word.proof.evidence.as_ref().is_some_and(|evidence| evidence.ends_with("from 127.0.0.1")));
        let report = shop.report("email-double-opt-in").await?;
        assert_eq!((report.total.entered, report.total.sent), (1, 1));
        // An SMS tells nothing of who reads the e-mails of an address.
        assert_eq!(shop.forbidden(), Vec::<String>::new());
        Ok(())
    })
}

/// A confirmation that finds the inbox down counts all the same.
#[test]
fn a_confirmation_needs_the_table_only() -> Result<()> {
    alone(async {
        let down = Arc::new(Down(AtomicBool::new(true), Fault::Throttle));
        let (mut shop, _, id) = shop_that_wrote(Some(down)).await?;
        assert_eq!(post(&shop, &format!("/c/{EMAIL}"), "").await?.0, StatusCode::OK);
        assert_eq!(post(&shop, &format!("/c/{SMS}"), "").await?.0, StatusCode::NOT_FOUND);
        shop.pass(120).await?;
        let customer = customer(&shop, &id).await?;
        assert!(customer.confirmed.is_some() && customer.events.contains_key("Consent Confirmed"));
        Ok(())
    })
}

/// Words of every kind, two of them at one second that differ in nothing but where they can be looked up.
fn words(id: &str) -> Vec<Value> {
    let word = |minute: i64, said: Value| {
        let at = MORNING.plus(-60 * minute);
        let traits = json!({ "consents": { "sms": { "marketing": said } } });
        json!({ "type": "identify", "userId": id, "timestamp": at.to_string(), "traits": traits })
    };
    let proven = |given: bool, source: &str, evidence: &str| json!({ "given": given, "source": source, "evidence": evidence, "wording": "お知らせを受け取る" });
    vec![
        word(50, json!(true)),
        word(40, json!(false)),
        word(30, proven(true, "form", "https://shop.example.jp/a")),
        word(30, proven(true, "form", "https://shop.example.jp/b")),
        word(30, proven(false, "reply", "r-1")),
        word(20, proven(true, "file", "f.csv line 3")),
        word(10, proven(true, "double_opt_in", "2026-03-01 12:00 192.0.2.1")),
    ]
}

#[test]
fn the_record_is_the_same_however_often_and_in_whatever_order_it_is_told() -> Result<()> {
    let someone = Someone::willing(0);
    let record = |shuffled: Option<u64>| {
        let (id, calls) = (someone.id.clone(), words(&someone.id));
        alone(async move {
            let mut shop = Shop::open(Opening { shuffled, ..Opening::at(MORNING) }).await?;
            let id = CustomerId::parse(&id)?;
            shop.take(&calls).await?;
            shop.pass(600).await?;
            let first = shop.table.consents(&id).await?;
            // The shop sends all of it again, the last first.
            shop.take(&calls.into_iter().rev().collect::<Vec<_>>()).await?;
            shop.pass(600).await?;
            ensure!(first == shop.table.consents(&id).await?, "a row changed");
            Ok(first)
        })
    };
    let plain = record(None)?;
    assert_eq!(plain.len(), 7, "{plain:?}");
    for seed in 1..=4 {
        assert_eq!(record(Some(seed))?, plain, "seed {seed}");
    }
    Ok(())
}

/// More words than a page of the table holds, from which all come back in order.
#[test]
fn a_long_record_is_read_whole() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let id = CustomerId::parse("c1")?;
        let word = |given| ConsentSaid::new(Channel::Sms, Purpose::Marketing, given);
        let rows =
            (0..2_500_i64).map(|n| cloud::table::Row::consent(&id, &word(n % 2 == 0), MORNING.plus(n)));
        shop.table.put_all(rows.collect::<Result<_>>()?).await?;
        let all = shop.table.consents(&id).await?;
        assert_eq!(all.len(), 2_500);
        assert!(all.windows(2).all(|pair| pair[0].at < pair[1].at));
        Ok(())
    })
}
