//! E-mail: what a customer wrote of themselves stays words, and an answer can opt out.

use anyhow::{Context, Result};
use domain::time::DAY;
use providers::receipts::Secret;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::optout::post;
use crate::world::{LAPSED, MORNING};

/// Two letters, a day apart.
const LETTERS: &str = "journey:
  name: letters
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - email:
        name: one
        subject: \"{{ customer.name }}様\"
        text: \"{{ customer.name }}様 {{ sender }} {{ optout }}\"
        html: \"<p title='{{ customer.name }}'>{{ customer.name }}様 {{ sender }} <a href='{{ links.shop }}'>店</a> {{ optout }}</p>\"
        links: { shop: \"https://shop.example.jp/\" }
    - wait: 1d
    - email: { name: two, subject: \"{{ sender }}\", text: \"{{ sender }} {{ optout }}\" }
";

async fn letters_to(people: &[Someone]) -> Result<Shop> {
    let shop = Shop::open(Opening::at(MORNING)).await?;
    let long_ago = MORNING.plus(-60 * DAY);
    let both = |someone: &Someone| [someone.identify(long_ago), someone.order("first", long_ago, 3000)];
    let calls: Vec<Value> = people.iter().flat_map(both).collect();
    shop.take(&calls).await?;
    shop.settle().await?;
    shop.apply(&[LAPSED, LETTERS]).await?;
    shop.settle().await?;
    Ok(shop)
}

#[test]
fn a_name_brings_nothing_into_a_letter_but_words() -> Result<()> {
    alone(async {
        let name = "<img src=//evil.example> 'A' & B".to_owned();
        let shop = letters_to(&[Someone { name: name.clone(), ..Someone::willing(0) }]).await?;
        let letter = shop.accepted()?.pop().context("one letter")?;
        let html = letter.html.context("it has HTML")?;
        let words = "&lt;img src=//evil.example&gt; &#39;A&#39; &amp; B";
        assert!(
            html.starts_with(&format!("<p title='{words}'>{words}様 つなぎ書店 <a href='https://")),
            "{html}"
        );
        assert_eq!(html.matches("<img").count(), 1, "the picture alone: {html}");
        assert!(letter.text.context("it has a text")?.starts_with(&name), "a plain text is taken as it is");
        Ok(())
    })
}

#[test]
fn an_answer_that_opts_out_stops_further_letters() -> Result<()> {
    alone(async {
        let people = [0, 1, 2].map(Someone::willing);
        let mut shop = letters_to(&people).await?;
        let secret = Secret::parse(&shop.secrets.callback_secret)?;
        let now = shop.clock.now();
        let reference = |to: &Someone| -> Result<String> {
            let sent = shop.accepted()?.into_iter().find(|entry| entry.to == to.email);
            Ok(sent.context("a letter each")?.reference)
        };
        let says = |reference: String, id: &str, text: &str| json!({ "type": "email_reply", "reference": reference, "text": text, "at": now, "id": id });
        let told = json!([
            says(reference(&people[0])?, "r0", "配信停止\n\n> つなぎ書店"),
            says(reference(&people[1])?, "r1", "楽しみです\n\n> 配信の停止: https://t.example.jp/o/x"),
            { "type": "email_reply", "reference": reference(&people[2])?, "at": now, "id": "r2" },
        ]);
        assert_eq!(post(&shop, now, &secret, &told.to_string()).await?, StatusCode::OK);
        shop.pass(2 * DAY).await?;
        let mut second: Vec<String> = shop.accepted()?.into_iter().skip(3).map(|entry| entry.to).collect();
        second.sort();
        assert_eq!(second, [people[1].email.clone(), people[2].email.clone()]);
        assert_eq!(shop.report("letters").await?.steps[1].skipped, 1);
        Ok(())
    })
}

/// A letter in the name of the customer's own sales person.
const OWN: &str = "journey:
  name: own
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - email:
        name: one
        subject: \"{{ sender }}\"
        from: { name: \"{{ customer.sales_name | default: sender }}\", reply_to: \"{{ customer.sales_email }}\" }
        text: \"{{ sender }} {{ optout }}\"
";

#[test]
fn a_letter_of_ones_own_sales_person_bears_their_name_and_is_answered_to_them() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let long_ago = MORNING.plus(-60 * DAY);
        let people = [0, 1].map(Someone::willing);
        let mut calls: Vec<Value> = people.iter().map(|someone| someone.identify(long_ago)).collect();
        calls[0]["traits"]["sales_name"] = json!("佐藤 \"みのり\"");
        calls[0]["traits"]["sales_email"] = json!("sato@shop.example.jp");
        calls.extend(people.iter().map(|someone| someone.order("first", long_ago, 3000)));
        shop.take(&calls).await?;
        shop.settle().await?;
        shop.apply(&[LAPSED, OWN]).await?;
        shop.settle().await?;
        let letters = shop.accepted()?;
        let letter =
            |to: &Someone| letters.iter().find(|entry| entry.to == to.email).context("a letter each");
        let (own, other) = (letter(&people[0])?, letter(&people[1])?);
        let from = |entry: &sandbox::Entry| entry.from.clone().context("it has a sender");
        let (own_from, other_from) = (from(own)?, from(other)?);
        let address = own_from.strip_prefix("\"佐藤 \\\"みのり\\\"\" ").context(own_from.clone())?;
        assert!(address.starts_with('<') && address.contains('@') && address.ends_with('>'), "{own_from}");
        assert_eq!(
            other_from,
            format!("\"つなぎ書店\" {address}"),
            "the shop's own address under either name"
        );
        let replies = |entry: &sandbox::Entry| -> Vec<String> {
            let to = entry.headers.iter().filter(|(name, _)| name == "Reply-To");
            to.map(|(_, address)| address.clone()).collect()
        };
        assert_eq!(replies(own), ["sato@shop.example.jp"]);
        assert_eq!(replies(other), [""; 0], "without a sales person, replies go to the shop");
        assert!(own.headers.iter().any(|(name, _)| name == "List-Unsubscribe"), "{:?}", own.headers);
        Ok(())
    })
}
