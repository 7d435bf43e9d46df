//! The rows of a CSV file in bounded memory, each with the line it begins in.

use std::cell::Cell;
use std::io::{self, Chain, Cursor, Read};

use anyhow::Context;
use csv::{ReaderBuilder, StringRecord, Terminator};

/// Bytes of a record. More is a quotation mark that was left open, or a file without line breaks.
pub(super) const RECORD_BYTES: u64 = 1_000_000;
const BUFFER_BYTES: usize = 64 * 1_024;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Where a row stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The line it begins in, from 1.
    pub line: u64,
    /// How many lines it spans.
    pub lines: u64,
    /// The file ended inside a quoted cell.
    pub open_quote: bool,
}

/// The first bytes, read to look for the byte order mark, and the rest.
type Joined<R> = Chain<Cursor<Vec<u8>>, R>;

pub(super) struct Rows<R, P> {
    csv: csv::Reader<Guard<Joined<R>, P>>,
}

impl<R: Read, P: FnMut(u64)> Rows<R, P> {
    pub fn new(name: &str, mut reader: R, progress: P) -> anyhow::Result<Self> {
        let mut head = Vec::new();
        reader
            .by_ref()
            .take(BOM.len() as u64)
            .read_to_end(&mut head)
            .with_context(|| format!("{name}: cannot be read"))?;
        let skipped = if head == BOM { BOM.len() as u64 } else { 0 };
        if head == BOM {
            head.clear();
        }
        let guard = Guard {
            name: name.to_owned(),
            inner: Cursor::new(head).chain(reader),
            progress,
            skipped,
            passed: 0,
            newlines: 0,
            split: Vec::new(),
            last: None,
            ended: false,
            record: Cell::new((0, 1)),
        };
        // Ending records at \n alone keeps the line numbers true; the \r of a \r\n goes when cells are trimmed.
        let csv = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(guard);
        Ok(Self { csv })
    }

    /// Reads the next row that has anything in it into `cells`.
    pub fn next(&mut self, cells: &mut StringRecord) -> anyhow::Result<Option<Row>> {
        while self.csv.read_record(cells)? {
            let position = self.csv.position();
            let (byte, end) = (position.byte(), position.line());
            let guard = self.csv.get_ref();
            guard.record.set((byte, end));
            if cells.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            // The guard ends every file with a line break, so only an open quote carries a record to the end.
            let open_quote = guard.ended;
            let inside = cells.iter().map(|cell| newlines(cell.as_bytes())).sum::<u64>();
            let line = end - inside - u64::from(!open_quote);
            return Ok(Some(Row { line, lines: inside + 1, open_quote }));
        }
        Ok(None)
    }
}

/// Passes UTF-8 on and stops at anything else, and at a record without an end.
struct Guard<R, P> {
    name: String,
    inner: R,
    progress: P,
    /// Bytes of the file that were not passed on.
    skipped: u64,
    passed: u64,
    newlines: u64,
    /// The beginning of a character whose rest has not been read yet.
    split: Vec<u8>,
    last: Option<u8>,
    ended: bool,
    /// Byte (as passed on) and line at which the current record begins.
    record: Cell<(u64, u64)>,
}

impl<R: Read, P: FnMut(u64)> Read for Guard<R, P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (start, line) = self.record.get();
        if self.passed - start > RECORD_BYTES {
            return Err(io::Error::other(format!(
                "{}:{line}: the row is longer than 1 MB; close its quotation marks, and end every row with a line break",
                self.name
            )));
        }
        let held = self.split.len();
        if buffer.len() <= held {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        buffer[..held].copy_from_slice(&self.split);
        let mut filled = held;
        loop {
            let count = match self.inner.read(&mut buffer[filled..]) {
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    return Err(io::Error::new(e.kind(), format!("{}: cannot be read: {e}", self.name)));
                }
            };
            filled += count;
            let whole = self.whole(&buffer[..filled], count == 0)?;
            if count > 0 && whole == 0 {
                continue;
            }
            self.split = buffer[whole..filled].to_vec();
            return Ok(if whole == 0 { self.end(buffer) } else { self.pass(&buffer[..whole]) });
        }
    }
}

impl<R, P: FnMut(u64)> Guard<R, P> {
    /// How many of the bytes are whole characters.
    fn whole(&self, bytes: &[u8], at_end: bool) -> io::Result<usize> {
        let Err(error) = std::str::from_utf8(bytes) else { return Ok(bytes.len()) };
        let whole = error.valid_up_to();
        if error.error_len().is_none() && !at_end {
            return Ok(whole);
        }
        let line = self.newlines + newlines(&bytes[..whole]) + 1;
        let byte = self.skipped + self.passed + whole as u64 + 1;
        Err(io::Error::other(format!(
            "{}:{line}: byte {byte} of the file (0x{:02x}) is not UTF-8; save the file as CSV UTF-8",
            self.name, bytes[whole]
        )))
    }

    fn pass(&mut self, bytes: &[u8]) -> usize {
        self.passed += bytes.len() as u64;
        self.newlines += newlines(bytes);
        self.last = bytes.last().copied();
        (self.progress)(self.skipped + self.passed);
        bytes.len()
    }

    /// The end of the file, after a line break.
    fn end(&mut self, buffer: &mut [u8]) -> usize {
        if self.last.is_none_or(|byte| byte == b'\n') {
            self.ended = true;
            return 0;
        }
        buffer[0] = b'\n';
        self.last = Some(b'\n');
        self.passed += 1;
        1
    }
}

#[expect(clippy::naive_bytecount, reason = "far from the slowest part of an import")]
fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Yields one byte at a time.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn rows(text: &[u8]) -> Result<Vec<(u64, Vec<String>)>, String> {
        let read = |reader: &mut dyn Read| {
            let mut rows = Rows::new("f.csv", reader, |_| ()).unwrap();
            let (mut cells, mut all) = (StringRecord::new(), Vec::new());
            while let Some(row) = rows.next(&mut cells).map_err(|e| format!("{e:#}"))? {
                all.push((row.line, cells.iter().map(|cell| cell.trim().to_owned()).collect()));
            }
            Ok(all)
        };
        let whole = read(&mut &text[..]);
        assert_eq!(whole, read(&mut Trickle(text)), "the size of reads matters");
        whole
    }

    fn lines(text: &str) -> Vec<u64> {
        rows(text.as_bytes()).unwrap().into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn rows_know_the_line_they_begin_in() {
        assert_eq!(lines("a,b\nc,d\n"), [1, 2]);
        assert_eq!(lines("a,b\r\nc,d\r\n\r\n\r\ne,f"), [1, 2, 5]);
        assert_eq!(lines("\n\na,b\n,\n\nc,d"), [3, 6]);
        assert_eq!(lines("a,b\n\n\"c\nc\nc\",d\r\n\"e\",f\n"), [1, 3, 6]);
        assert_eq!(lines("a,b\n\n\"c\nd,e"), [1, 3]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_cell() {
        let cells = vec![(1, vec!["氏名".to_owned(), "b".to_owned()])];
        assert_eq!(rows("\u{feff}氏名,b\r\n".as_bytes()).unwrap(), cells);
        assert_eq!(rows("\u{feff}\"氏名\",b".as_bytes()).unwrap(), cells);
        assert_eq!(rows("\u{feff}".as_bytes()).unwrap(), []);
        assert_eq!(rows(b"").unwrap(), []);
    }

    #[test]
    fn other_encodings_are_named_by_byte_and_line() {
        let shift_jis = b"id,name\r\n1,\x8e\x52\x93\x63\r\n";
        assert_eq!(
            rows(shift_jis).unwrap_err(),
            "f.csv:2: byte 12 of the file (0x8e) is not UTF-8; save the file as CSV UTF-8"
        );
        let cut = "\u{feff}id\n山".as_bytes();
        assert_eq!(
            rows(&cut[..cut.len() - 1]).unwrap_err(),
            "f.csv:2: byte 7 of the file (0xe5) is not UTF-8; save the file as CSV UTF-8"
        );
    }

    #[test]
    fn an_open_quote_to_the_end_is_told() {
        let mut rows = Rows::new("f.csv", &b"a,b\nc,\"d\ne,f\n"[..], |_| ()).unwrap();
        let mut cells = StringRecord::new();
        assert_eq!(rows.next(&mut cells).unwrap(), Some(Row { line: 1, lines: 1, open_quote: false }));
        let row = rows.next(&mut cells).unwrap().unwrap();
        assert!(row.open_quote && row.line == 2, "{row:?}");
    }
}
