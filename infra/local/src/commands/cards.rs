//! `tsunagi cards`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use cloud::table::{Reading, Table};
use csv::{Terminator, WriterBuilder};
use domain::customer::{Customer, Value};
use domain::definitions::Definitions;
use domain::names::{CardName, CustomerId, JourneyName};
use domain::spelling::{narrow, nearest};
use domain::time::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Data;
use super::place;
use super::text::{cell, complain};

/// Customers that are read together.
const TOGETHER: usize = 1_000;

/// The columns, named as `tsunagi import customers` reads them.
const HEADER: [&str; 10] =
    ["id", "name", "postal_code", "prefecture", "city", "street", "country", "journey", "at", "key"];

/// Traits that hold the address, in the order of the columns.
const ADDRESS: [&str; 4] = ["address_state", "address_city", "address_street", "address_country"];

/// Cards for the post.
#[derive(Debug, Args)]
pub struct Cards {
    /// The card's name, as journeys have it in their steps `card: NAME`.
    card: String,
    /// Only those from this day on, by the shop's clock.
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<Date>,
    /// Only those before this day: with `--since`, each is exported once.
    #[arg(long, value_name = "YYYY-MM-DD")]
    before: Option<Date>,
    /// The file to write; standard output when none is named.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

/// A card of a customer.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Card {
    at: Timestamp,
    customer: CustomerId,
    journey: JourneyName,
    key: Option<String>,
}

impl Cards {
    pub(super) async fn run(self) -> Result<()> {
        let reader = place::reader(&self.data.data)?;
        let definitions = crate::definitions::current(&reader.table).await?;
        let card = CardName::parse(&self.card)?;
        let [since, before] =
            [self.since, self.before].map(|day| day.map(|day| midnight(day, &definitions.zone)));
        let (since, before) = (since.transpose()?, before.transpose()?);
        let within =
            |at: Timestamp| since.is_none_or(|since| since <= at) && before.is_none_or(|before| at < before);
        let cards = passed(&reader.table, &definitions, &card, within).await?;
        let sink: Box<dyn Write + Send> = match &self.out {
            Some(path) => {
                // It holds addresses of people: for its owner only.
                let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
                Box::new(file.with_context(|| format!("writing {}", path.display()))?)
            }
            None => Box::new(io::stdout()),
        };
        let written = write(sink, &reader.table, &definitions.zone, &cards).await?;
        complain(&written.describe(&card));
        Ok(())
    }
}

/// The instant at which a day begins.
fn midnight(day: Date, zone: &TimeZone) -> Result<Timestamp> {
    let begins = day.to_zoned(zone.clone()).with_context(|| format!("{day} is no day"))?;
    Ok(Timestamp::from_seconds(begins.timestamp().as_second()))
}

/// The cards of all journeys, the earliest first.
async fn passed(
    table: &Table,
    definitions: &Definitions,
    card: &CardName,
    within: impl Fn(Timestamp) -> bool,
) -> Result<Vec<Card>> {
    let (mut cards, mut known) = (Vec::new(), BTreeSet::new());
    for (name, versions) in &definitions.journeys {
        for (version, journey) in versions {
            known.extend(journey.cards().map(|(_, card)| card.as_str()));
            let steps: BTreeSet<usize> =
                journey.cards().filter(|(_, of)| *of == card).map(|(step, _)| step).collect();
            if steps.is_empty() {
                continue;
            }
            let take = |row: cloud::table::ledger::LedgerRow| {
                let passed = row.row.passed.iter().filter(|(step, at)| steps.contains(step) && within(*at));
                cards.extend(passed.map(|(_, at)| Card {
                    at: *at,
                    customer: row.customer.clone(),
                    journey: name.clone(),
                    key: row.row.key.clone(),
                }));
            };
            table.rows(name, *version, take).await?;
        }
    }
    if !known.contains(card.as_str()) {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(card.as_str(), known.iter().copied()) {
            Some(near) => bail!("no journey has a card `{card}`; did you mean `{near}`?"),
            None if known.is_empty() => bail!("no journey has a step `card`"),
            None => bail!("no journey has a card `{card}`; there are: {}", known.join(", ")),
        }
    }
    cards.sort_unstable();
    Ok(cards)
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Written {
    cards: usize,
    without_postal_code: usize,
    gone: usize,
}

impl Written {
    fn describe(self, card: &CardName) -> String {
        let Self { cards, without_postal_code, gone } = self;
        let mut parts = vec![format!("{cards} cards `{card}`")];
        if without_postal_code > 0 {
            parts.push(format!("{without_postal_code} of them without a postal code"));
        }
        if gone > 0 {
            parts.push(format!("{gone} left out, whose customers are gone"));
        }
        parts.join("; ")
    }
}

/// Writes the cards as CSV that spreadsheets open: UTF-8 with a mark that says so, and no cell that is a formula.
async fn write(
    mut sink: Box<dyn Write + Send>,
    table: &Table,
    zone: &TimeZone,
    cards: &[Card],
) -> Result<Written> {
    sink.write_all("\u{feff}".as_bytes()).context("writing the cards")?;
    let mut csv = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(sink);
    csv.write_record(HEADER)?;
    let mut written = Written::default();
    for together in cards.chunks(TOGETHER) {
        let ids: BTreeSet<CustomerId> = together.iter().map(|card| card.customer.clone()).collect();
        let ids: Vec<CustomerId> = ids.into_iter().collect();
        let customers: BTreeMap<_, _> = table.customers(&ids, Reading::Eventual).await?;
        for card in together {
            let stored = match customers.get(&card.customer) {
                Some(Ok(stored)) if stored.revision > 0 => stored,
                Some(Err(error)) => bail!("the customer {} does not read: {error:#}", card.customer),
                Some(Ok(_)) | None => {
                    written.gone += 1;
                    continue;
                }
            };
            let record = record(card, &stored.customer, zone);
            written.cards += 1;
            written.without_postal_code += usize::from(record[2].is_empty());
            csv.write_record(record.iter().map(|text| cell(text)))?;
        }
    }
    csv.flush().context("writing the cards")?;
    Ok(written)
}

fn record(card: &Card, customer: &Customer, zone: &TimeZone) -> [String; HEADER.len()] {
    let at = jiff::Timestamp::from_second(card.at.seconds()).unwrap_or_default().to_zoned(zone.clone());
    let [prefecture, city, street, country] = ADDRESS.map(|part| text(customer, part));
    [
        card.customer.to_string(),
        name(customer),
        postal_code(&text(customer, "address_postal_code")),
        prefecture,
        city,
        street,
        country,
        card.journey.to_string(),
        at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        card.key.clone().unwrap_or_default(),
    ]
}

fn text(customer: &Customer, name: &str) -> String {
    match customer.traits.get(name).map(|stamped| &stamped.0) {
        Some(Value::Text(text)) => text.trim().to_owned(),
        Some(Value::Integer(number)) => number.to_string(),
        Some(Value::Absent | Value::Boolean(_) | Value::Number(_) | Value::List(_)) | None => String::new(),
    }
}

/// The name as it is known, or put together of its parts, the family name first.
fn name(customer: &Customer) -> String {
    let whole = text(customer, "name");
    if !whole.is_empty() {
        return whole;
    }
    let parts = ["lastName", "firstName"].map(|part| text(customer, part));
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A Japanese postal code as 060-0001: without the hyphen a spreadsheet takes it for a number and its first zero away.
fn postal_code(text: &str) -> String {
    let digits: String =
        text.chars().map(narrow).filter(|c| !matches!(c, '-' | '‐' | 'ー' | '−' | ' ' | '〒')).collect();
    if digits.len() == 7 && digits.chars().all(|c| c.is_ascii_digit()) {
        return format!("{}-{}", &digits[..3], &digits[3..]);
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, written) in [
            ("=HYPERLINK(\"https://evil.example\")", "'=HYPERLINK(\"https://evil.example\")"),
            ("+81", "'+81"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("＝1", "'＝1"),
            ("花=子", "花=子"),
            ("600-8216", "600-8216"),
            ("", ""),
        ] {
            assert_eq!(cell(text), written);
        }
    }

    #[test]
    fn postal_codes_keep_their_zeros() {
        for (text, written) in [
            ("0600001", "060-0001"),
            ("060-0001", "060-0001"),
            ("〒０６０−０００１", "060-0001"),
            ("90210", "90210"),
            ("SW1A 1AA", "SW1A 1AA"),
            ("", ""),
        ] {
            assert_eq!(postal_code(text), written);
        }
    }
}
