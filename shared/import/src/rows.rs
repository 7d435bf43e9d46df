//! The rows of a CSV file in bounded memory, each with the line it begins in.

use std::io::Read;

use anyhow::Context;
use csv::{ReaderBuilder, StringRecord, Terminator};

use crate::encoding::Encoding;
use crate::separator::Separator;
use crate::text::{Invalid, Text};

const BUFFER_BYTES: usize = 64 * 1_024;

/// Where a row stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The line it begins in, from 1.
    pub line: u64,
    /// How many lines it spans.
    pub lines: u64,
    /// The file ended inside a quoted cell.
    pub open_quote: bool,
    /// The first byte in it that means nothing.
    pub invalid: Option<Invalid>,
}

pub(crate) struct Rows<R, P> {
    csv: csv::Reader<Text<R, P>>,
    separator: Separator,
}

impl<R: Read, P: FnMut(u64)> Rows<R, P> {
    pub fn new(name: &str, reader: R, encoding: Encoding, progress: P) -> anyhow::Result<Self> {
        let cannot = || format!("{name}: cannot be read");
        let mut text = Text::new(name, reader, encoding, progress).with_context(cannot)?;
        let separator = Separator::of(text.first()?);
        // Ending records at \n alone keeps the line numbers true; the \r of a \r\n goes when cells are trimmed.
        let csv = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .delimiter(separator.byte())
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(text);
        Ok(Self { csv, separator })
    }

    /// What stands between its cells.
    pub fn separator(&self) -> Separator {
        self.separator
    }

    /// How the file is read, such as `UTF-8 with a byte order mark, separated by tabs`.
    pub fn read_as(&self) -> String {
        let text = self.csv.get_ref();
        let mark = if text.marked() { " with a byte order mark" } else { "" };
        format!("{}{mark}{}", text.encoding(), self.separator.read_as())
    }

    /// What is wrong with a byte.
    pub fn problem(&self, invalid: Invalid) -> String {
        let Invalid { byte, value, .. } = invalid;
        format!("byte {byte} of the file (0x{value:02x}) means nothing in {}", self.csv.get_ref().encoding())
    }

    /// Reads the next row that has anything in it into `cells`.
    pub fn next(&mut self, cells: &mut StringRecord) -> anyhow::Result<Option<Row>> {
        while self.csv.read_record(cells)? {
            let position = self.csv.position();
            let (byte, end) = (position.byte(), position.line());
            let text = self.csv.get_mut();
            text.begin(byte, end);
            let invalid = text.invalid_before(byte);
            let open_quote = text.ended();
            if cells.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            // The text ends with a line break, so only an open quote carries a record to the end.
            let inside = cells.iter().map(|cell| newlines(cell.as_bytes())).sum::<u64>();
            let line = end - inside - u64::from(!open_quote);
            return Ok(Some(Row { line, lines: inside + 1, open_quote, invalid }));
        }
        Ok(None)
    }
}

#[expect(clippy::naive_bytecount, reason = "far from the slowest part of an import")]
fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use std::io;

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

    fn rows_in(encoding: Encoding, text: &[u8]) -> Vec<(u64, Vec<String>, Option<String>)> {
        let read = |reader: &mut dyn Read| {
            let mut rows = Rows::new("f.csv", reader, encoding, |_| ()).unwrap();
            let (mut cells, mut all) = (StringRecord::new(), Vec::new());
            while let Some(row) = rows.next(&mut cells).unwrap() {
                let problem = row.invalid.map(|invalid| rows.problem(invalid));
                all.push((row.line, cells.iter().map(|cell| cell.trim().to_owned()).collect(), problem));
            }
            all
        };
        let whole = read(&mut &text[..]);
        assert_eq!(whole, read(&mut Trickle(text)), "the size of reads matters");
        whole
    }

    fn rows(text: &[u8]) -> Vec<(u64, Vec<String>)> {
        rows_in(Encoding::Utf8, text).into_iter().map(|(line, cells, _)| (line, cells)).collect()
    }

    fn lines(text: &str) -> Vec<u64> {
        rows(text.as_bytes()).into_iter().map(|(line, _)| line).collect()
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
        assert_eq!(rows("\u{feff}氏名,b\r\n".as_bytes()), cells);
        assert_eq!(rows("\u{feff}\"氏名\",b".as_bytes()), cells);
        assert_eq!(rows("\u{feff}".as_bytes()), []);
        assert_eq!(rows(b""), []);
    }

    #[test]
    fn bytes_that_mean_nothing_are_named_in_their_row() {
        let place = |encoding, text: &[u8]| {
            let found =
                rows_in(encoding, text).into_iter().filter_map(|(line, _, problem)| Some((line, problem?)));
            found.collect::<Vec<_>>()
        };
        assert_eq!(
            place(Encoding::Utf8, b"id,name\r\n1,\x8e\x52\x93\x63\r\n2,a\r\n3,\x8e\r\n"),
            [
                (2, "byte 12 of the file (0x8e) means nothing in UTF-8".to_owned()),
                (4, "byte 25 of the file (0x8e) means nothing in UTF-8".to_owned()),
            ]
        );
        let cut = "\u{feff}id\n山".as_bytes();
        assert_eq!(
            place(Encoding::Utf8, &cut[..cut.len() - 1]),
            [(2, "byte 7 of the file (0xe5) means nothing in UTF-8".to_owned())]
        );
        assert_eq!(
            place(Encoding::ShiftJis, b"id\n\x89\xd4\n\xa0\n\x89"),
            [
                (3, "byte 7 of the file (0xa0) means nothing in Shift_JIS (windows-31j)".to_owned()),
                (4, "byte 9 of the file (0x89) means nothing in Shift_JIS (windows-31j)".to_owned()),
            ]
        );
    }

    #[test]
    fn what_windows_adds_to_shift_jis_comes_out_right() {
        // ① ㈱ 髙 﨑 ～ \ ｶﾅ 平成, and a character whose second byte is a backslash.
        let bytes =
            b"\x87\x40,\x87\x8a,\xfb\xfc,\xfa\xb1,\xed\x95,\x81\x60,\\1980,\xb6\xc5,\x87\x7e,\x95\x5c\n";
        let [(1, cells, None)] = &rows_in(Encoding::ShiftJis, bytes)[..] else { panic!() };
        assert_eq!(cells[..], ["①", "㈱", "髙", "﨑", "﨑", "～", "\\1980", "ｶﾅ", "㍻", "表"]);
        let euc_jp = b"\xad\xa1,\xa1\xc1,\x8e\xb6\x8e\xc5,\x8f\xb0\xa1\n";
        let [(1, cells, None)] = &rows_in(Encoding::EucJp, euc_jp)[..] else { panic!() };
        assert_eq!(cells[..], ["①", "～", "ｶﾅ", "丂"]);
    }

    #[test]
    fn a_mark_of_utf_8_is_no_shift_jis() {
        let error = Rows::new("f.csv", "\u{feff}id".as_bytes(), Encoding::ShiftJis, |_| ()).err().unwrap();
        assert_eq!(
            format!("{error:#}"),
            "f.csv: cannot be read: the file begins with the byte order mark of UTF-8; read it as utf-8, not as shift_jis"
        );
    }

    #[test]
    fn an_open_quote_to_the_end_is_told() {
        let mut rows = Rows::new("f.csv", &b"a,b\nc,\"d\ne,f\n"[..], Encoding::Utf8, |_| ()).unwrap();
        let mut cells = StringRecord::new();
        assert_eq!(
            rows.next(&mut cells).unwrap(),
            Some(Row { line: 1, lines: 1, open_quote: false, invalid: None })
        );
        let row = rows.next(&mut cells).unwrap().unwrap();
        assert!(row.open_quote && row.line == 2, "{row:?}");
    }
}
