//! `link` leads where the definition says, at the price of one read and one message, and counts nothing but people.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cloud::inbox::Inbox;
use cloud::table::messages::MessageItem;
use domain::contact::Channel;
use domain::customer::Value;
use domain::input::{Input, Visitor};
use domain::message::Code;
use domain::names::CustomerId;
use domain::time::{DAY, Timestamp};
use local::faults::{Call, Fault, Faults, Service};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use tests::customers::{BROWSER, Someone};
use tests::shop::{Opening, Shop, alone};

/// Monday, 2 March 2026, 10:00 in Japan.
const MORNING: Timestamp = Timestamp::from_seconds(1_772_413_200);
const CODE: &str = "Known0000000";
const ASKING: &str = "Asking000000";
const EXPIRED: &str = "Expired00000";
const LINKS: [&str; 3] = [
    "https://shop.example.jp/welcome?from=sms&x=%E6%98%A5#top",
    "https://shop.example.jp/商品/春?色=薄 紅",
    "http://shop.example.jp/",
];

/// A shop that sent a message with three links, one that asks for an e-mail address as well, and another one long ago.
async fn shop_with_links(faults: Option<Arc<dyn Faults>>) -> Result<Shop> {
    let shop = Shop::open(Opening { faults, ..Opening::at(MORNING) }).await?;
    let messages =
        [(CODE, false, MORNING.plus(DAY)), (ASKING, true, MORNING.plus(DAY)), (EXPIRED, true, MORNING)];
    for (code, asks_email, expires) in messages {
        let message = MessageItem {
            code: Code::parse(code).context("a code")?,
            customer: CustomerId::parse("c00001")?,
            channel: Channel::Sms,
            to: "+819012340001".to_owned(),
            links: LINKS.map(ToOwned::to_owned).to_vec(),
            asks_email,
            claimed_at: MORNING.plus(-60),
            attempt: "test".to_owned(),
            account: None,
            charge: None,
            outcome: None,
            expires,
        };
        shop.table.claim(&message).await?;
    }
    Ok(shop)
}

async fn ask(shop: &Shop, method: Method, path: &str, header: Option<(&str, &str)>) -> Result<Response> {
    let mut request = shop.http.request(method, format!("{}{path}", shop.stack.base_url));
    let named = header.is_some_and(|(name, _)| name == "user-agent");
    for (name, value) in (!named).then_some(("user-agent", BROWSER)).into_iter().chain(header) {
        request = request.header(name, value);
    }
    Ok(request.send().await?)
}

/// Fills in a form; what it answers.
async fn fill_in(shop: &Shop, path: &str, body: &str) -> Result<(StatusCode, String)> {
    let request = shop.http.post(format!("{}{path}", shop.stack.base_url)).header("user-agent", BROWSER);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body.to_owned()).send().await?;
    Ok((answer.status(), answer.text().await?))
}

fn location(response: &Response) -> Option<&str> {
    response.headers().get("location").and_then(|value| value.to_str().ok())
}

fn click(link: usize, by: Visitor) -> Result<Inbox> {
    let click = Input::Click { code: Code::parse(CODE).context("a code")?, link, by, at: MORNING };
    Ok(Inbox::new(CustomerId::parse("c00001")?, vec![click]))
}

/// Takes what lies in the inbox.
async fn told(shop: &Shop) -> Result<Vec<Inbox>> {
    let queues = shop.stack.runtime.region().queues();
    let messages = queues.peek("InboxQueue", 100).await?;
    queues.purge("InboxQueue").await?;
    messages.iter().map(|message| Ok(serde_json::from_str(&message.body)?)).collect()
}

#[test]
fn each_link_leads_to_its_target_for_one_read_and_one_message() -> Result<()> {
    alone(async {
        let shop = shop_with_links(None).await?;
        let expected = [
            (format!("/l/{CODE}"), LINKS[0], 0),
            (format!("/l/{CODE}/0"), LINKS[0], 0),
            (
                format!("/l/{CODE}/1"),
                "https://shop.example.jp/%E5%95%86%E5%93%81/%E6%98%A5?%E8%89%B2=%E8%96%84%20%E7%B4%85",
                1,
            ),
            (format!("/l/{CODE}/2"), LINKS[2], 2),
        ];
        for (path, target, link) in expected {
            let before = shop.used();
            let answer = ask(&shop, Method::GET, &path, None).await?;
            assert_eq!((answer.status(), location(&answer)), (StatusCode::FOUND, Some(target)), "{path}");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let used = shop.used().since(&before);
            let used = used.0.get("link").context("link was invoked")?;
            assert_eq!(used.dynamodb.get("GetItem"), Some(&1), "{path}: {used:?}");
            assert_eq!((used.dynamodb_calls(), used.sqs_requests()), (1, 1), "{path}: {used:?}");
            assert_eq!(told(&shop).await?, [click(link, Visitor::Person)?], "{path}");
        }
        Ok(())
    })
}

#[test]
fn what_leads_nowhere_gets_a_page_and_counts_nothing() -> Result<()> {
    alone(async {
        let shop = shop_with_links(None).await?;
        let unknown = "Unknown00000";
        let paths = [
            format!("/l/{unknown}"),
            format!("/l/{unknown}/1"),
            format!("/l/{EXPIRED}"),
            format!("/o/{EXPIRED}"),
            format!("/f/{EXPIRED}"),
            format!("/f/{unknown}"),
            // Its text does not ask for an address: who has another link of it can't change where e-mails go.
            format!("/f/{CODE}"),
            "/f/%FF".to_owned(),
            format!("/l/{CODE}/3"),
            format!("/l/{CODE}/-1"),
            format!("/l/{CODE}/99999999999999999999"),
            format!("/l/{CODE}/%FF"),
            "/l/x".to_owned(),
            format!("/l/{}", "A".repeat(5_000)),
            "/l/%FF%FE".to_owned(),
            "/o/%FF".to_owned(),
            "/l/..%2F..%2Fetc".to_owned(),
            "/l/https:%2F%2Fevil.example.com".to_owned(),
            format!("/l/{CODE}%00"),
        ];
        for path in paths {
            let answer = ask(&shop, Method::GET, &path, None).await?;
            assert_eq!((answer.status(), location(&answer)), (StatusCode::NOT_FOUND, None), "{path}");
            assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8", "{path}");
            let page = answer.text().await?;
            assert!(page.contains("ページが見つかりません") && !page.contains("evil"), "{path}: {page}");
            if path.starts_with("/f/") {
                assert_eq!(
                    fill_in(&shop, &path, "email=a@example.jp").await?.0,
                    StatusCode::NOT_FOUND,
                    "{path}"
                );
            }
        }
        assert!(told(&shop).await?.is_empty(), "something was counted");
        Ok(())
    })
}

/// What looks a link up, fetches it before anyone asked, or calls itself a program is answered, and told apart from people;
/// what fetches a picture ahead opens nothing, and a mailbox that shows it to a person in its own name does.
#[test]
fn programs_are_answered_and_told_apart() -> Result<()> {
    alone(async {
        let shop = shop_with_links(None).await?;
        let ahead = [
            (Method::HEAD, None),
            (Method::GET, Some(("Sec-Purpose", "prefetch;prerender"))),
            (Method::GET, Some(("Purpose", "prefetch"))),
            (Method::GET, Some(("X-Purpose", "preview"))),
            (Method::GET, Some(("X-Moz", "prefetch"))),
        ];
        for (method, header) in ahead {
            let answer = ask(&shop, method.clone(), &format!("/l/{CODE}/2"), header).await?;
            let what = format!("{method} {header:?}");
            assert_eq!((answer.status(), location(&answer)), (StatusCode::FOUND, Some(LINKS[2])), "{what}");
            let picture = ask(&shop, method, &format!("/p/{CODE}.gif"), header).await?;
            assert_eq!(picture.status(), StatusCode::OK, "{what}");
            assert_eq!(told(&shop).await?, [click(2, Visitor::Program)?], "{what}");
        }
        // One that poses as a browser, two seconds after the message went to its provider.
        let code = Code::parse("Fresh0000000").context("a code")?;
        let known =
            shop.table.message(&Code::parse(CODE).context("a code")?).await?.context("the message")?;
        shop.table.claim(&MessageItem { code: code.clone(), claimed_at: MORNING.plus(-2), ..known }).await?;
        ask(&shop, Method::GET, &format!("/l/{}/2", code.as_str()), None).await?;
        let early = Input::Click { code, link: 2, by: Visitor::Program, at: MORNING };
        assert_eq!(told(&shop).await?, [Inbox::new(CustomerId::parse("c00001")?, vec![early])]);
        let scanner = Some(("user-agent", "Barracuda Sentinel (EE)"));
        ask(&shop, Method::GET, &format!("/l/{CODE}"), scanner).await?;
        assert_eq!(told(&shop).await?, [click(0, Visitor::Program)?]);
        for mailbox in [
            None,
            Some(("user-agent", "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html")),
        ] {
            ask(&shop, Method::GET, &format!("/p/{CODE}.gif"), mailbox).await?;
            assert_eq!(told(&shop).await?.len(), 1, "an opening by a person: {mailbox:?}");
        }
        Ok(())
    })
}

/// A service of `link` that is down.
struct Down(Service, Fault);

impl Faults for Down {
    fn on(&self, call: &Call) -> Fault {
        if call.function == "link" && call.service == self.0 { self.1 } else { Fault::None }
    }
}

/// An inbox that refuses, does not answer, or answers after minutes.
#[test]
fn an_inbox_that_is_down_stops_nobody() -> Result<()> {
    for fault in [Fault::Throttle, Fault::LoseRequest, Fault::Delay(120_000)] {
        alone(async {
            let shop = shop_with_links(Some(Arc::new(Down(Service::Sqs, fault)))).await?;
            let began = Instant::now();
            let answer = ask(&shop, Method::GET, &format!("/l/{CODE}"), None).await?;
            ensure!(location(&answer) == Some(LINKS[0]), "{fault:?}: {}", answer.status());
            ensure!(began.elapsed() < Duration::from_secs(5), "{fault:?}: {:?}", began.elapsed());
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn a_table_that_is_down_gets_a_page_that_says_so() -> Result<()> {
    alone(async {
        let shop = shop_with_links(Some(Arc::new(Down(Service::DynamoDb, Fault::Throttle)))).await?;
        let answer = ask(&shop, Method::GET, &format!("/l/{CODE}"), None).await?;
        assert_eq!((answer.status(), location(&answer)), (StatusCode::SERVICE_UNAVAILABLE, None));
        assert_eq!(answer.headers()["retry-after"], "5");
        let (status, _) = fill_in(&shop, &format!("/f/{ASKING}"), "email=a@example.jp").await?;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(told(&shop).await?.is_empty());
        Ok(())
    })
}

#[test]
fn the_form_takes_an_address_and_says_what_is_wrong_with_others() -> Result<()> {
    alone(async {
        let shop = shop_with_links(None).await?;
        let path = format!("/f/{ASKING}");
        let bot =
            Some(("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"));
        for (method, header) in [(Method::GET, None), (Method::GET, bot), (Method::HEAD, None)] {
            let page = ask(&shop, method.clone(), &path, header).await?;
            assert_eq!(page.status(), StatusCode::OK, "{method}");
            let page = page.text().await?;
            let shown =
                page.contains("つなぎ書店") && page.contains("name=\"email\"") && !page.contains("alert");
            assert!(shown || method == Method::HEAD, "{page}");
        }
        let long = format!("email={}@example.jp", "a".repeat(65));
        let huge = format!("email=a@example.jp&x={}", "x".repeat(5_000));
        let wrong = [
            ("email=hana", "value=\"hana\"", StatusCode::UNPROCESSABLE_ENTITY),
            (
                "email=%22%3E%3Cscript%3E",
                "value=\"&quot;&gt;&lt;script&gt;\"",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            ("email=", "value=\"\"", StatusCode::UNPROCESSABLE_ENTITY),
            ("mail=hana@example.jp", "value=\"\"", StatusCode::UNPROCESSABLE_ENTITY),
            ("", "value=\"\"", StatusCode::UNPROCESSABLE_ENTITY),
            (&long, "value=\"aaaaa", StatusCode::UNPROCESSABLE_ENTITY),
            (&huge, "value=\"\"", StatusCode::PAYLOAD_TOO_LARGE),
        ];
        for (body, shown, expected) in wrong {
            let (status, page) = fill_in(&shop, &path, body).await?;
            assert_eq!(status, expected, "{body}: {page}");
            assert!(
                page.contains("メールアドレスとして読めません") && page.contains(shown),
                "{body}: {page}"
            );
        }
        assert!(told(&shop).await?.is_empty(), "nothing was told");
        for _ in 0..2 {
            let (status, page) = fill_in(&shop, &path, "email=+Hana.New%40Example.jp").await?;
            assert_eq!(status, StatusCode::OK);
            assert!(page.contains("ありがとうございます") && page.contains("つなぎ書店"), "{page}");
        }
        let [first, second] = &told(&shop).await?[..] else { panic!("each is told") };
        assert_eq!(first, second, "the same again is the same");
        let [Input::Identify { traits, consents, at }, Input::Track { event }] = &first.inputs[..] else {
            panic!("{first:?}")
        };
        assert_eq!((first.customer.as_str(), *at), ("c00001", MORNING));
        assert_eq!(*traits, [("email".to_owned(), Value::Text("hana.new@example.jp".to_owned()))].into());
        assert!(consents.is_empty() && event.name == "Address Updated" && event.at == MORNING);
        Ok(())
    })
}

/// An inbox that refuses: nobody is thanked for what was not taken.
#[test]
fn an_address_is_acknowledged_only_when_the_inbox_has_it() -> Result<()> {
    alone(async {
        let shop = shop_with_links(Some(Arc::new(Down(Service::Sqs, Fault::Throttle)))).await?;
        let (status, page) = fill_in(&shop, &format!("/f/{ASKING}"), "email=a@example.jp").await?;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!page.contains("ありがとうございます"), "{page}");
        Ok(())
    })
}

/// Asks by SMS for an address, and writes to it.
const ASKS: &str = "journey:
  name: asks
  purpose: transactional
  enter: request
  reentry: never
  steps:
    - sms: { name: ask, text: \"{{ sender }} {{ forms.email }}\" }
    - wait_for:
        event: Address Updated
        within: 3d
        then: [{ email: { name: thanks, subject: \"{{ sender }}\", text: \"{{ sender }}\" } }]
";

#[test]
fn an_address_that_was_asked_for_reaches_the_customer_and_the_journey_goes_on() -> Result<()> {
    alone(async {
        let mut shop = Shop::open(Opening::at(MORNING)).await?;
        let someone = Someone::willing(0);
        shop.take(&[someone.identify(MORNING.plus(-DAY))]).await?;
        shop.apply(&[ASKS]).await?;
        shop.settle().await?;
        shop.take(&[json!({ "type": "enroll", "userId": someone.id, "journey": "asks", "key": "a" })])
            .await?;
        // Its receipt has come, too.
        shop.pass(300).await?;
        let asked = shop.accepted()?.pop().context("an SMS")?;
        let text = asked.text.context("texts are kept")?;
        let path = text.strip_prefix("つなぎ書店 https://t.example.jp").context("the form")?.to_owned();
        assert_eq!(path, format!("/f/{}", asked.reference));
        let id = CustomerId::parse(&someone.id)?;
        let before = shop.table.customer(&id).await?;
        let scanner = Some(("user-agent", "Barracuda Sentinel (EE)"));
        assert_eq!(ask(&shop, Method::GET, &path, scanner).await?.status(), StatusCode::OK);
        assert_eq!(fill_in(&shop, &path, "email=hana.new@").await?.0, StatusCode::UNPROCESSABLE_ENTITY);
        shop.settle().await?;
        assert_eq!(shop.table.customer(&id).await?, before, "a look and a mistake change nothing");
        assert_eq!(fill_in(&shop, &path, "email=hana.new@example.jp").await?.0, StatusCode::OK);
        shop.pass(60).await?;
        let after = shop.table.customer(&id).await?.context("the customer")?.customer;
        assert_eq!(after.address(Channel::Email), Some("hana.new@example.jp"));
        let to: Vec<String> = shop.accepted()?.into_iter().map(|entry| entry.to).collect();
        assert_eq!(to, [someone.e164(), "hana.new@example.jp".to_owned()]);
        assert_eq!(shop.forbidden(), Vec::<String>::new());
        Ok(())
    })
}
