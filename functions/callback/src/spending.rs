//! What receipts say of what messages cost: the provider's price, or its count of parts by the account's price table.

use std::collections::BTreeMap;

use cloud::table::messages::MessageItem;
use cloud::table::spending::{Charge, Known, Sent};
use domain::contact::Channel;
use domain::definitions::Definitions;
use domain::message::Code;
use domain::money::Yen;
use domain::names::AccountName;
use domain::routes::AccountSource;
use domain::tariff::Billed;
use domain::time::Timestamp;
use providers::receipts::{Notice, ReceiptStatus};

use crate::notices::code;

/// What a message cost that went through an account of the shop's own.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    code: Code,
    account: AccountName,
    charge: Charge,
    parts: u32,
    yen: Yen,
}

impl Cost {
    pub(crate) const fn known(&self) -> Known<'_> {
        let Self { code, account, charge, parts, yen } = self;
        Known { sent: Sent::Message(code), account, charge, parts: *parts, yen: *yen }
    }
}

/// Receipts with their price: where only delivered messages are billed, nothing for others; else what the provider says, or
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
        let Notice::Receipt { status, at, parts, price_yen, .. } = notice else { continue };
        if message.channel != Channel::Sms {
            continue;
        }
        let said = Said { status, parts: *parts, yen: *price_yen };
        *price_yen = price(account, &said, &message.to, message.claimed_at.min(*at)).map(|yen| yen.0);
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
    pub(crate) yen: Option<i64>,
}

/// What an SMS cost by its receipt, as `priced` has it. Prices are those of the day it was handed over.
pub(crate) fn price(account: &AccountSource, said: &Said<'_>, to: &str, sent_at: Timestamp) -> Option<Yen> {
    if account.billed == Billed::Delivered && *said.status != ReceiptStatus::Delivered {
        return Some(Yen::ZERO);
    }
    said.yen.map(Yen).or_else(|| account.prices.at(sent_at)?.of_parts(said.parts?, to))
}

/// What a receipt says that a message cost, when it says that.
pub(crate) fn known(notice: &Notice, messages: &BTreeMap<Code, MessageItem>) -> Option<Cost> {
    let Notice::Receipt { parts, price_yen, .. } = notice else { return None };
    let message = messages.get(&code(notice)?)?;
    let recorded = message.outcome.as_ref().and_then(|outcome| outcome.parts);
    Some(Cost {
        code: message.code.clone(),
        account: message.account.clone()?,
        charge: message.charge.clone()?,
        parts: parts.or(recorded).unwrap_or(1),
        yen: Yen(price_yen.filter(|yen| *yen >= 0)?),
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
        price_yen: Option<i64>,
    ) -> (Option<i64>, Option<Yen>) {
        let version = Version {
            kind: Kind::Providers,
            name: "providers".to_owned(),
            number: 1,
            yaml: ACCOUNTS.to_owned(),
        };
        let definitions = Definitions::new(&[version], CodeKey::none()).unwrap();
        let code = Code::parse(CODE).unwrap();
        let charge = Charge { month: "2026-11".to_owned(), taken: Yen(18), likely_sen: 1_566, known: None };
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
        let receipt = Notice::Receipt { reference: CODE.to_owned(), status, at: NOW, parts, price_yen };
        let priced = priced(&[receipt], &messages, &definitions);
        let [notice @ Notice::Receipt { price_yen, .. }] = priced.as_slice() else { panic!("{priced:?}") };
        (*price_yen, known(notice, &messages).map(|cost| cost.yen))
    }

    #[test]
    fn a_receipt_has_the_providers_price_or_that_of_its_parts() {
        let delivered = ReceiptStatus::Delivered;
        assert_eq!(price("all", delivered.clone(), Some(2), Some(17)), (Some(17), Some(Yen(17))));
        assert_eq!(price("all", delivered.clone(), Some(2), None), (Some(18), Some(Yen(18))));
        assert_eq!(price("all", undelivered(), Some(2), None), (Some(18), Some(Yen(18))));
        assert_eq!(price("all", delivered.clone(), None, None), (None, None));
        assert_eq!(price("plain", delivered, Some(2), None), (None, None));
    }

    #[test]
    fn where_only_delivered_messages_are_billed_others_cost_nothing() {
        assert_eq!(price("some", undelivered(), Some(2), Some(18)), (Some(0), Some(Yen::ZERO)));
        assert_eq!(price("some", undelivered(), None, None), (Some(0), Some(Yen::ZERO)));
        assert_eq!(price("some", ReceiptStatus::Delivered, Some(1), None), (Some(9), Some(Yen(9))));
    }
}
