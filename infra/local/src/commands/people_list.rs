//! `tsunagi report --list`: the people behind a figure.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::ValueEnum;
use cloud::table::Table;
use cloud::table::ledger::LedgerRow;
use domain::definitions::Definitions;
use domain::enrollment::Status;
use domain::journey::Journey;
use domain::ledger::Sent;
use domain::message::SkipReason;
use domain::names::{CustomerId, JourneyName};
use domain::report::{Fate, converting};
use domain::time::Timestamp;
use serde::Serialize;

use super::text::cell;

/// Which people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Who entered.
    Entered,
    /// To whom a message left.
    Sent,
    /// Whose provider refused a message.
    Failed,
    /// To whom a message was not sent, and why; whose journey ended before it came to one, too.
    Skipped,
    /// To whom none was sent, of all that the journey has: the failed, skipped and unknown of its audience.
    Missed,
    /// Of whose message it is not known whether it left.
    Unknown,
    /// Whom a message reached.
    Delivered,
    /// Whom a message did not reach, although it left.
    Undelivered,
    /// Who loaded a message's picture, or whose mail program did.
    Opened,
    /// Who clicked a link.
    Clicked,
    /// Whose link was followed by what is likely to be a program, such as a mail gateway.
    Bots,
    /// Who replied.
    Replied,
    /// Who reached the goal; those who were held out apart. A sale that is the goal of several enrollments counts once.
    Converted,
    /// Who got no messages, so that what they bring can be told.
    HeldOut,
    /// Whose enrollment ended, and how.
    Ended,
}

/// A person and why they are on the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Listed {
    /// When; the list is in this order.
    #[serde(skip)]
    at: Timestamp,
    /// Who; of someone who was erased, that.
    #[serde(serialize_with = "shown")]
    customer: CustomerId,
    /// The step; empty where it is about the journey as a whole.
    step: String,
    /// When, in the shop's zone.
    when: String,
    /// More of it: the reason, the links, the word of a reply, yen.
    detail: String,
}

fn shown<S: serde::Serializer>(customer: &CustomerId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(customer.shown())
}

/// The people of a journey, all versions together, in the order in which it happened.
pub async fn read(
    table: &Table,
    definitions: &Definitions,
    name: &JourneyName,
    which: Which,
) -> Result<Vec<Listed>> {
    let known: Vec<&str> = definitions.journeys.keys().map(JourneyName::as_str).collect();
    let none = || format!("there is no journey `{name}`; there are: {}", known.join(", "));
    let versions = definitions.journeys.get(name).with_context(none)?;
    let mut rows: Vec<LedgerRow> = Vec::new();
    for version in versions.keys() {
        table.rows(name, *version, |row| rows.push(row)).await?;
    }
    let entry = |row: &LedgerRow| (row.customer.clone(), row.entered, row.row.clone());
    // Only these two lists ask for goals.
    let converting = if matches!(which, Which::Converted | Which::HeldOut) {
        converting(&rows.iter().map(entry).collect::<Vec<_>>(), versions)
    } else {
        BTreeSet::new()
    };
    let mut listed = Vec::new();
    for (index, mut row) in rows.into_iter().enumerate() {
        row.row.goal = row.row.goal.filter(|_| converting.contains(&index));
        if let Some(journey) = versions.get(&row.row.version) {
            listed.extend(of_row(&row, journey, definitions, which));
        }
    }
    listed.sort();
    Ok(listed)
}

fn of_row(row: &LedgerRow, journey: &Arc<Journey>, definitions: &Definitions, which: Which) -> Vec<Listed> {
    let line = |at: Timestamp, step: String, detail: String| Listed {
        at,
        customer: row.customer.clone(),
        step,
        when: local(definitions, at),
        detail,
    };
    let whole = |found: Option<(Timestamp, String)>| -> Vec<Listed> {
        found.map(|(at, detail)| line(at, String::new(), detail)).into_iter().collect()
    };
    let goal = |held_out: bool| {
        row.row.goal.filter(|_| row.row.held_out == held_out).map(|goal| (goal.at, goal.yen.to_string()))
    };
    match which {
        Which::Entered => whole(Some((row.entered, row.row.key.clone().unwrap_or_default()))),
        Which::Converted => whole(goal(false)),
        Which::HeldOut => {
            let converted = goal(true).map_or_else(String::new, |(_, yen)| format!("converted {yen}"));
            whole(row.row.held_out.then_some((row.entered, converted)))
        }
        Which::Missed => {
            let at = row.row.messages.last().map(|sent| sent.at).or(row.row.ended.map(|(at, _)| at));
            whole(missed(Fate::of(&row.row, Some(journey))).map(|why| (at.unwrap_or(row.entered), why)))
        }
        Which::Ended => whole(row.row.ended.map(|(at, why)| (at, why.describe().to_owned()))),
        Which::Sent
        | Which::Failed
        | Which::Skipped
        | Which::Unknown
        | Which::Delivered
        | Which::Undelivered
        | Which::Opened
        | Which::Clicked
        | Which::Bots
        | Which::Replied => {
            let before = which == Which::Skipped && row.row.messages.is_empty();
            let over =
                row.row.ended.filter(|_| before).map(|(at, _)| (at, SkipReason::Ended.describe().to_owned()));
            let found = row.row.messages.iter().filter_map(|sent| {
                let (at, detail) = of_message(sent, journey, which)?;
                let step = journey.step_name(sent.step);
                let step = step.map_or_else(|| sent.step.to_string(), ToString::to_string);
                Some(line(at, step, detail))
            });
            whole(over).into_iter().chain(found).collect()
        }
    }
}

/// When, and more of it; none where the message is not on the list.
fn of_message(sent: &Sent, journey: &Journey, which: Which) -> Option<(Timestamp, String)> {
    let nothing = String::new();
    let left = matches!(sent.status, Status::Accepted | Status::Undelivered(_) | Status::Delivered);
    match (which, &sent.status) {
        (Which::Sent, _) => left.then_some((sent.at, nothing)),
        (Which::Failed, Status::Failed(code)) | (Which::Undelivered, Status::Undelivered(code)) => {
            Some((sent.at, code.clone()))
        }
        (Which::Skipped, Status::Skipped(why)) => Some((sent.at, why.describe().to_owned())),
        (Which::Unknown, Status::Unknown) | (Which::Delivered, Status::Delivered) => Some((sent.at, nothing)),
        (Which::Opened, _) => Some((sent.opened?, nothing)),
        (Which::Clicked, _) => Some((sent.clicked?, links(sent, journey))),
        (Which::Bots, _) => Some((sent.scanned?, nothing)),
        (Which::Replied, _) => Some((sent.replied?, sent.reply.clone().unwrap_or_default())),
        (
            Which::Failed | Which::Undelivered | Which::Skipped | Which::Unknown | Which::Delivered,
            Status::Pending
            | Status::Unknown
            | Status::Skipped(_)
            | Status::Failed(_)
            | Status::Accepted
            | Status::Undelivered(_)
            | Status::Delivered,
        )
        | (Which::Entered | Which::Missed | Which::Converted | Which::HeldOut | Which::Ended, _) => None,
    }
}

/// Why nothing was sent to a person; none where something was, or is to come.
fn missed(fate: Fate) -> Option<String> {
    match fate {
        Fate::Sent | Fate::Waiting => None,
        Fate::Unknown => Some("unknown whether it left".to_owned()),
        Fate::Failed => Some("the provider refused it".to_owned()),
        Fate::Skipped(why) => Some(why.describe().to_owned()),
    }
}

/// The names of the links that were clicked.
fn links(sent: &Sent, journey: &Journey) -> String {
    let names = journey.message(sent.step).map(|step| step.links.as_slice()).unwrap_or_default();
    let names = sent.links.iter().filter_map(|link| names.get(*link)).map(|(name, _)| name.as_str());
    names.collect::<Vec<_>>().join(" ")
}

fn local(definitions: &Definitions, at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.seconds()).map_or_else(
        |_| at.to_string(),
        |at| at.to_zoned(definitions.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    )
}

/// The list as CSV with a header line.
pub fn csv(listed: &[Listed]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["customer", "step", "when", "detail"])?;
    for one in listed {
        let cells = [one.customer.shown(), &one.step, &one.when, &one.detail];
        writer.write_record(cells.map(cell))?;
    }
    let bytes = writer.into_inner().context("writing CSV")?;
    Ok(String::from_utf8(bytes)?.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_erased_is_shown_as_that() {
        let listed = [Listed {
            at: Timestamp::from_seconds(0),
            customer: CustomerId::erased("k3y"),
            step: String::new(),
            when: "1970-01-01T09:00:00+09:00".to_owned(),
            detail: String::new(),
        }];
        assert_eq!(csv(&listed).unwrap().lines().nth(1), Some("erased,,1970-01-01T09:00:00+09:00,"));
        assert_eq!(serde_json::to_value(&listed).unwrap()[0]["customer"], "erased");
    }

    #[test]
    fn no_cell_is_a_formula() {
        let listed = |id: &str, detail: &str| Listed {
            at: Timestamp::from_seconds(0),
            customer: CustomerId::parse(id).unwrap(),
            step: "hello".to_owned(),
            when: "1970-01-01T09:00:00+09:00".to_owned(),
            detail: detail.to_owned(),
        };
        let csv = csv(&[listed("=1+1", "@SUM(A1)"), listed("1,2", "＝1"), listed("00001", "a-b")]).unwrap();
        let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(ToOwned::to_owned).collect()).collect();
        assert_eq!([&rows[0][0], &rows[0][3]], ["'=1+1", "'@SUM(A1)"]);
        assert_eq!([&rows[1][0], &rows[1][3]], ["1,2", "'＝1"]);
        assert_eq!([&rows[2][0], &rows[2][3]], ["00001", "a-b"]);
    }
}
