//! A file of customers' ids, which becomes a list named like the file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use domain::definition::Mistake;
use domain::definitions::Kind;
use domain::list::{IDS_LIMIT, ListSource};
use domain::names::{CustomerId, ListName};
use domain::spelling::narrow;
use serde_json::json;

use super::files::{File, place};
use crate::commands::FORMULA;

/// The most bytes that are looked at: far more than a list may have.
const BYTES_LIMIT: u64 = 16_000_000;

/// The most mistakes of one file that are told.
const MISTAKES_LIMIT: usize = 100;

/// What the first line may call the ids, without case, spaces and separators.
const HEADERS: [&str; 16] = [
    "id",
    "customerid",
    "userid",
    "memberid",
    "customer",
    "会員id",
    "会員番号",
    "会員",
    "顧客id",
    "顧客番号",
    "顧客コード",
    "会員コード",
    "ユーザーid",
    "ユーザid",
    "お客様id",
    "お客様番号",
];

/// How ids stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In the first column.
    Csv,
    /// One on each line.
    Lines,
}

/// Reads a file of ids.
pub fn read(path: &Path, shown: &str, form: Form) -> Result<File> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let of = Some((Kind::List, stem.to_owned()));
    let file = |text: String, yaml| Ok(File { path: shown.to_owned(), text, of: of.clone(), yaml });
    let wrong = |place: String, what: String| Err(vec![Mistake { place, what }]);
    let bytes = fs::metadata(path).with_context(|| format!("reading {shown}"))?.len();
    if bytes > BYTES_LIMIT {
        return file(String::new(), wrong("1:1".to_owned(), too_many(&format!("a file of {bytes} bytes"))));
    }
    let bytes = fs::read(path).with_context(|| format!("reading {shown}"))?;
    let encoding = match import::detect(shown, bytes.as_slice()) {
        Ok(encoding) => encoding,
        // It begins with the name of the file.
        Err(error) => {
            let what = error.to_string();
            let what = what.strip_prefix(&format!("{shown}: ")).unwrap_or(&what);
            return file(String::new(), wrong("1:1".to_owned(), what.to_owned()));
        }
    };
    let Some(text) = encoding.text(&bytes) else {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let valid = std::str::from_utf8(&bytes).err().map_or(0, |error| error.valid_up_to());
        let place = place(&text, valid);
        return file(text, wrong(place, format!("not all of it is {encoding}; save the file as UTF-8")));
    };
    let yaml = list(stem, &text, form);
    file(text, yaml)
}

/// The ids in a file: in the first column of a *.csv, else one on each line.
pub fn ids(path: &Path) -> Result<BTreeSet<CustomerId>> {
    let shown = path.display().to_string();
    let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let form = if csv { Form::Csv } else { Form::Lines };
    let bytes = fs::read(path).with_context(|| format!("reading {shown}"))?;
    let encoding = import::detect(&shown, bytes.as_slice())?;
    let text = encoding.text(&bytes).with_context(|| format!("{shown}: not all of it is {encoding}"))?;
    let mut ids = BTreeSet::new();
    for (row, (line, cell)) in rows(&text, form).into_iter().enumerate() {
        let cell = plain(&cell);
        if !cell.is_empty() && (row > 0 || !is_header(&cell)) {
            ids.insert(CustomerId::parse(&cell).with_context(|| format!("{shown}:{line}"))?);
        }
    }
    Ok(ids)
}

/// The definition of a list, or what is wrong in its file.
fn list(name: &str, text: &str, form: Form) -> Result<String, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut wrong = |place: String, what: String| mistakes.push(Mistake { place, what });
    let name = ListName::parse(name)
        .map_err(|error| wrong("1:1".to_owned(), format!("the file is named like its list: {error}")));
    let mut ids: BTreeSet<CustomerId> = BTreeSet::new();
    for (row, (line, cell)) in rows(text, form).into_iter().enumerate() {
        let cell = plain(&cell);
        if cell.is_empty() || (row == 0 && is_header(&cell)) {
            continue;
        }
        match CustomerId::parse(&cell) {
            Ok(id) => {
                ids.insert(id);
            }
            Err(error) => wrong(format!("{line}:1"), error.to_string()),
        }
        if ids.len() > IDS_LIMIT {
            wrong(format!("{line}:1"), too_many(&format!("more than {IDS_LIMIT} ids")));
            break;
        }
    }
    if mistakes.len() > MISTAKES_LIMIT {
        mistakes.truncate(MISTAKES_LIMIT);
        let place = mistakes.last().map_or_else(|| "1:1".to_owned(), |mistake| mistake.place.clone());
        let what = format!("there are more mistakes than these {MISTAKES_LIMIT}; mend them first");
        mistakes.push(Mistake { place, what });
    }
    match name {
        Ok(name) if mistakes.is_empty() => {
            let source = ListSource { name, ids: ids.into_iter().collect() };
            Ok(json!({ "list": source }).to_string())
        }
        Ok(_) | Err(()) => Err(mistakes),
    }
}

fn too_many(what: &str) -> String {
    format!(
        "{what}; a list holds at most {IDS_LIMIT}. For more, give these customers a trait (`tsunagi import customers` with a \
         column for it) and ask for it with `trait`"
    )
}

/// The first cells with their lines.
fn rows(text: &str, form: Form) -> Vec<(u64, String)> {
    match form {
        Form::Lines => (1..).zip(text.lines()).map(|(line, cell)| (line, cell.to_owned())).collect(),
        Form::Csv => {
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let mut rows = Vec::new();
            let mut record = csv::StringRecord::new();
            // What is UTF-8 and flexible always reads.
            while reader.read_record(&mut record).unwrap_or(false) {
                let line = record.position().map_or(1, csv::Position::line);
                rows.push((line, record.get(0).unwrap_or_default().to_owned()));
            }
            rows
        }
    }
}

/// In plain characters, as imports have them: １００１ is 1001; without the apostrophe by which our own files keep
/// spreadsheets from reading an id as a formula.
fn plain(cell: &str) -> String {
    let cell: String = cell.chars().map(narrow).collect();
    let cell = cell.trim();
    cell.strip_prefix('\'').filter(|id| id.starts_with(FORMULA)).unwrap_or(cell).to_owned()
}

fn is_header(cell: &str) -> bool {
    let plain: String = cell
        .chars()
        .map(narrow)
        .filter(|c| c.is_alphanumeric() || *c == 'ー')
        .flat_map(char::to_lowercase)
        .collect();
    HEADERS.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str, form: Form) -> Vec<String> {
        let yaml: serde_json::Value = serde_json::from_str(&list("vips", text, form).unwrap()).unwrap();
        let ids = yaml["list"]["ids"].as_array().unwrap();
        ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn our_own_files_are_read_back() {
        assert_eq!(
            ids("customer,step\n'+817056789012,hello\n'a,hello\n", Form::Csv),
            ["'a", "+817056789012"]
        );
    }

    fn wrong(text: &str, form: Form) -> Vec<String> {
        list("vips", text, form).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ids_with_and_without_a_header() {
        assert_eq!(ids("会員ＩＤ,氏名\n2,花子\n1,\"太郎\n次郎\"\n\n1,太郎\n", Form::Csv), ["1", "2"]);
        assert_eq!(ids("a-1\n\"b,2\"\n", Form::Csv), ["a-1", "b,2"]);
        assert_eq!(ids("customer_id\r\n 7 \r\n", Form::Lines), ["7"]);
        assert_eq!(ids("a,b\n\"c\n", Form::Lines), ["\"c", "a,b"]);
        assert!(ids("ユーザーID\n", Form::Csv).is_empty());
        assert_eq!(ids("id\n１００１\n1001\n　Ａ－１\n", Form::Csv), ["1001", "A-1"]);
    }

    #[test]
    fn what_is_no_id_is_told_at_its_line() {
        let long = "x".repeat(129);
        assert_eq!(
            wrong(&format!("id\n\"a\nb\"\nc\n{long}\n"), Form::Csv),
            [
                "2:1: an id of 3 characters; use 1 to 128 characters without control characters",
                "5:1: an id of 129 characters; use 1 to 128 characters without control characters"
            ]
        );
        let many: String = (0..10_001).map(|id| format!("{id}\n")).collect::<Vec<_>>().concat();
        let told = wrong(&many, Form::Lines);
        assert!(told.len() == 1 && told[0].starts_with("10001:1: more than 10000 ids; "), "{told:?}");
        assert!(told[0].contains("`trait`"));
    }

    #[test]
    fn files_in_the_encodings_of_japan() {
        let directory = tempfile::tempdir().unwrap();
        let read = |bytes: &[u8]| {
            let path = directory.path().join("vips.csv");
            fs::write(&path, bytes).unwrap();
            read(&path, "vips.csv", Form::Csv).unwrap().yaml.map_err(|mistakes| mistakes[0].to_string())
        };
        let right = read("会員番号,氏名\n会-1,佐藤\n".as_bytes()).unwrap();
        assert!(right.contains("\"会-1\""), "{right}");
        assert_eq!(read("\u{feff}会員番号,氏名\n会-1,佐藤\n".as_bytes()).unwrap(), right);
        // The same in Shift_JIS and in EUC-JP.
        let shift_jis = b"\x89\xef\x88\xf5\x94\xd4\x8d\x86,\x8e\x81\x96\xbc\n\x89\xef-1,\x8d\xb2\x93\xa1\n";
        assert_eq!(read(shift_jis).unwrap(), right);
        let euc_jp = b"\xb2\xf1\xb0\xf7\xc8\xd6\xb9\xe6,\xbb\xe1\xcc\xbe\n\xb2\xf1-1,\xba\xb4\xc6\xa3\n";
        assert_eq!(read(euc_jp).unwrap(), right);
        assert!(read(b"id\n\xff\xff\n").unwrap_err().starts_with("2:1: not all of it is "));
    }
}
