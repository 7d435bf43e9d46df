//! A small win-back campaign: people lapse in groups, get an SMS, then an e-mail; some buy in between.

use std::sync::Arc;

use anyhow::{Result, ensure};
use domain::contact::Channel;
use domain::time::{DAY, Timestamp};
use local::faults::Faults;
use serde_json::Value;
use tests::customers::{BROWSER, Someone};
use tests::picture::{Picture, differences, picture};
use tests::shop::{Opening, Shop, alone};

/// Monday, 2 March 2026, 00:00 in Japan.
pub const START: Timestamp = Timestamp::from_seconds(1_772_377_200);
/// Groups of customers, so far apart that what is killed in one hardly meets another.
pub const GROUPS: u32 = 16;
/// Customers of one group.
pub const GROUP: u32 = 7;
/// The day on which the SMS go out: until then, a delay moves the entry and with it the codes of messages.
pub const SMS_DAY: i64 = 2;
/// The day on which everything is over.
pub const END_DAY: i64 = 10;

const HOUR: i64 = 3600;
/// How far the groups are apart.
pub const APART_SECONDS: i64 = 22 * 60;
/// In how many parts people answer, so that no batch is much larger than a group.
const PARTS: u32 = 4;
/// How often a link is followed again when the function behind it was killed.
const ATTEMPTS: usize = 50;

/// The shop, the segment and the journey.
pub const DEFINITIONS: [&str; 3] = [
    "shop:\n  time_zone: Asia/Tokyo\n  policy:\n    hours: { from: \"09:00\", until: \"20:00\" }\n",
    "segment:
  name: lapsed
  when:
    all:
      - event: { name: Order Completed }
      - no_event: { name: Order Completed, for_days: 1 }
",
    "journey:
  name: win-back
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  goal: Order Completed
  steps:
    - wait: 1d
    - sms:
        name: hello
        text: \"{{ customer.name }}様 {{ sender }} {{ links.shop }} 停止はSTOP返信\"
        links: { shop: \"https://shop.example.jp/welcome\" }
    - wait: 3d
    - email:
        name: letter
        subject: \"{{ customer.name }}様、お元気ですか\"
        text: \"{{ sender }}です。 {{ links.shop }} 配信の停止: {{ optout }}\"
        links: { shop: \"https://shop.example.jp/letter\" }
    - wait: 3d
    - branch:
        - name: clicked
          when: { clicked: hello }
          steps:
            - add_to_audience: interested
        - name: silent
          steps:
            - add_to_audience: silent
",
];

/// Lives through the campaign without faults and with these: everything ends alike.
pub fn ends_alike_despite(faults: Arc<dyn Faults>) -> Result<()> {
    let picture_of = |opening: Opening| {
        alone(async {
            let mut shop = Shop::open(opening).await?;
            live(&mut shop).await?;
            check(&shop).await
        })
    };
    let baseline = picture_of(Opening::at(START))?;
    let picture = picture_of(Opening { faults: Some(faults), ..Opening::at(START) })?;
    let different = differences(&baseline, &picture);
    ensure!(different.is_empty(), "{}", different.join("\n"));
    Ok(())
}

/// Lives through the campaign.
pub async fn live(shop: &mut Shop) -> Result<()> {
    begin(shop).await?;
    answer(shop).await
}

/// The first days: people come, lapse, and get their SMS.
pub async fn begin(shop: &mut Shop) -> Result<()> {
    for group in 0..GROUPS {
        let at = START.plus(9 * HOUR + i64::from(group) * APART_SECONDS);
        if group == 3 {
            // Those who are there already are found by a recomputation.
            shop.until(at.plus(-APART_SECONDS / 2)).await?;
            shop.apply(&DEFINITIONS).await?;
        }
        shop.until(at).await?;
        let members = (group * GROUP..(group + 1) * GROUP).map(Someone::number);
        let calls: Vec<Value> =
            members.flat_map(|someone| [someone.identify(at), someone.order("first", at, 3000)]).collect();
        shop.take(&calls).await?;
    }
    shop.until(START.plus((SMS_DAY + 1) * DAY)).await
}

/// The days after: two in ten follow the link of the SMS, one in ten buys before the e-mail would come, and two in ten
/// load its picture.
pub async fn answer(shop: &mut Shop) -> Result<()> {
    let day_after = START.plus((SMS_DAY + 1) * DAY);
    for part in 0..PARTS {
        shop.until(day_after.plus(8 * HOUR + i64::from(part) * APART_SECONDS)).await?;
        follow(shop, Channel::Sms, |number| number % 10 < 2 && number / 10 % PARTS == part).await?;
    }
    for part in 0..PARTS {
        let at = day_after.plus(16 * HOUR + i64::from(part) * APART_SECONDS);
        shop.until(at).await?;
        let buyers = (0..GROUPS * GROUP).filter(|number| number % 10 == 5 && number / 10 % PARTS == part);
        let calls: Vec<Value> =
            buyers.map(|number| Someone::number(number).order("second", at, 4500)).collect();
        shop.take(&calls).await?;
    }
    let day_after = START.plus((SMS_DAY + 4) * DAY);
    for part in 0..PARTS {
        shop.until(day_after.plus(8 * HOUR + i64::from(part) * APART_SECONDS)).await?;
        follow(shop, Channel::Email, |number| number % 10 > 7 && number / 10 % PARTS == part).await?;
    }
    shop.until(START.plus(END_DAY * DAY)).await
}

/// Has customers follow the link of their SMS, or load the picture of their e-mail.
async fn follow(shop: &Shop, channel: Channel, who: impl Fn(u32) -> bool) -> Result<()> {
    let accepted = shop.accepted()?;
    for someone in (0..GROUPS * GROUP).filter(|number| who(*number)).map(Someone::number) {
        let to = [someone.e164(), someone.email];
        let found = accepted.iter().find(|entry| entry.channel == channel && to.contains(&entry.to));
        let Some(code) = found.map(|entry| &entry.reference) else { continue };
        let path = match channel {
            Channel::Sms | Channel::Line => format!("l/{code}"),
            Channel::Email => format!("p/{code}.gif"),
        };
        let mut status = 0;
        for _ in 0..ATTEMPTS {
            let request = shop.http.get(format!("{}/{path}", shop.stack.base_url));
            status = request.header("user-agent", BROWSER).send().await?.status().as_u16();
            if status != 500 {
                break;
            }
        }
        ensure!([200, 302].contains(&status), "{status} for a link");
    }
    Ok(())
}

/// What must hold however the campaign went; returns what the table holds.
pub async fn check(shop: &Shop) -> Result<Picture> {
    let report = shop.report("win-back").await?;
    ensure!(report.total.entered == u64::from(GROUPS * GROUP), "an audience of {}", report.total.entered);
    ensure!(report.is_complete() && report.waiting == 0, "the ledger is not complete: {report:?}");
    let stats = shop.sandbox()?.stats();
    ensure!(stats.duplicates == 0, "{} messages were accepted twice", stats.duplicates);
    let forbidden = shop.forbidden();
    ensure!(forbidden.is_empty(), "the template's policies do not allow {forbidden:?}");
    let letters = shop.dead_letters().await?;
    ensure!(letters.is_empty(), "dead letters: {:?}", letters.first());
    let queues = shop.stack.runtime.region().queues();
    for queue in queues.names().await? {
        ensure!(queues.peek(&queue, 1).await?.is_empty(), "{queue} is not empty");
    }
    picture(shop).await
}
