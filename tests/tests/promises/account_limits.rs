//! What an account at a provider may cost in a month: never passed, whatever goes wrong, and what is left out says why.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use domain::message::Code;
use domain::money::Yen;
use domain::names::AccountName;
use domain::spend::Spent;
use domain::time::{DAY, HOUR};
use local::faults::{Call, Fault, Faults};
use sandbox::PeopleSettings;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::{LAPSED, MORNING};

/// An SMS of one part, and another on 1 April.
const TWO: &str = "journey:
  name: two
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms: { name: march, text: \"{{ sender }} {{ optout }}\" }
    - wait: 30d
    - sms: { name: april, text: \"{{ sender }} {{ optout }}\" }
";

/// Accounts at the sandbox, which charges ¥9 a part.
fn providers(url: &str, main: &str, backup: &str) -> String {
    let prices = "prices: [{ from: 2026-01-01, currency: JPY, per_part: { docomo: 9, au: 9, softbank: 9, rakuten: 9 } }]";
    format!(
        "providers:
  accounts:
    main: {{ provider: sandbox, url: \"{url}\", {prices}, {main} }}
    backup: {{ provider: sandbox, url: \"{url}\", {prices}, {backup} }}
  routes:
    - {{ channel: sms, to: {{ main: 1 }}, then: [backup] }}
"
    )
}

async fn shop_of(opening: Opening, people: u32, (main, backup): (&str, &str)) -> Result<Shop> {
    let shop = Shop::open(opening).await?;
    let long_ago = shop.clock.now().plus(-60 * DAY);
    let calls: Vec<_> = (0..people)
        .map(Someone::willing)
        .flat_map(|someone| [someone.identify(long_ago), someone.order("first", long_ago, 3000)])
        .collect();
    shop.take(&calls).await?;
    shop.settle().await?;
    let url = shop.sandbox()?.url();
    shop.apply(&[LAPSED, TWO, &providers(&url, main, backup)]).await?;
    shop.settle().await?;
    Ok(shop)
}

async fn spent(shop: &Shop, account: &str, month: &str) -> Result<Spent> {
    shop.table.account_spending(&AccountName::parse(account)?, month).await
}

/// What the provider charged by account.
async fn charged(shop: &Shop) -> Result<BTreeMap<String, Yen>> {
    let mut charged = BTreeMap::new();
    for entry in shop.accepted()? {
        let code = Code::parse(&entry.reference).context("a code")?;
        let message = shop.table.message(&code).await?.context("a message")?;
        let account = message.account.context("an account")?;
        *charged.entry(account.to_string()).or_insert(Yen::ZERO) += Yen(entry.price_yen);
    }
    Ok(charged)
}

#[test]
fn the_next_account_takes_over_and_what_none_may_take_is_left_out() -> Result<()> {
    alone(async {
        let limits = ("monthly_limit: 65", "monthly_limit: 30");
        let mut shop = shop_of(Opening::at(MORNING), 20, limits).await?;
        shop.pass(DAY).await?;
        let expected = [("backup", 27), ("main", 63)].map(|(name, yen)| (name.to_owned(), Yen(yen)));
        assert_eq!(charged(&shop).await?, BTreeMap::from(expected));
        let main = spent(&shop, "main", "2026-03").await?;
        let told =
            Spent { messages: 7, yen: Yen(63), known: 7, parts: 7, estimated_sen: 6_300, actual: Yen(63) };
        assert_eq!(main, told);
        let report = shop.report("two").await?;
        assert_eq!((report.total.sent, report.total.cost_yen), (10, Yen(90)));
        let why = "monthly limit of the provider's account spent";
        assert_eq!(report.skipped, BTreeMap::from([(why.to_owned(), 10)]));
        // Another month, by the shop's calendar.
        shop.pass(30 * DAY).await?;
        assert_eq!(spent(&shop, "main", "2026-04").await?.yen, Yen(63));
        assert_eq!(shop.accepted()?.len(), 20);
        assert!(shop.forbidden().is_empty(), "{:?}", shop.forbidden());
        Ok(())
    })
}

/// What was not sent is not paid for: a refusal gives back what was taken, and so does a message that is billed when it is
/// delivered, and was not.
#[test]
fn what_is_not_billed_is_given_back() -> Result<()> {
    alone(async {
        let mut opening = Opening::at(MORNING);
        opening.provider.throttled = 0.3;
        opening.provider.refused = 0.3;
        opening.people = PeopleSettings { undelivered: 0.5, ..PeopleSettings::quiet() };
        let mut shop =
            shop_of(opening, 40, ("monthly_limit: 9000, billed: delivered", "monthly_limit: 0")).await?;
        shop.pass(DAY).await?;
        let report = shop.report("two").await?;
        let (delivered, undelivered) = (report.total.delivered, report.total.sent - report.total.delivered);
        assert!(report.failed > 0 && delivered > 0 && undelivered > 0, "{report:?}");
        let yen = Yen(i64::try_from(delivered)? * 9);
        let main = spent(&shop, "main", "2026-03").await?;
        assert_eq!((main.messages, main.yen, main.actual), (report.total.sent, yen, yen));
        assert_eq!(report.total.cost_yen, yen);
        Ok(())
    })
}

/// An hour of failures that prove nothing by themselves: what each try took is given back once the provider says that it took
/// nothing, or the limit would end what it has room for.
#[test]
fn what_is_tried_again_is_taken_once() -> Result<()> {
    alone(async {
        let mut opening = Opening::at(MORNING);
        opening.provider.down = 503;
        let mut shop = shop_of(opening, 5, ("monthly_limit: 45", "monthly_limit: 0")).await?;
        shop.pass(HOUR).await?;
        assert!(shop.accepted()?.is_empty());
        shop.sandbox()?.set_faults(sandbox::Faults::default())?;
        shop.pass(6 * HOUR).await?;
        assert_eq!(charged(&shop).await?, BTreeMap::from([("main".to_owned(), Yen(45))]));
        assert_eq!(spent(&shop, "main", "2026-03").await?.yen, Yen(45));
        Ok(())
    })
}

/// Ends, refuses and loses calls of the sender and of the callback by a seed.
struct Seeded(u64);

impl Faults for Seeded {
    fn on(&self, call: &Call) -> Fault {
        if !["send-sms", "callback"].contains(&call.function.as_str()) {
            return Fault::None;
        }
        let named = format!("{} {} {} {}", self.0, call.operation, call.key, call.nth);
        let of_call = named.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        match (of_call ^ (of_call >> 32)) % 400 {
            0 => Fault::KillBefore,
            1 => Fault::KillAfter,
            2..10 => Fault::LoseResponse,
            10..14 => Fault::LoseRequest,
            14..22 => Fault::Throttle,
            _ => Fault::None,
        }
    }
}

/// Whatever goes wrong at the provider, in the process and on the way to the table: no account costs more than its limit,
/// and no less is noted than it costs.
#[test]
fn a_limit_is_never_passed() -> Result<()> {
    let mut most = Yen::ZERO;
    for seed in [3, 5] {
        let charged = alone(async {
            let mut opening = Opening::at(MORNING);
            opening.faults = Some(Arc::new(Seeded(seed)));
            opening.people = PeopleSettings { undelivered: 0.3, ..PeopleSettings::quiet() };
            let of = |chance: u64| f64::from(u32::try_from((seed + chance) % 4).unwrap_or(0)) / 16.0;
            opening.provider.unavailable = of(0);
            opening.provider.throttled = of(1);
            opening.provider.cut_off = of(2);
            opening.provider.misreported = of(3);
            opening.provider.receipts_twice = 0.3;
            let limits = ("monthly_limit: 135", "monthly_limit: 45");
            let mut shop = shop_of(opening, 25, limits).await?;
            shop.pass(3 * DAY).await?;
            let charged = charged(&shop).await?;
            for (account, limit) in [("main", Yen(135)), ("backup", Yen(45))] {
                let cost = charged.get(account).copied().unwrap_or_default();
                let noted = spent(&shop, account, "2026-03").await?.yen;
                assert!(
                    cost <= limit && cost <= noted,
                    "seed {seed}, {account}: {cost}, {noted} noted, of {limit}"
                );
            }
            println!("seed {seed}: {charged:?}");
            Ok(charged)
        })?;
        most = most.max(charged.into_values().sum());
    }
    // A process that dies takes with it what was taken for all that it had under way; that is not everything.
    assert!(most > Yen::ZERO, "nothing was sent");
    Ok(())
}
