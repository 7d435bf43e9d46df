//! E-mail through a mail server of the shop's: what arrives, who stops it, and what is never sent twice.

use anyhow::{Context, Result, ensure};
use domain::time::{DAY, MINUTE};
use mail_parser::{Message, MessageParser};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tests::customers::{BROWSER, Someone};
use tests::mail_server::{CLOSE, MailServer, Taken};
use tests::shop::{Opening, Shop, alone};

use crate::world::{LAPSED, MORNING};

/// Two letters in the name of the customer's sales person, a day apart.
const LETTERS: &str = "journey:
  name: letters
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - email:
        name: one
        subject: \"{{ customer.name }}様、春の新作とお誕生月の特典のご案内です。今年も一年ありがとうございました🌸\"
        from: { name: \"{{ customer.sales_name | default: sender }}\", reply_to: \"{{ customer.sales_email }}\" }
        text: \"{{ customer.name }}様 {{ sender }} {{ links.shop }} {{ optout }}\"
        html: \"<p>{{ customer.name }}様 {{ sender }} <a href='{{ links.shop }}'>店</a> {{ optout }}</p>\"
        links: { shop: \"https://shop.example.jp/welcome\" }
    - wait: 1d
    - email: { name: two, subject: \"{{ sender }}\", text: \"{{ sender }} {{ optout }}\" }
";

/// A shop of people who are written to through `server`, and where it has not taken a letter, through the sandbox.
async fn shop_of(people: u32, server: &MailServer) -> Result<Shop> {
    let shop = Shop::open(Opening::at(MORNING)).await?;
    let long_ago = MORNING.plus(-60 * DAY);
    let people: Vec<Someone> = (0..people).map(Someone::willing).collect();
    let mut calls: Vec<Value> = people.iter().map(|someone| someone.identify(long_ago)).collect();
    calls[0]["traits"]["sales_name"] = json!("佐藤 \"みのり\"");
    calls[0]["traits"]["sales_email"] = json!("sato@shop.example.jp");
    calls.extend(people.iter().map(|someone| someone.order("first", long_ago, 3000)));
    shop.take(&calls).await?;
    shop.settle().await?;
    let (port, sandbox) = (server.listen().await?, shop.sandbox()?.url());
    let providers = format!(
        "providers:
  accounts:
    main:
      provider: smtp
      settings: {{ host: 127.0.0.1, port: '{port}', tls: none, from: つなぎ書店 <letters@mail.example.jp> }}
    backup: {{ provider: sandbox, url: \"{sandbox}\" }}
  routes:
    - {{ channel: email, to: {{ main: 1 }}, then: [backup] }}
"
    );
    shop.apply(&[LAPSED, LETTERS, &providers]).await?;
    shop.settle().await?;
    Ok(shop)
}

/// The letter that came for someone.
fn letter_to(server: &MailServer, someone: &Someone) -> Result<Taken> {
    let to = format!("<{}>", someone.email);
    server.taken().into_iter().find(|taken| taken.to == to).context("a letter")
}

fn parsed(taken: &Taken) -> Result<Message<'_>> {
    MessageParser::default().parse(&taken.message).context("it is an e-mail")
}

fn header<'a>(message: &'a Message<'_>, name: &str) -> Option<&'a str> {
    message.headers_raw().find(|(found, _)| *found == name).map(|(_, value)| value.trim())
}

/// Where a link leads on this machine.
fn here(shop: &Shop, url: &str) -> Result<String> {
    let path = url.strip_prefix("https://t.example.jp").context("a link of ours")?;
    Ok(format!("{}{path}", shop.stack.base_url))
}

async fn ask(shop: &Shop, method: Method, url: &str) -> Result<Response> {
    Ok(shop.http.request(method, here(shop, url)?).header("user-agent", BROWSER).send().await?)
}

/// What stands between quotes after `before`.
fn quoted<'a>(html: &'a str, before: &str) -> Result<&'a str> {
    let rest = html.split_once(before).context("it is there")?.1;
    rest.split(['\'', '"']).next().context("it ends")
}

#[test]
fn a_letter_arrives_with_tracked_links_the_picture_and_its_sender() -> Result<()> {
    alone(async {
        let server = MailServer::new(&[]);
        let mut shop = shop_of(2, &server).await?;
        ensure!(server.taken().len() == 2 && shop.accepted()?.is_empty(), "all through the mail server");
        let people = [0, 1].map(Someone::willing);
        let (own, other) = (letter_to(&server, &people[0])?, letter_to(&server, &people[1])?);
        let message = parsed(&own)?;
        let first = |addresses: Option<&mail_parser::Address<'_>>| {
            let address = addresses.and_then(mail_parser::Address::first).cloned();
            address.map(|address| {
                (
                    address.name().unwrap_or_default().to_owned(),
                    address.address().unwrap_or_default().to_owned(),
                )
            })
        };
        let pair = |name: &str, address: &str| Some((name.to_owned(), address.to_owned()));
        assert_eq!(first(message.from()), pair("佐藤 \"みのり\"", "letters@mail.example.jp"));
        assert_eq!(first(message.reply_to()), pair("", "sato@shop.example.jp"));
        let subject = "様、春の新作とお誕生月の特典のご案内です。今年も一年ありがとうございました🌸";
        assert_eq!(message.subject(), Some(format!("{}{subject}", people[0].name).as_str()));
        assert_eq!(message.date().context("a date")?.to_timestamp(), MORNING.seconds());
        assert_eq!(own.from, "<letters@mail.example.jp>");
        // The shop itself writes to whom nobody looks after.
        let others = parsed(&other)?;
        assert_eq!(first(others.from()), pair("つなぎ書店", "letters@mail.example.jp"));
        assert!(others.reply_to().is_none());
        let html = message.body_html(0).context("it has HTML")?;
        let (link, picture) = (quoted(&html, "href='")?, quoted(&html, "<img src=\"")?);
        let text = message.body_text(0).context("it has a text")?;
        assert!(text.contains(link), "the link in the text is the same: {text}");
        let code = header(&message, "X-Tsunagi-Code").context("the code")?;
        assert_eq!(
            (link, picture),
            (&*format!("https://t.example.jp/l/{code}"), &*format!("https://t.example.jp/p/{code}.gif"))
        );
        assert_eq!(message.message_id(), Some(format!("{code}@mail.example.jp").as_str()));
        // SMTP tells no more than that it was accepted.
        shop.pass(MINUTE).await?;
        let report = shop.report("letters").await?;
        assert_eq!((report.total.sent, report.total.delivered, report.total.opened), (2, 0, 0));
        let clicked = ask(&shop, Method::GET, link).await?;
        assert_eq!(clicked.status(), StatusCode::FOUND);
        assert_eq!(clicked.headers()["location"], "https://shop.example.jp/welcome");
        assert_eq!(ask(&shop, Method::GET, picture).await?.status(), StatusCode::OK);
        shop.settle().await?;
        let report = shop.report("letters").await?;
        assert_eq!((report.total.clicked, report.total.opened), (1, 1));
        Ok(())
    })
}

/// RFC 8058: the mailbox's own button posts to the address in the header; whatever else looks at it changes nothing.
#[test]
fn one_click_opts_out_and_a_look_never_does() -> Result<()> {
    alone(async {
        let server = MailServer::new(&[]);
        let mut shop = shop_of(4, &server).await?;
        let people = [0, 1, 2, 3].map(Someone::willing);
        let unsubscribe = |someone: &Someone| -> Result<String> {
            let letter = letter_to(&server, someone)?;
            let message = parsed(&letter)?;
            ensure!(
                header(&message, "List-Unsubscribe-Post") == Some("List-Unsubscribe=One-Click"),
                "one click"
            );
            let address = header(&message, "List-Unsubscribe").context("an address")?;
            Ok(address.trim_matches(['<', '>']).to_owned())
        };
        let button = |body: &'static str, kind: &'static str, url: String| {
            let post =
                here(&shop, &url).map(|url| shop.http.post(url).header("content-type", kind).body(body));
            async move { Ok::<_, anyhow::Error>(post?.send().await?.status()) }
        };
        let form = "application/x-www-form-urlencoded";
        let status = button("List-Unsubscribe=One-Click", form, unsubscribe(&people[0])?).await?;
        assert_eq!(status, StatusCode::OK, "and no redirect");
        let parts =
            "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
        let status = button(parts, "multipart/form-data; boundary=b", unsubscribe(&people[1])?).await?;
        assert_eq!(status, StatusCode::OK);
        let looked = unsubscribe(&people[2])?;
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT] {
            ask(&shop, method, &looked).await?;
        }
        let query = format!("{looked}?List-Unsubscribe=One-Click");
        assert_eq!(ask(&shop, Method::GET, &query).await?.status(), StatusCode::OK);
        shop.pass(2 * DAY).await?;
        let mut second: Vec<String> = server.taken().into_iter().skip(4).map(|taken| taken.to).collect();
        second.sort();
        assert_eq!(second, [&people[2], &people[3]].map(|someone| format!("<{}>", someone.email)));
        assert_eq!(shop.report("letters").await?.steps[1].skipped, 2);
        Ok(())
    })
}

#[test]
fn another_account_takes_over_what_the_server_has_not_taken() -> Result<()> {
    alone(async {
        let server = MailServer::new(&[("RCPT", "451 4.3.0 later")]);
        let shop = shop_of(3, &server).await?;
        let to: std::collections::BTreeSet<String> =
            shop.accepted()?.into_iter().map(|entry| entry.to).collect();
        assert_eq!(to.len(), 3);
        assert_eq!(shop.report("letters").await?.total.sent, 3);
        Ok(())
    })
}

#[test]
fn a_letter_whose_fate_is_unknown_is_sent_by_nobody_else() -> Result<()> {
    alone(async {
        let server = MailServer::new(&[("message", CLOSE)]);
        let mut shop = shop_of(2, &server).await?;
        shop.pass(3 * DAY).await?;
        let messages = server.said().iter().filter(|line| line.as_str() == "DATA").count();
        assert_eq!((messages, shop.accepted()?.len()), (4, 0), "each of two letters to two people once");
        let report = shop.report("letters").await?;
        assert_eq!((report.total.sent, report.unknown), (0, 2));
        Ok(())
    })
}
