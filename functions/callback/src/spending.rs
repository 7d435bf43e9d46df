//! What receipts say of what messages cost: the provider's price, or its count of parts by the account's price table.

use std::collections::BTreeMap;

use cloud::table::messages::MessageItem;
use cloud::table::spending::{Charge, Known, Sent};
use domain::contact::Channel;
use domain::definitions::Definitions;
use domain::message::Code;
use domain::money::Yen;
use domain::names::AccountName;
use domain::parts::Network;
use domain::routes::AccountSource;
use domain::tariff::{Billed, Price};
use domain::time::Timestamp;
use providers::receipts::{Notice, ReceiptStatus};

use crate::notices::code;

/// What a message cost for which something was taken.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    code: Code,
    account: Option<AccountName>,
    charge: Charge,
    parts: u32,
    yen: Yen,
}

impl Cost {
    pub(crate) const fn known(&self) -> Known<'_> {
        let Self { code, account, charge, parts, yen } = self;
        Known { sent: Sent::Message(code), account: account.as_ref(), charge, parts: *parts, yen: *yen }
    }
}

/// Receipts with their price in yen: where only delivered messages are billed, nothing for others; else what the provider says, or
/// what its parts cost by the account's table.
pub(crate) fn priced(
    notices: &[Notice],
    messages: &BTreeMap<Code, MessageItem>,
    definitions: &Definitions,
) -> Vec<Notice> {
    let mut priced = notices.to_vec();
    for notice in &mut priced {
        let Some(message) = code(notice).and_then(|code| messages.get(&code)) else { continue };
        let Some(account) = message.account.as_ref().and_then(|name| definitions.account(name)) else {
            continue;
        };
        let Notice::Receipt { status, at, parts, price: told, .. } = notice else { continue };
        if message.channel != Channel::Sms {
            continue;
        }
        let said = Said { status, parts: *parts, price: told.as_ref() };
        let yen = price(account, &said, Network::of(&message.to), message.claimed_at.min(*at));
        *told = yen.and_then(|yen| Price::of_yen(yen.0));
    }
    priced
}

/// What a receipt says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    /// What became of it.
    pub(crate) status: &'a ReceiptStatus,
    /// Its parts.
    pub(crate) parts: Option<u32>,
    /// Its price.
    pub(crate) price: Option<&'a Price>,
}

/// What an SMS cost by its receipt, as `priced` has it. Prices are those of the day it was handed over.
pub(crate) fn price(
    account: &AccountSource,
    said: &Said<'_>,
    to: Network,
    sent_at: Timestamp,
) -> Option<Yen> {
    if account.billed == Billed::Delivered && *said.status != ReceiptStatus::Delivered {
        return Some(Yen::ZERO);
    }
    let told = said.price.and_then(|price| account.prices.yen(price, sent_at));
    told.or_else(|| account.prices.at(sent_at)?.of_parts(said.parts?, to))
}

/// What a receipt says that a message cost, when it says that.
pub(crate) fn known(notice: &Notice, messages: &BTreeMap<Code, MessageItem>) -> Option<Cost> {
    let Notice::Receipt { parts, price, .. } = notice else { return None };
    let message = messages.get(&code(notice)?)?;
    let recorded = message.outcome.as_ref().and_then(|outcome| outcome.parts);
    Some(Cost {
        code: message.code.clone(),
        account: message.account.clone(),
        charge: message.charge.clone()?,
        parts: parts.or(recorded).unwrap_or(1),
        yen: price.as_ref().and_then(Price::in_yen)?,
    })
}

#[cfg(test)]
mod tests {
    use domain::definitions::{Kind, Version};
    use domain::message::CodeKey;
    use domain::names::CustomerId;
    use domain::time::Timestamp;

    use super::*;

    const CODE: &str = "AAAAAAAAAAAA";
    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);
    const ACCOUNTS: &str = "providers:
  accounts:
    all:
      provider: sandbox
      prices: [{ from: 2026-01-01, currency: JPY, per_part: { docomo: 9, au: 9, softbank: 9, rakuten: 9 } }]
    some:
      provider: sandbox
      billed: delivered
      prices: [{ from: 2026-01-01, currency: JPY, per_part: { docomo: 9, au: 9, softbank: 9, rakuten: 9 } }]
    dollars:
      provider: sandbox
      prices:
        - { from: 2026-01-01, currency: USD, yen_per: 150, per_part: { international: 0.0745 } }
        - { from: 2027-01-01, currency: USD, yen_per: 200, per_part: { international: 0.0745 } }
    plain: { provider: sandbox }
  routes: [{ channel: sms, to: { all: 1 } }]
";

    fn undelivered() -> ReceiptStatus {
        ReceiptStatus::Undelivered { reason: "absent".to_owned() }
    }

    /// What a receipt is taken to say of a message that went through an account: what it tells the customer, and the month.
    fn price(
        account: &str,
        status: ReceiptStatus,
        parts: Option<u32>,
        price: Option<Price>,
    ) -> (Option<Yen>, Option<Yen>) {
        let version = Version {
            kind: Kind::Providers,
            name: "providers".to_owned(),
            number: 1,
            yaml: ACCOUNTS.to_owned(),
        };
        let definitions = Definitions::new(&[version], CodeKey::none()).unwrap();
        let code = Code::parse(CODE).unwrap();
        let charge = Charge {
            journey: None,
            month: "2026-11".to_owned(),
            taken: Yen(18),
            likely_sen: 1_566,
            known: None,
        };
        let item = MessageItem {
            code: code.clone(),
            customer: CustomerId::parse("c1").unwrap(),
            channel: Channel::Sms,
            to: "+819012345678".to_owned(),
            links: Vec::new(),
            asks_email: false,
            claimed_at: NOW,
            attempt: "a".to_owned(),
            account: Some(AccountName::parse(account).unwrap()),
            charge: Some(charge),
            outcome: None,
            expires: NOW,
        };
        let messages = BTreeMap::from([(code, item)]);
        let receipt = Notice::Receipt { reference: CODE.to_owned(), status, at: NOW, parts, price };
        let priced = priced(&[receipt], &messages, &definitions);
        let [notice @ Notice::Receipt { price, .. }] = priced.as_slice() else { panic!("{priced:?}") };
        (price.as_ref().and_then(Price::in_yen), known(notice, &messages).map(|cost| cost.yen))
    }

    #[test]
    fn a_receipt_has_the_providers_price_or_that_of_its_parts() {
        let delivered = ReceiptStatus::Delivered;
        assert_eq!(
            price("all", delivered.clone(), Some(2), Price::of_yen(17)),
            (Some(Yen(17)), Some(Yen(17)))
        );
        assert_eq!(price("all", delivered.clone(), Some(2), None), (Some(Yen(18)), Some(Yen(18))));
        assert_eq!(price("all", undelivered(), Some(2), None), (Some(Yen(18)), Some(Yen(18))));
        assert_eq!(price("all", delivered.clone(), None, None), (None, None));
        assert_eq!(price("plain", delivered.clone(), Some(2), None), (None, None));
        // By the rate of the day on which it was handed over; a currency that the table lacks says no more than the parts do.
        let dollars =
            |amount, currency| price("dollars", delivered.clone(), Some(2), Price::read(amount, currency));
        assert_eq!(dollars(0.155, "USD"), (Some(Yen(24)), Some(Yen(24))));
        assert_eq!(dollars(0.2, "EUR"), (Some(Yen(23)), Some(Yen(23))));
        assert_eq!(price("plain", delivered, Some(2), Price::read(0.1484, "USD")), (None, None));
    }

    #[test]
    fn where_only_delivered_messages_are_billed_others_cost_nothing() {
        assert_eq!(
            price("some", undelivered(), Some(2), Price::of_yen(18)),
            (Some(Yen::ZERO), Some(Yen::ZERO))
        );
        assert_eq!(price("some", undelivered(), None, None), (Some(Yen::ZERO), Some(Yen::ZERO)));
        assert_eq!(price("some", ReceiptStatus::Delivered, Some(1), None), (Some(Yen(9)), Some(Yen(9))));
    }
}
