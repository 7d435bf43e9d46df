//! What providers say that a message cost, in whatever currency, and what that is in yen.

use serde::{Deserialize, Serialize};

use super::{Amount, Currency, MILLION, Tariffs, whole};
use crate::money::Yen;
use crate::time::Timestamp;

/// What a provider says that a message costs, all its parts together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    amount: Amount,
    currency: Currency,
}

impl Price {
    /// Reads an amount, which some providers write as a debit, with a minus, and the three letters of its currency. None
    /// for what is neither, and beyond a million.
    pub fn read(amount: f64, currency: &str) -> Option<Self> {
        let amount = amount.is_finite().then(|| format!("{:.6}", amount.abs()))?;
        let currency = Currency::try_from(currency.trim().to_ascii_uppercase()).ok()?;
        Some(Self { amount: Amount::parse(&amount)?, currency })
    }

    /// Whole yen; none below nothing.
    pub fn of_yen(yen: i64) -> Option<Self> {
        Some(Self { amount: Amount::parse(&yen.to_string())?, currency: Currency::yen() })
    }

    /// The yen that it is, rounded up to a whole one; none of another currency.
    pub fn in_yen(&self) -> Option<Yen> {
        self.currency.is_yen().then(|| whole(self.amount.0.into(), MILLION)).flatten()
    }
}

impl Tariffs {
    /// What a price is in yen, by the rate of the day, and rounded up as what is expected is; none in a currency that is
    /// neither yen nor the table's. The one place where another currency becomes yen.
    pub fn yen(&self, price: &Price, at: Timestamp) -> Option<Yen> {
        let of_the_table = || {
            let tariff = self.at(at).filter(|tariff| tariff.currency == price.currency)?;
            tariff.yen(price.amount.0.into())
        };
        price.in_yen().or_else(of_the_table)
    }
}
