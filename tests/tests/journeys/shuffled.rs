//! Every message of the inbox delivered one to five times, late and in disorder, and every receipt posted twice: the same
//! ledger, and nobody gets a message twice.

use anyhow::{Result, ensure};
use tests::picture::differences;
use tests::shop::{Opening, Shop, alone};

use crate::campaign::{START, check, live};

#[test]
fn the_ledger_does_not_depend_on_how_the_inbox_delivers() -> Result<()> {
    let baseline = alone(async {
        let mut shop = Shop::open(Opening::at(START)).await?;
        live(&mut shop).await?;
        Ok((check(&shop).await?, shop.sandbox()?.stats()))
    })?;
    for seed in 1..=3 {
        let (picture, stats) = alone(async {
            let provider = sandbox::Faults {
                receipts_twice: 1.0,
                receipts_shuffled: true,
                ..sandbox::Faults::default()
            };
            let mut shop =
                Shop::open(Opening { provider, shuffled: Some(seed), ..Opening::at(START) }).await?;
            live(&mut shop).await?;
            Ok((check(&shop).await?, shop.sandbox()?.stats()))
        })?;
        let different = differences(&baseline.0, &picture);
        ensure!(different.is_empty(), "seed {seed}: {}", different.join("\n"));
        ensure!(baseline.1 == stats, "seed {seed}: {stats:?}");
    }
    Ok(())
}
