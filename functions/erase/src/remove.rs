//! What goes of a person, in the order in which nothing is lost that a later step needs: the customer goes last.

use std::collections::BTreeSet;

use anyhow::Result;
use cloud::table::erasures::Erasure;
use cloud::table::ledger::LedgerRow;
use cloud::trail::Trail;
use domain::contact::Channel;
use domain::enrollment::Enrollment;
use domain::erasure::{Found, anonymous, last_row};
use domain::ledger::Row;
use domain::message::Code;
use domain::names::{CustomerId, JourneyName};
use serde::Serialize;

use crate::{Erase, letters};

/// What was taken away. After a crash, what was taken before it is not counted again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// The customer.
    pub customers: usize,
    /// Enrollments, of which a row stays that names nobody.
    pub enrollments: usize,
    /// Messages with their addresses.
    pub messages: usize,
    /// Rows in segments and audiences.
    pub memberships: usize,
    /// Items beside the customer: what was said about messages, and which addresses led here.
    pub beside: usize,
    /// Versions of lists with the id on them.
    pub lists: usize,
    /// Dead letters.
    pub dead_letters: usize,
}

impl Erase {
    pub(crate) async fn remove(&self, id: &CustomerId, erasure: &Erasure) -> Result<Removed> {
        let (table, now) = (&self.table, self.clock.now());
        let trail = Trail::read(table, id).await?;
        let addresses = trail.addresses()?;
        // Before anything goes: when the last message left is told by what goes.
        table.keep_consents(id, &trail.beside, &addresses, trail.last_message(), now).await?;
        for (_, hash) in addresses.iter().filter(|(channel, _)| *channel == Channel::Sms) {
            table.forget_verifications(hash).await?;
        }
        let dead_letters = letters::delete(&self.letters, id, &marks(&trail)).await?;
        let enrollments = trail.customer.as_ref().map(|it| it.enrollments.as_slice()).unwrap_or_default();
        let ours: BTreeSet<Code> =
            enrollments.iter().flat_map(Enrollment::messages).map(|message| message.code.clone()).collect();
        // A row of an enrollment that is no longer kept whole is all that names its messages.
        let others = trail.messages.keys().filter(|code| !ours.contains(*code)).cloned().collect();
        table.delete_messages(&others).await?;
        let found = |code: &Code| found(&trail, code);
        let mut last: Vec<(&JourneyName, LedgerRow)> = enrollments
            .iter()
            .map(|enrollment| {
                let row = last_row(enrollment, erasure.until, found);
                (&enrollment.journey, LedgerRow { customer: id.clone(), entered: enrollment.entered, row })
            })
            .collect();
        for (journey, row) in &trail.rows {
            if !last.iter().any(|(known, it)| *known == journey && same(it, row)) {
                last.push((journey, row.clone()));
            }
        }
        for (journey, row) in &last {
            table.replace_row(journey, row, &self.masked(row)?).await?;
        }
        table.delete_messages(&ours).await?;
        let lists = trail.lists();
        table.delete_members(id, &lists).await?;
        for (channel, hash) in &addresses {
            table.delete_alias(id, *channel, hash).await?;
        }
        // With what was said on a page in the meantime.
        let beside = table.beside(id).await?;
        table.delete_beside(id, &beside).await?;
        let struck = table.strike(id).await?;
        table.delete_customer(id).await?;
        table.finish_erasure(id, erasure, now).await?;
        let removed = Removed {
            customers: usize::from(trail.customer.is_some()),
            enrollments: last.len(),
            messages: trail.messages.len(),
            memberships: lists.len(),
            beside: trail.beside.len(),
            lists: struck,
            dead_letters,
        };
        tracing::info!(
            erase.enrollments = removed.enrollments,
            erase.messages = removed.messages,
            erase.dead_letters = removed.dead_letters,
            "a person was erased"
        );
        Ok(removed)
    }

    /// A row that names nobody.
    fn masked(&self, row: &LedgerRow) -> Result<LedgerRow> {
        let key = self.table.address_key()?;
        let masked: Row = anonymous(row.row.clone(), |text| key.mask(text));
        Ok(LedgerRow { customer: key.in_ledger(&row.customer), entered: row.entered, row: masked })
    }
}

/// What tells that a post of a provider, or an event, is about the person: codes of messages, and addresses; numbers without
/// their `+`, as some providers write them.
fn marks(trail: &Trail) -> Vec<String> {
    let codes = trail.messages.keys().map(|code| code.as_str().to_owned());
    let sent = trail.messages.values().map(|message| message.to.clone());
    let current = trail.customer.iter().flat_map(|customer| {
        Channel::ALL.into_iter().filter_map(|channel| customer.address(channel).map(ToOwned::to_owned))
    });
    let addresses = sent.chain(current).map(|address| address.trim_start_matches('+').to_owned());
    codes.chain(addresses).filter(|mark| !mark.is_empty()).collect()
}

/// Whether two rows are of one enrollment.
fn same(one: &LedgerRow, other: &LedgerRow) -> bool {
    one.entered == other.entered && one.row.version == other.row.version && one.row.key == other.row.key
}

fn found(trail: &Trail, code: &Code) -> Found {
    let Some(message) = trail.messages.get(code) else { return Found::Nothing };
    message.outcome.clone().map_or(Found::Claim, |recorded| Found::Settled {
        status: recorded.status,
        parts: recorded.parts,
        yen: recorded.yen,
    })
}
