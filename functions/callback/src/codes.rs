//! Receipts of one-time codes: they concern no customer, only the number and what it cost.

use std::collections::BTreeMap;

use anyhow::Result;
use cloud::table::messages::MessageItem;
use cloud::table::people::Stopped;
use cloud::table::verifications::Kept;
use domain::contact::Channel;
use domain::message::Code;
use domain::money::Yen;
use domain::time::Timestamp;
use domain::verification::Id;
use providers::receipts::{Notice, ReceiptStatus};

use crate::{Callback, notices};

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
            if let (Some(kept), Notice::Receipt { status, price_yen, .. }) = (known.get(&id), notice) {
                self.code(kept, status, *price_yen, now).await?;
                taken += 1;
            }
        }
        Ok(taken)
    }

    async fn code(
        &self,
        kept: &Kept,
        status: &ReceiptStatus,
        price_yen: Option<i64>,
        now: Timestamp,
    ) -> Result<()> {
        let verification = &kept.verification;
        if let ReceiptStatus::Bounced { permanent: true } | ReceiptStatus::Invalid { .. } = status {
            let to = verification.to.as_str();
            self.table.suppress(Channel::Sms, to, Stopped::Everything, "no such number", now).await?;
        }
        if !self.table.tell_code(&verification.id, &notices::outcome(status)).await? {
            return Ok(());
        }
        let charged = kept.outcome.as_ref().and_then(|outcome| outcome.yen).unwrap_or(verification.taken.yen);
        match price_yen.filter(|yen| *yen >= 0).map(|yen| Yen(yen - charged.0)) {
            Some(by) if !by.is_zero() => self.table.correct_codes_cost(&verification.taken, by).await,
            Some(_) | None => Ok(()),
        }
    }
}
