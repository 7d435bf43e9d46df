//! A release is deployed while campaigns run. What the one before left in the table and in the queues is read, whatever of it
//! that is; what a later one wrote is neither misread nor written over.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::contact::Channel;
use domain::input::List;
use domain::names::{CustomerId, JourneyName, SegmentName};
use domain::time::{DAY, HOUR, Timestamp};
use local::sqs::{MAX_RECEIVE, Outgoing};
use local::virtual_time::Driver;
use providers::receipts::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, sign};
use serde_json::{Value, json};
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::{LAPSED, MORNING, lapsed_shop};

type Item = HashMap<String, AttributeValue>;

/// An SMS that is held over night; who answers gets a letter.
const WIN_BACK: &str = "journey:
  name: win-back
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  goal: Order Completed
  steps:
    - wait: 12h
    - sms: { name: hello, text: \"{{ sender }} お元気ですか 停止はSTOP返信\" }
    - wait_for:
        when: { replied: hello }
        within: 2d
        then:
          - email: { name: thanks, subject: Hello, text: \"{{ sender }} {{ optout }}\" }
        otherwise: [{ add_to_audience: silent }]
";

/// Of those who ask every day, seven times: so many that the earlier ones are not kept whole.
const LETTERS: &str = "journey:
  name: letters
  purpose: marketing
  enter: { event: Asked }
  reentry: { at_most: { times: 7, within_days: 365 } }
  steps:
    - email: { name: letter, subject: Hello, text: \"{{ sender }} {{ optout }}\" }
";

const PEOPLE: u32 = 4;

/// Days on which everyone asks for a letter.
const DAYS: i64 = 10;

/// What was put in the place of what is written today.
#[derive(Debug, Default)]
struct Replaced {
    payloads: BTreeMap<String, u32>,
    customers: u32,
    /// Beginnings without a key, and messages that say why they were held.
    past: usize,
    held: u32,
}

/// A shop in which, if it is to be so, everything is as an earlier release wrote it whenever a function comes to it.
struct Life {
    shop: Shop,
    driver: Driver,
    replaced: Option<Replaced>,
}

/// What came of it: messages that the provider took, and what the table holds of journeys, messages and lists.
#[derive(Debug, PartialEq)]
struct Ended {
    accepted: Vec<String>,
    rows: BTreeMap<String, BTreeMap<String, String>>,
}

fn table(shop: &Shop) -> Result<(Client, &str)> {
    let runtime = &shop.stack.runtime;
    let name = runtime.template().tables.keys().next().context("the template has no table")?;
    Ok((Client::new(&runtime.region().sdk_config("test")), name))
}

async fn items(shop: &Shop) -> Result<Vec<Item>> {
    let (client, name) = table(shop)?;
    let page = client.scan().table_name(name).send().await?;
    ensure!(page.last_evaluated_key.is_none(), "more than a page of items");
    Ok(page.items.unwrap_or_default())
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

/// A customer's document as the first releases wrote it.
fn first_document(document: &mut Value, replaced: &mut Replaced) {
    let past = document.get_mut("past").and_then(Value::as_object_mut);
    for begun in past.into_iter().flat_map(|past| past.values_mut()).filter_map(Value::as_array_mut).flatten()
    {
        if let Some([at]) = begun.as_array().map(Vec::as_slice) {
            *begun = at.clone();
            replaced.past += 1;
        }
    }
    let enrollments = document.get_mut("enrollments").and_then(Value::as_array_mut);
    for enrollment in enrollments.into_iter().flatten() {
        let holds = enrollment.get("holds").cloned().unwrap_or_default();
        let before = replaced.held;
        let visits = enrollment.get_mut("visits").and_then(Value::as_array_mut);
        for message in visits.into_iter().flatten().filter_map(|visit| visit.get_mut("message")) {
            if message.get("purpose").is_none() {
                message["purpose"] = json!("marketing");
            }
            let mut of_it = holds.as_array().into_iter().flatten().filter(|hold| hold[1] == message["step"]);
            if let Some(hold) = of_it.next_back() {
                message["held"] = json!([hold[3], hold[2]]);
                replaced.held += 1;
            }
        }
        // Until there is a message, its state says why it is held.
        if let Some(enrollment) = enrollment.as_object_mut().filter(|_| replaced.held > before) {
            enrollment.remove("holds");
        }
    }
}

/// A payload as the first releases wrote it.
fn first_payload(body: &Value) -> Value {
    let run = body["run"].as_str().and_then(|run| run.strip_prefix("recompute#")?.strip_suffix("#0000"));
    let number = run.filter(|_| body["task"] == "part" && body["hop"] == 0);
    if let Some(number) = number.and_then(|number| number.parse::<u32>().ok()) {
        return json!({
            "v": 1, "run": format!("{number}-1772413200"), "definitions": number, "part": body["part"], "parts": 8,
            "after": null, "again": false, "read": 0, "changed": 0,
        });
    }
    let mut first = body.clone();
    if body["v"] == 1 {
        first.as_object_mut().map(|first| first.remove("v"));
    }
    first
}

/// What a payload is about.
fn kind(body: &Value) -> &str {
    let input = body["inputs"].as_array().and_then(|inputs| inputs.first()?["type"].as_str());
    let told = [("code", "message to send"), ("definitions", "part of a run")];
    let told = told.into_iter().find(|(name, _)| body.get(name).is_some());
    input.or(told.map(|(_, kind)| kind)).unwrap_or("other")
}

impl Life {
    async fn begin(replaced: Option<Replaced>) -> Result<Self> {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let runtime = Arc::clone(&shop.stack.runtime);
        let driver = Driver::new(runtime, shop.stack.sandbox.clone(), shop.clock.clone())?;
        Ok(Self { shop, driver, replaced })
    }

    /// Does all there is to do at this instant.
    async fn settle(&mut self) -> Result<()> {
        loop {
            let mut worked = 0;
            for feed in self.shop.stack.runtime.feeds() {
                loop {
                    self.replace_queued(&feed.queue).await?;
                    let count = self.shop.stack.runtime.poll(&feed).await?;
                    worked += count;
                    if count == 0 {
                        break;
                    }
                    self.replace_stored().await?;
                }
            }
            worked += self.shop.sandbox()?.act(self.shop.clock.now().seconds() * 1000).await;
            if worked == 0 {
                return Ok(());
            }
        }
    }

    async fn until(&mut self, end: Timestamp) -> Result<()> {
        self.settle().await?;
        while self.driver.jump(end).await?.is_some() {
            self.settle().await?;
        }
        Ok(())
    }

    async fn replace_queued(&mut self, queue: &str) -> Result<()> {
        let Some(replaced) = &mut self.replaced else { return Ok(()) };
        let queues = self.shop.stack.runtime.region().queues();
        if queues.counts(queue).await?.visible == 0 {
            return Ok(());
        }
        let received = queues.receive(queue, MAX_RECEIVE).await?;
        let mut earlier = Vec::new();
        for message in &received {
            let body = first_payload(&serde_json::from_str(&message.body)?);
            *replaced.payloads.entry(kind(&body).to_owned()).or_default() += 1;
            earlier.push(Outgoing { body: body.to_string(), ..Outgoing::default() });
        }
        queues.send(queue, earlier).await?;
        Ok(queues.delete(queue, received.into_iter().map(|message| message.receipt).collect()).await?)
    }

    async fn replace_stored(&mut self) -> Result<()> {
        let Some(replaced) = &mut self.replaced else { return Ok(()) };
        let (client, name) = table(&self.shop)?;
        for mut item in items(&self.shop).await? {
            if item.remove("v").is_none() {
                continue;
            }
            if text(&item, "sk") == "customer" {
                let mut document: Value = serde_json::from_str(text(&item, "doc"))?;
                first_document(&mut document, replaced);
                item.insert("doc".to_owned(), AttributeValue::S(document.to_string()));
                replaced.customers += 1;
            }
            client.put_item().table_name(name).set_item(Some(item)).send().await?;
        }
        Ok(())
    }

    /// A person answers the SMS.
    async fn answer(&self, someone: &Someone) -> Result<()> {
        let (shop, now) = (&self.shop, self.shop.clock.now());
        let accepted = shop.accepted()?;
        let sms = accepted.iter().find(|entry| entry.channel == Channel::Sms && entry.to == someone.e164());
        let code = &sms.context("an SMS")?.reference;
        let body = json!({
            "type": "reply", "from": someone.e164(), "to_reference": code, "text": "はい", "at": now, "id": someone.id,
        });
        let (body, secret) = (body.to_string(), Secret::parse(&shop.secrets.callback_secret)?);
        let request = shop
            .http
            .post(format!("{}/callbacks/sandbox", shop.stack.base_url))
            .header(ID_HEADER, &someone.id)
            .header(TIMESTAMP_HEADER, now.seconds().to_string())
            .header(SIGNATURE_HEADER, sign(&secret, &someone.id, now, body.as_bytes()));
        request.body(body).send().await?.error_for_status()?;
        Ok(())
    }

    /// Two campaigns: everyone is written to, some answer, one buys, and all ask for letters every day.
    async fn live(&mut self) -> Result<Ended> {
        let people: Vec<Someone> = (0..PEOPLE).map(Someone::willing).collect();
        let long_ago = MORNING.plus(-60 * DAY);
        let known = people.iter().flat_map(|it| [it.identify(long_ago), it.order("first", long_ago, 3000)]);
        self.shop.take(&known.collect::<Vec<_>>()).await?;
        self.settle().await?;
        self.shop.apply(&[LAPSED, WIN_BACK, LETTERS]).await?;
        for day in 0..DAYS {
            let at = MORNING.plus(day * DAY + HOUR);
            self.until(at).await?;
            let asked = people.iter().map(|it| it.event("Asked", &day.to_string(), at, &json!({})));
            self.shop.take(&asked.collect::<Vec<_>>()).await?;
            if day == 2 {
                self.answer(&people[0]).await?;
                self.answer(&people[1]).await?;
                self.shop.take(&[people[2].order("second", at, 4500)]).await?;
            }
        }
        self.until(MORNING.plus((DAYS + 2) * DAY)).await?;
        self.end().await
    }

    async fn end(&self) -> Result<Ended> {
        let letters = self.shop.dead_letters().await?;
        ensure!(letters.is_empty(), "dead letters: {:?}", letters.first());
        ensure!(self.shop.sandbox()?.stats().duplicates == 0, "a message was accepted twice");
        let accepted = self.shop.accepted()?;
        let mut accepted: Vec<String> = accepted
            .iter()
            .map(|entry| format!("{:?} {} {}", entry.channel, entry.to, entry.reference))
            .collect();
        accepted.sort_unstable();
        let counted = |item: &Item| {
            let key = text(item, "pk");
            ["J#", "M#", "G#", "L#", "A#"].iter().any(|kind| key.starts_with(kind)) && !key.ends_with("#days")
        };
        let rows = items(&self.shop).await?.into_iter().filter(counted).map(|item| {
            let named = format!("{} {}", text(&item, "pk"), text(&item, "sk"));
            // What differs between two runs that come to the same.
            let said =
                item.iter().filter(|(name, _)| !["v", "rev", "attempt", "outcome"].contains(&name.as_str()));
            let mut said: BTreeMap<_, _> =
                said.map(|(name, value)| (name.clone(), format!("{value:?}"))).collect();
            if let Ok(outcome) = serde_json::from_str::<Value>(text(&item, "outcome")) {
                said.insert("status".to_owned(), outcome["status"].to_string());
            }
            (named, said)
        });
        Ok(Ended { accepted, rows: rows.collect() })
    }
}

/// Whenever a function comes to anything, it finds it as an earlier release wrote it: the same people get the same messages,
/// each once, and the ledger is the same.
#[test]
fn a_campaign_goes_on_over_what_earlier_releases_wrote() -> Result<()> {
    let ended = alone(async { Life::begin(None).await?.live().await })?;
    let sms = ended.accepted.iter().filter(|message| message.starts_with("Sms")).count();
    ensure!((sms, ended.accepted.len()) == (4, 4 + 7 * 4 + 2), "{:?}", ended.accepted);
    let (earlier, replaced) = alone(async {
        let mut life = Life::begin(Some(Replaced::default())).await?;
        Ok((life.live().await?, life.replaced.unwrap_or_default()))
    })?;
    ensure!(earlier.accepted == ended.accepted, "{:?} became {:?}", ended.accepted, earlier.accepted);
    for (key, row) in &ended.rows {
        ensure!(earlier.rows.get(key) == Some(row), "{key}: {row:?} became {:?}", earlier.rows.get(key));
    }
    ensure!(earlier.rows.len() == ended.rows.len(), "there is more than there was");
    ensure!(replaced.past > 0 && replaced.held > 0 && replaced.customers > 0, "{replaced:?}");
    let inputs = ["identify", "track", "timer", "evaluate", "outcome", "receipt", "reply"];
    for kind in inputs.into_iter().chain(["message to send", "part of a run"]) {
        ensure!(replaced.payloads.contains_key(kind), "no {kind} was replaced: {replaced:?}");
    }
    Ok(())
}

fn key(number: u32) -> String {
    format!("C#{}", Someone::willing(number).id)
}

async fn say_version(shop: &Shop, (pk, sk): (&str, &str), version: u32) -> Result<()> {
    let (client, name) = table(shop)?;
    let request = client.update_item().table_name(name).update_expression("SET v = :version");
    let request =
        request.key("pk", AttributeValue::S(pk.to_owned())).key("sk", AttributeValue::S(sk.to_owned()));
    let version = AttributeValue::N(version.to_string());
    request.expression_attribute_values(":version", version).send().await?;
    Ok(())
}

/// An instance of this release meets a customer that a later one wrote, while an SMS is due and a segment is applied. It
/// leaves the customer as it is, others go on, and where it reads again nothing was lost and nothing comes twice.
#[test]
fn what_a_later_release_wrote_waits_and_is_not_written_over() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop(Opening::at(MORNING), 2).await?;
        // Until the run that its definitions began is over.
        shop.pass(10 * 60).await?;
        let stored = async |shop: &Shop| {
            let all = items(shop).await?;
            all.into_iter()
                .find(|it| text(it, "pk") == key(0) && text(it, "sk") == "customer")
                .context("gone")
        };
        say_version(&shop, (&key(0), "customer"), 99).await?;
        let before = stored(&shop).await?;
        let error = shop.table.customer(&CustomerId::parse(&Someone::willing(0).id)?).await.map(|_| ());
        let error = error.err().context("it was read")?.to_string();
        ensure!(
            error.starts_with("a customer's document of version 99, and this release reads up to "),
            "{error}"
        );
        shop.pass(DAY + 60).await?;
        shop.apply(&["segment:\n  name: bought\n  when: { event: { name: Order Completed } }\n"]).await?;
        shop.pass(10 * 60).await?;
        let accepted = shop.accepted()?;
        ensure!(accepted.len() == 1 && accepted[0].to == Someone::willing(1).e164(), "{accepted:?}");
        ensure!(stored(&shop).await? == before, "it was written over");

        say_version(&shop, (&key(0), "customer"), 2).await?;
        shop.pass(HOUR).await?;
        ensure!(
            shop.accepted()?.len() == 2 && shop.sandbox()?.stats().duplicates == 0,
            "{:?}",
            shop.accepted()?
        );
        let bought = shop.table.count_members(&List::Segment(SegmentName::parse("bought")?)).await?;
        ensure!(bought == 2, "the run that came to it left it out: {bought}");
        let letters = shop.dead_letters().await?;
        ensure!(letters.is_empty(), "{:?}", letters.first());
        Ok(())
    })
}

/// A row of the ledger is written anew with every change; one of a later version would lose what that adds.
#[test]
fn a_ledger_row_of_a_later_release_is_not_written_over() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop(Opening::at(MORNING), 1).await?;
        shop.pass(2 * DAY).await?;
        let (journey, mut rows) = (JourneyName::parse("one-sms")?, Vec::new());
        shop.table.rows(&journey, 1, |row| rows.push(row)).await?;
        let all = items(&shop).await?;
        let item = all.iter().find(|item| text(item, "pk").starts_with("J#")).context("a row")?;
        let place = (text(item, "pk"), text(item, "sk"));
        say_version(&shop, place, 99).await?;
        let error =
            shop.table.put_row(&journey, &rows[0], 1_000).await.err().context("it was written over")?;
        ensure!(
            error.to_string().starts_with("a ledger row of version 99, and this release reads up to 1"),
            "{error}"
        );
        say_version(&shop, place, 1).await?;
        shop.table.put_row(&journey, &rows[0], 1_000).await?;
        // One that comes late is no error: the later one stands.
        shop.table.put_row(&journey, &rows[0], 999).await
    })
}
