//! All that is kept of one person, found by its id: what is exported, and what an erasure takes away.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use domain::contact::Channel;
use domain::customer::{Customer, Past};
use domain::definitions::Kind;
use domain::input::List;
use domain::message::Code;
use domain::names::{CustomerId, JourneyName};
use domain::step::PAST_LIMIT;
use domain::time::Timestamp;

use crate::table::customers::{SORT, document};
use crate::table::ledger::LedgerRow;
use crate::table::messages::MessageItem;
use crate::table::people::BESIDE;
use crate::table::{Item, Reading, Table, read_text};

/// All that is kept of one person.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Who.
    pub id: CustomerId,
    /// The customer, also one that is being erased; none where there is none.
    pub customer: Option<Customer>,
    /// What stands beside it: the record of consents, and the hashes of addresses.
    pub beside: Vec<Item>,
    /// Its rows of the ledger.
    pub rows: Vec<(JourneyName, LedgerRow)>,
    /// Its messages, as far as they are kept.
    pub messages: BTreeMap<Code, MessageItem>,
}

impl Trail {
    /// Reads it.
    pub async fn read(table: &Table, id: &CustomerId) -> Result<Self> {
        let (mut customer, mut beside) = (None, Vec::new());
        for item in table.partition(&format!("C#{id}"), Reading::Consistent).await? {
            if read_text(&item, "sk")? == SORT {
                customer = Some(document(&item)?);
            } else {
                beside.push(item);
            }
        }
        let rows = match &customer {
            Some(customer) => rows(table, customer).await?,
            None => Vec::new(),
        };
        let mut trail = Self { id: id.clone(), customer, beside, rows, messages: BTreeMap::new() };
        let codes: Vec<Code> = trail.codes().into_iter().collect();
        trail.messages = table.messages(&codes).await?;
        Ok(trail)
    }

    /// Whether nothing is kept of the person.
    pub const fn is_empty(&self) -> bool {
        self.customer.is_none() && self.beside.is_empty()
    }

    /// The codes of its messages, of enrollments that are kept whole and of others.
    fn codes(&self) -> BTreeSet<Code> {
        let whole = self.customer.iter().flat_map(|customer| &customer.enrollments);
        let whole = whole.flat_map(|enrollment| enrollment.messages().map(|message| message.code.clone()));
        let rows = self.rows.iter().flat_map(|(_, row)| &row.row.messages);
        whole.chain(rows.filter_map(|sent| sent.code.clone())).collect()
    }

    /// The hashes of the addresses that led to the person.
    pub fn addresses(&self) -> Result<Vec<(Channel, String)>> {
        let mut addresses = Vec::new();
        for item in &self.beside {
            let key = read_text(item, "sk")?.strip_prefix(BESIDE).and_then(|rest| rest.split_once('#'));
            if let Some((channel, hash)) = key {
                addresses.push((serde_json::from_value(channel.into())?, hash.to_owned()));
            }
        }
        Ok(addresses)
    }

    /// The lists that the person is or was on.
    pub fn lists(&self) -> Vec<List> {
        let segments =
            self.customer.iter().flat_map(|customer| customer.segments.keys().cloned().map(List::Segment));
        let audiences =
            self.customer.iter().flat_map(|customer| customer.audiences.keys().cloned().map(List::Audience));
        segments.chain(audiences).collect()
    }

    /// When the last message to the person left, as far as that is kept.
    pub fn last_message(&self) -> Option<Timestamp> {
        let rows = self.rows.iter().flat_map(|(_, row)| &row.row.messages);
        let rows = rows.filter(|sent| sent.status.left()).map(|sent| sent.at);
        rows.chain(self.messages.values().map(|message| message.claimed_at)).max()
    }

    /// The suppressions of the person's addresses, as they are stored.
    pub async fn suppressions(&self, table: &Table) -> Result<Vec<Item>> {
        table.suppressions(&self.addresses()?).await
    }
}

/// The rows of a customer: of enrollments that are kept whole, and of those of which only the beginning is kept.
async fn rows(table: &Table, customer: &Customer) -> Result<Vec<(JourneyName, LedgerRow)>> {
    let mut versions: BTreeMap<JourneyName, Vec<u32>> = BTreeMap::new();
    for version in table.definitions().await?.into_iter().filter(|version| version.kind == Kind::Journey) {
        versions.entry(JourneyName::parse(&version.name)?).or_default().push(version.number);
    }
    let of = |journey: &JourneyName| versions.get(journey).map(Vec::as_slice).unwrap_or_default();
    let whole = customer.enrollments.iter().map(|enrollment| {
        let past = Past(enrollment.entered, enrollment.key.clone());
        (enrollment.journey.clone(), enrollment.version, past)
    });
    let mut begun: BTreeSet<(JourneyName, u32, Past)> = whole.collect();
    let mut found = Vec::new();
    for (journey, past) in &customer.past {
        if past.len() >= PAST_LIMIT {
            // Earlier beginnings than those may have been forgotten.
            for version in of(journey) {
                found.extend(table.rows_of(&customer.id, journey, *version).await?);
            }
            begun.retain(|(kept, ..)| kept != journey);
        } else {
            let past =
                past.iter().flat_map(|past| of(journey).iter().map(move |version| (*version, past.clone())));
            begun.extend(past.map(|(version, past)| (journey.clone(), version, past)));
        }
    }
    found.extend(table.rows_begun(&customer.id, &begun).await?);
    Ok(found)
}
