//! Importing files again changes nothing, and what the API would refuse is known before.

use std::io;
use std::path::Path;

use anyhow::Result;
use domain::event::ORDER_COMPLETED;
use domain::money::Yen;
use domain::names::CustomerId;
use import::{Calls, Import, Kind, Summary, detect, stream};
use local::commands::takes;
use serde_json::Value;
use tests::picture::everything;
use tests::shop::{Opening, Shop, alone};

use crate::world::MORNING;

/// The example files, in the order in which a shop would take them in.
const FILES: [(Kind, &str); 9] = [
    (Kind::Customers, "customers.csv"),
    (Kind::Orders, "orders.csv"),
    (Kind::Customers, "ec-cube-customers.csv"),
    (Kind::Orders, "ec-cube-orders.csv"),
    (Kind::Customers, "rakuten-orders.csv"),
    (Kind::Orders, "rakuten-orders.csv"),
    (Kind::Customers, "shopify-customers.csv"),
    (Kind::Orders, "shopify-orders.csv"),
    (Kind::Events, "events.csv"),
];

/// Takes bytes in as the command does, as a file of the day before.
async fn take(shop: &Shop, kind: Kind, bytes: &[u8]) -> Result<Summary> {
    let import = Import {
        kind,
        name: "f.csv".to_owned(),
        encoding: detect("f.csv", bytes)?,
        maps: Vec::new(),
        wording: None,
        as_of: MORNING.plus(-86_400),
        rejected: "f.rejected.csv".into(),
    };
    let mut batches = Vec::new();
    let summary = stream(
        &import,
        bytes,
        Calls {
            check: |call: &Value| takes(call, shop.clock.now()),
            progress: |_| (),
            open: |_: &Path| Ok(io::sink()),
            deliver: |batch, _| {
                batches.push(batch);
                Ok(())
            },
        },
    )?;
    for batch in batches {
        shop.take(&batch).await?;
        shop.settle().await?;
    }
    Ok(summary)
}

fn example(name: &str) -> Result<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/local/data/example");
    Ok(std::fs::read(folder.join(name))?)
}

/// How often a customer has bought, and for how much.
async fn bought(shop: &Shop, id: &str) -> Result<(u32, Yen)> {
    let stored = shop.table.customer(&CustomerId::parse(id)?).await?;
    let customer = stored.map(|stored| stored.customer);
    let history = customer.as_ref().and_then(|customer| customer.events.get(ORDER_COMPLETED));
    Ok(history.map_or((0, Yen::ZERO), |history| (history.count, history.total)))
}

#[test]
fn files_imported_again_change_nothing() -> Result<()> {
    alone(async {
        let mut shop = Shop::open(Opening::at(MORNING)).await?;
        let mut summaries = Vec::new();
        for (kind, name) in FILES {
            summaries.push(take(&shop, kind, &example(name)?).await?);
        }
        assert_eq!(bought(&shop, "1").await?, (2, Yen(16_980)), "a member of EC-CUBE");
        assert_eq!(bought(&shop, "mika@example.jp").await?, (1, Yen(3_300)), "a guest of EC-CUBE");
        assert_eq!(bought(&shop, "+819012345679").await?, (1, Yen(4_980)), "Rakuten");
        assert_eq!(bought(&shop, "hana.ito@example.jp").await?, (2, Yen(8_280)), "Shopify");
        shop.pass(3_600).await?;
        let (before, used) = (everything(&shop).await?, shop.used());
        for ((kind, name), first) in FILES.into_iter().zip(summaries) {
            assert_eq!(take(&shop, kind, &example(name)?).await?, first, "{name}");
        }
        let after = everything(&shop).await?;
        for (one, other) in before.iter().zip(&after) {
            assert_eq!(one, other);
        }
        assert_eq!(before.len(), after.len());
        let written = shop.used().since(&used).total().write_units;
        assert!(written == 0.0, "{written} units written");
        Ok(())
    })
}

/// The rows of an order need not follow each other: it counts once, and is told as one.
#[test]
fn an_order_that_comes_in_two_places_counts_once() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let header = "注文ID,会員ID,受注日,支払合計,対応状況(ID)";
        let file = format!("{header}\n1,7,2025/4/1,500,5\n2,7,2025/4/2,300,5\n1,7,2025/4/1,500,5\n");
        let summary = take(&shop, Kind::Orders, file.as_bytes()).await?;
        assert_eq!((summary.taken, summary.taken_as), (3, 2));
        assert_eq!(bought(&shop, "7").await?, (2, Yen(800)));
        Ok(())
    })
}

/// Two rows of a customer that say different things: the first one is stored, whole.
#[test]
fn rows_of_one_customer_are_never_mixed() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let (nine, other) =
            ("９,九,nine@example.jp,1990-01-02,赤", "9,九之助,nine2@example.jp,1991-01-02,青");
        let file = format!("id,name,email,birthday,色\n{nine}\n{other}\n{nine}\n");
        let summary = take(&shop, Kind::Customers, file.as_bytes()).await?;
        assert_eq!((summary.taken, summary.repeated, summary.rejected), (1, 1, 1));
        let stored = shop.table.customer(&CustomerId::parse("9")?).await?;
        let traits = stored.map(|stored| stored.customer.traits).unwrap_or_default();
        let traits = format!("{traits:?}");
        for (here, not) in [("九", "九之助"), ("nine@", "nine2@"), ("1990-01-02", "1991"), ("赤", "青")]
        {
            assert!(traits.contains(here) && !traits.contains(not), "{traits}");
        }
        Ok(())
    })
}

#[test]
fn what_the_api_refuses_is_a_rejected_row() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let file = "id,consent_at,sms_consent\n1,2027/1/2,はい\n2,2026/1/2,はい\n";
        let summary = take(&shop, Kind::Customers, file.as_bytes()).await?;
        assert_eq!((summary.taken, summary.rejected), (1, 1));
        assert_eq!(summary.reasons, ["f.csv:2: consent_at: 2027-01-02: in the future; correct the date"]);
        let file = "order_id,customer_id,ordered_at,total\nA,7,1970/1/1,1\n";
        let summary = take(&shop, Kind::Orders, file.as_bytes()).await?;
        assert_eq!(
            summary.reasons,
            ["f.csv:2: ordered_at: 1970-01-01: looks like an empty date; correct it"]
        );
        let wide = (0..11).map(|n| format!(",c{n}")).collect::<Vec<_>>().concat();
        let file = format!("id{wide}\n1{}\n", format!(",{}", "長".repeat(1_000)).repeat(11));
        let summary = take(&shop, Kind::Customers, file.as_bytes()).await?;
        assert!(summary.reasons[0].starts_with("f.csv:2: row: a call of 33"), "{summary}");
        assert_eq!(bought(&shop, "7").await?, (0, Yen::ZERO));
        Ok(())
    })
}
