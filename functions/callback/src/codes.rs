//! Receipts of one-time codes: they concern no customer, only the number and what it cost.

use std::collections::BTreeMap;

use anyhow::Result;
use cloud::table::messages::MessageItem;
use cloud::table::people::Stopped;
use cloud::table::spending::{Known, Sent};
use cloud::table::verifications::Kept;
use domain::contact::Channel;
use domain::message::Code;
use domain::money::Yen;
use domain::tariff::Price;
use domain::time::Timestamp;
use domain::verification::Id;
use providers::receipts::{Notice, ReceiptStatus};

use crate::spending::Said;
use crate::{Callback, notices, spending};

impl Callback {
    /// Takes the receipts of one-time codes among notices; how many there are. The first that tells what became of one
    /// stands.
    pub(crate) async fn codes(
        &self,
        told: &[Notice],
        messages: &BTreeMap<Code, MessageItem>,
        now: Timestamp,
    ) -> Result<usize> {
        let receipts: Vec<(Id, &Notice)> = told
            .iter()
            .filter(|notice| matches!(notice, Notice::Receipt { .. }))
            .filter_map(|notice| Some((notices::code(notice)?, notice)))
            .filter(|(code, _)| !messages.contains_key(code))
            .map(|(code, notice)| (Id::from(code), notice))
            .collect();
        if receipts.is_empty() {
            return Ok(0);
        }
        let known = self.table.verifications(receipts.iter().map(|(id, _)| id.clone())).await?;
        let mut taken = 0;
        for (id, notice) in receipts {
            if let (Some(kept), Notice::Receipt { status, at, parts, price, .. }) = (known.get(&id), notice) {
                let said = Said { status, parts: *parts, price: price.as_ref() };
                self.code(kept, &said, *at, now).await?;
                taken += 1;
            }
        }
        Ok(taken)
    }

    async fn code(&self, kept: &Kept, said: &Said<'_>, at: Timestamp, now: Timestamp) -> Result<()> {
        let verification = &kept.verification;
        if let ReceiptStatus::Bounced { permanent: true } | ReceiptStatus::Invalid { .. } = said.status
            && let Some(hash) = &kept.address
        {
            let why = "no such number";
            self.table.suppress_hashed(Channel::Sms, hash, Stopped::Everything, why, now).await?;
        }
        let cost = self.settled(kept, said, at).await?;
        if !self.table.tell_code(&verification.id, &notices::outcome(said.status)).await? {
            return Ok(());
        }
        let charged = kept.outcome.as_ref().and_then(|outcome| outcome.yen).unwrap_or(verification.taken.yen);
        match cost.map(|yen| Yen(yen.0 - charged.0)) {
            Some(by) if !by.is_zero() => self.table.correct_codes_cost(&verification.taken, by).await,
            Some(_) | None => Ok(()),
        }
    }

    /// What a code cost, where that is known; the month of its account says so from then on.
    async fn settled(&self, kept: &Kept, said: &Said<'_>, at: Timestamp) -> Result<Option<Yen>> {
        let in_yen = said.price.and_then(Price::in_yen);
        let Some((account, charge)) = &kept.charged else { return Ok(in_yen) };
        let definitions = self.accounts.definitions().await?;
        let id = &kept.verification.id;
        let sent_at = kept.claim.as_ref().map_or(at, |(_, claimed_at)| at.min(*claimed_at));
        let price = definitions
            .account(account)
            .map_or_else(|| in_yen, |account| spending::price(account, said, kept.network, sent_at));
        let Some(yen) = price else { return Ok(None) };
        let recorded = kept.outcome.as_ref().and_then(|outcome| outcome.parts);
        let parts = said.parts.or(recorded).unwrap_or(1);
        self.table
            .settle(&Known { sent: Sent::OneTimeCode(id), account: Some(account), charge, parts, yen })
            .await?;
        Ok(Some(yen))
    }
}
