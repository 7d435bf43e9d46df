//! `tsunagi import`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use cloud::clock::Clock;
use domain::time::Timestamp;
use import::{Encoding, Kind, Mapping, Options, Reject, Summary};
use serde_json::Value;

use super::Data;
use super::intake::Intake;
use super::text::{bar, say};

/// The exit code when rows were rejected while others were taken.
const REJECTED: u8 = 2;

/// Takes a CSV file.
#[derive(Debug, Args)]
pub struct Import {
    /// What the file holds.
    what: What,
    #[expect(clippy::doc_markdown, reason = "the names of columns, as the help shows them")]
    /// The file: CSV with a header line, in UTF-8, Shift_JIS (windows-31j) or EUC-JP, between commas, tabs or semicolons.
    ///
    /// The exports of EC-CUBE, Rakuten RMS (orders; customers are read from them as well) and Shopify are known by their
    /// headers. Customers otherwise: id, and of name, last_name, first_name, phone, email, line_id, birthday, prefecture, city,
    /// street, postal_code, sms_consent, email_consent, line_consent, consent_at and columns of your own as many as you like. Orders: order_id,
    /// customer_id, ordered_at, total; several rows of one order follow each other. Events: customer_id, event, at, and of
    /// event_id, total and properties of your own. Who has no id is known by email or phone. Plain Japanese headers such as
    /// 会員番号, 氏名 and 携帯電話 are understood in every format; メルマガ and SMS配信 are consent where they say yes or no in
    /// words. Ids count in plain characters: １００１ is 1001.
    file: PathBuf,
    /// What a column is, where its header does not say: 会員No=id. An empty name leaves the column out.
    #[arg(long = "map", value_name = "THEIRS=OURS", value_parser = Mapping::parse)]
    maps: Vec<Mapping>,
    #[expect(clippy::doc_markdown, reason = "an encoding's name, as the help shows it")]
    /// The file's encoding, instead of the detected one: utf-8, shift_jis or euc-jp.
    #[arg(long, value_name = "NAME", value_parser = Encoding::parse)]
    encoding: Option<Encoding>,
    /// The words that people agreed to, kept on the record beside each consent of the file with its name and line.
    #[arg(long = "consent-wording", value_name = "TEXT", value_parser = wording)]
    wording: Option<String>,
    #[command(flatten)]
    data: Data,
}

/// The most characters of the words that people agreed to, as the API has it.
const WORDING_CHARACTERS: usize = 1_000;

fn wording(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0 => Err("empty; write the words, or leave the option out".to_owned()),
        length if length > WORDING_CHARACTERS => {
            Err(format!("{length} characters; write at most {WORDING_CHARACTERS}"))
        }
        _ => Ok(text.to_owned()),
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// People: one a row.
    Customers,
    /// Purchases: of a row each, or of a row per line.
    Orders,
    /// What people did: one a row.
    Events,
}

impl Import {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let kind = match self.what {
            What::Customers => Kind::Customers,
            What::Orders => Kind::Orders,
            What::Events => Kind::Events,
        };
        let length =
            std::fs::metadata(&self.file).with_context(|| format!("reading {}", self.file.display()))?.len();
        let bar = bar("import", length, "bytes");
        let now = Clock::system().now();
        let intake = Intake::open(&self.data.data, now).await?;
        let (file, progress) = (self.file.clone(), bar.clone());
        let options = Options { kind, encoding: self.encoding, maps: self.maps, wording: self.wording, now };
        let handle = tokio::runtime::Handle::current();
        // The reader is synchronous; batches leave from its thread one after the other.
        let summary = tokio::task::spawn_blocking(move || {
            let deliver = |calls: Vec<Value>, _| handle.block_on(intake.deliver(&calls));
            let progress = |bytes| progress.set_position(bytes);
            import::file(&file, &options, |call| takes(call, now), progress, deliver)
        })
        .await??;
        bar.finish_and_clear();
        say(&summary.to_string());
        Ok(exit_code(&summary))
    }
}

/// What a file of which rows were rejected ends with.
fn exit_code(summary: &Summary) -> ExitCode {
    match (summary.rejected, summary.taken + summary.repeated) {
        (0, _) => ExitCode::SUCCESS,
        (_, 0) => ExitCode::FAILURE,
        _ => ExitCode::from(REJECTED),
    }
}

/// Whether the API takes a call that comes at `now`. What it says of an instant is put in words for a file.
pub fn takes(call: &Value, now: Timestamp) -> Result<(), Reject> {
    let Err(ingest::Rejection { field, error }) = ingest::parse(call, now) else { return Ok(()) };
    let at = call["timestamp"].as_str().filter(|_| field == "timestamp");
    Err(match at.and_then(|at| Timestamp::parse(at).ok()) {
        Some(at) if at > now => Reject::new(&field, format!("{}: in the future; correct the date", day(at))),
        Some(at) => Reject::new(&field, format!("{}: looks like an empty date; correct it", day(at))),
        None if field.is_empty() => Reject::row(error),
        None => Reject::new(&field, error),
    })
}

/// The day in Japan.
fn day(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_second(at.seconds()).unwrap_or(jiff::Timestamp::MAX);
    jiff::tz::Offset::constant(9).to_datetime(at).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_tells_whether_rows_were_rejected() {
        for (taken, repeated, rejected, code) in [
            (0, 0, 0, ExitCode::SUCCESS),
            (3, 0, 0, ExitCode::SUCCESS),
            (3, 0, 1, ExitCode::from(2)),
            (0, 1, 1, ExitCode::from(2)),
            (0, 0, 1, ExitCode::FAILURE),
        ] {
            let summary = Summary { taken, repeated, rejected, ..Summary::default() };
            assert_eq!(format!("{:?}", exit_code(&summary)), format!("{code:?}"), "{summary}");
        }
    }

    #[test]
    fn instants_are_refused_in_words_for_a_file() {
        let now = Timestamp::from_seconds(1_795_305_600);
        let call = |at: &str| serde_json::json!({ "type": "identify", "userId": "1", "timestamp": at });
        for (at, told) in [
            ("2027-01-02T00:00:00+09:00", "timestamp: 2027-01-02: in the future; correct the date"),
            ("1970-01-01T00:00:00+09:00", "timestamp: 1970-01-01: looks like an empty date; correct it"),
        ] {
            assert_eq!(takes(&call(at), now).unwrap_err().to_string(), told);
        }
        assert!(takes(&call("2026-11-22T00:00:00+09:00"), now).is_ok());
    }
}
