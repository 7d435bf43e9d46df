//! CSV files of customers, orders and events as calls of Segment's HTTP tracking API.
//!
//! A file of any size passes through in bounded memory. Of what its rows are about (customers, orders, events) hashes are
//! kept, up to a limit: a row that repeats an earlier one is counted as that, and one that says otherwise of the same
//! customer or order is rejected, because of two such rows nobody knows which is right. Rows that cannot be taken are kept in a file of their own, with
//! the reason, and the rest go on. Whether the API takes a row's calls is known before they leave: the caller hands in the
//! check. A call's `messageId` and time follow from its content and from the file's own date, so importing a file again, or
//! the rest of one that was cut short, changes nothing.

mod batch;
mod cells;
mod columns;
mod customer_id;
mod customers;
mod dates;
mod detect;
mod encoding;
mod events;
mod formats;
mod groups;
mod header;
mod intake;
mod mapping;
mod message_id;
mod orders;
mod prefectures;
mod reject;
mod rejected;
mod rows;
mod said;
mod seen;
mod separator;
mod summary;
mod text;

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::Context;
use csv::StringRecord;
use domain::time::Timestamp;
use serde_json::Value;

pub use crate::detect::detect;
pub use crate::encoding::{Encoding, UnknownEncoding};
pub use crate::mapping::{Mapping, MappingError};
pub use crate::reject::Reject;
pub use crate::summary::{FIRST_REASONS, Summary};

use crate::columns::Columns;
use crate::header::Header;
use crate::intake::Intake;
use crate::rows::Rows;

/// Characters in a cell that is read.
pub const CELL_CHARACTERS: usize = 1_000;
/// Where rejected rows of what has no place of its own are written.
const PIPE_REJECTED: &str = "import.rejected.csv";
/// Bytes by which the encoding is told of what can be read only once, such as a pipe.
const HEAD_BYTES: u64 = 1_000_000;
/// 1990-01-01T00:00:00Z: the API takes nothing for said before, and a file that claims to be older has lost its date.
const EARLIEST: Timestamp = Timestamp::from_seconds(631_152_000);

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One customer a row: an `identify` call of the traits, and one of the consents where the row has any.
    Customers,
    /// Orders, of one row each or of several that follow each other: a `track` call of `Order Completed` each.
    Orders,
    /// Something that a customer did a row: a `track` call each.
    Events,
}

/// How to import a file.
#[derive(Clone, Debug)]
pub struct Import {
    /// What the file holds.
    pub kind: Kind,
    /// The file's name in messages.
    pub name: String,
    /// How its bytes are read.
    pub encoding: Encoding,
    /// What columns are, where their headers do not say.
    pub maps: Vec<Mapping>,
    /// When the file was made: what it says of customers, without a date of its own, was said then. The API takes what lies
    /// in 1990 or later.
    pub as_of: Timestamp,
    /// The words that people agreed to, where all consents of the file were given by the same.
    pub wording: Option<String>,
    /// Where rows that cannot be taken are written. Made (and an older one overwritten) at the first such row.
    pub rejected: PathBuf,
}

/// How to import a file that is on this machine.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the file holds.
    pub kind: Kind,
    /// How its bytes are read; detected when it is not given.
    pub encoding: Option<Encoding>,
    /// What columns are, where their headers do not say.
    pub maps: Vec<Mapping>,
    /// The words that people agreed to, where all consents of the file were given by the same.
    pub wording: Option<String>,
    /// The time: a file is not from the future.
    pub now: Timestamp,
}

/// What an import calls on its way.
#[derive(Debug)]
pub struct Calls<C, P, O, D> {
    /// Whether the API takes a call.
    pub check: C,
    /// Gets the bytes of the file read so far, about every 64 KB.
    pub progress: P,
    /// Makes the file of rejected rows.
    pub open: O,
    /// Gets the calls in the order of the file, at most 2,500 and 480 KB at a time and those of a row together, with the
    /// lines of the first and the last row.
    pub deliver: D,
}

/// Imports the file at `path`; rejected rows of `FILE.csv` go to `FILE.rejected.csv` beside it, those of a pipe to
/// `import.rejected.csv` in the working directory. Where none is rejected, that of an earlier import is removed.
///
/// Without an encoding, it is detected: from the whole file, which is then read a second time; from its first 1 MB where it
/// can be read only once. See [`Calls`] for the callbacks, and [`stream`] for what ends an import.
pub fn file(
    path: &Path,
    options: &Options,
    check: impl FnMut(&Value) -> Result<(), Reject>,
    progress: impl FnMut(u64),
    deliver: impl FnMut(Vec<Value>, RangeInclusive<u64>) -> anyhow::Result<()>,
) -> anyhow::Result<Summary> {
    let name = path.display().to_string();
    let mut file = File::open(path).with_context(|| format!("{name}: cannot be opened"))?;
    let about = file.metadata().with_context(|| format!("{name}: cannot be read"))?;
    let mut head = Vec::new();
    let encoding = match options.encoding {
        Some(encoding) => encoding,
        None if about.is_file() => {
            let encoding = detect(&name, &file)?;
            file.rewind().with_context(|| format!("{name}: cannot be read"))?;
            encoding
        }
        None => {
            let cannot = || format!("{name}: cannot be read");
            Read::by_ref(&mut file).take(HEAD_BYTES).read_to_end(&mut head).with_context(cannot)?;
            detect(&name, &head[..])?
        }
    };
    let modified = about.modified().ok().and_then(|at| jiff::Timestamp::try_from(at).ok());
    let modified = modified.map(|at| Timestamp::from_seconds(at.as_second()));
    let import = Import {
        kind: options.kind,
        name,
        encoding,
        maps: options.maps.clone(),
        wording: options.wording.clone(),
        as_of: modified.filter(|at| (EARLIEST..=options.now).contains(at)).unwrap_or(options.now),
        rejected: if about.is_file() { path.with_extension("rejected.csv") } else { PIPE_REJECTED.into() },
    };
    let open = |path: &Path| File::create(path);
    let mut summary =
        stream(&import, head.chain(BufReader::new(file)), Calls { check, progress, open, deliver })?;
    if summary.rejected == 0 && rejected::is_ours(&import.rejected) {
        let kept = import.rejected.display();
        summary.notes.push(match fs::remove_file(&import.rejected) {
            Ok(()) => format!("removed {kept}, of an earlier import: nothing is rejected any more"),
            Err(error) => format!("{kept} is of an earlier import, and cannot be removed: {error}"),
        });
    }
    Ok(summary)
}

/// Imports what `reader` yields.
///
/// An error of `deliver` or of the file of rejected rows, a header that does not fit, and a record of more than 1 MB end
/// the import; what was delivered stays delivered.
pub fn stream<W: Write>(
    import: &Import,
    reader: impl Read,
    to: Calls<
        impl FnMut(&Value) -> Result<(), Reject>,
        impl FnMut(u64),
        impl FnMut(&Path) -> io::Result<W>,
        impl FnMut(Vec<Value>, RangeInclusive<u64>) -> anyhow::Result<()>,
    >,
) -> anyhow::Result<Summary> {
    let Calls { check, progress, open, deliver } = to;
    let name = &import.name;
    let mut rows = Rows::new(name, reader, import.encoding, progress)?;
    let mut cells = StringRecord::new();
    let Some(first) = rows.next(&mut cells)? else {
        anyhow::bail!("{name}: the file is empty; its first line names the columns");
    };
    if let Some(invalid) = first.invalid {
        let problem = rows.problem(invalid);
        anyhow::bail!("{name}:{}: {problem}; name the file's encoding by --encoding", first.line);
    }
    let header = Header::new(name, first.line, rows.separator(), &cells)?;
    let mut notes = Vec::new();
    let columns = Columns::new(import.kind, &header, &import.maps, &mut notes)?;
    let summary = Summary {
        kind: Some(import.kind),
        read_as: rows.read_as(),
        format: columns.format.name.to_owned(),
        notes,
        ..Summary::default()
    };
    let mut intake = Intake::new(import, &header, &columns, summary, check, open, deliver);
    while let Some(row) = rows.next(&mut cells)? {
        let invalid = row.invalid.map(|invalid| rows.problem(invalid));
        intake.row(row, invalid, &cells)?;
    }
    intake.end()
}
