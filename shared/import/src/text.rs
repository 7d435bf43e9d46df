//! A file's bytes as UTF-8, in bounded memory, with the places of bytes that mean nothing.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult};

use crate::encoding::{BOM, Encoding};

/// Bytes of a record. More is a quotation mark that was left open, or a file without line breaks.
pub(crate) const RECORD_BYTES: u64 = 1_000_000;
/// Bytes that are read, and bytes of text that are made, at a time.
const CHUNK_BYTES: usize = 64 * 1_024;
/// Bytes kept of what was read before: the longest sequence that can turn out to mean nothing, and more.
const KEPT_BYTES: usize = 8;
/// Room for one character more.
const SPARE_BYTES: usize = 16;

/// A byte that means nothing in the file's encoding; the text has U+FFFD in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// Where it would be in the text.
    at: u64,
    /// Its place in the file, from 1.
    pub byte: u64,
    pub value: u8,
}

/// Passes a file on as UTF-8, and stops at a record without an end.
pub(crate) struct Text<R, P> {
    name: String,
    inner: R,
    progress: P,
    encoding: Encoding,
    marked: bool,
    decoder: Decoder,
    /// The last bytes that were decoded, then what was read.
    bytes: Vec<u8>,
    /// What of `bytes` has not been decoded yet.
    unread: std::ops::Range<usize>,
    /// Bytes of the file that were decoded.
    decoded: u64,
    /// The last of the file was decoded.
    finished: bool,
    chars: Vec<u8>,
    /// What of `chars` has not been passed on yet.
    waiting: std::ops::Range<usize>,
    passed: u64,
    made: u64,
    last: Option<u8>,
    ended: bool,
    invalid: VecDeque<Invalid>,
    /// Byte of the text and line at which the current record begins.
    record: Cell<(u64, u64)>,
}

impl<R: Read, P: FnMut(u64)> Text<R, P> {
    pub fn new(name: &str, mut inner: R, encoding: Encoding, progress: P) -> io::Result<Self> {
        let mut head = Vec::new();
        inner.by_ref().take(BOM.len() as u64).read_to_end(&mut head)?;
        let marked = head == BOM;
        if marked && encoding != Encoding::Utf8 {
            return Err(io::Error::other(format!(
                "the file begins with the byte order mark of UTF-8; read it as utf-8, not as {}",
                encoding.label()
            )));
        }
        let mut bytes = vec![0; KEPT_BYTES + CHUNK_BYTES];
        bytes[KEPT_BYTES..KEPT_BYTES + head.len()].copy_from_slice(&head);
        let skipped = if marked { BOM.len() } else { 0 };
        Ok(Self {
            name: name.to_owned(),
            inner,
            progress,
            encoding,
            marked,
            decoder: encoding.decoder(),
            bytes,
            unread: KEPT_BYTES + skipped..KEPT_BYTES + head.len(),
            decoded: skipped as u64,
            finished: false,
            chars: vec![0; CHUNK_BYTES + SPARE_BYTES],
            waiting: 0..0,
            passed: 0,
            made: 0,
            last: None,
            ended: false,
            invalid: VecDeque::new(),
            record: Cell::new((0, 1)),
        })
    }

    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether the file begins with a byte order mark.
    pub fn marked(&self) -> bool {
        self.marked
    }

    /// Whether all was passed on.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Says where the record that is read next begins.
    pub fn begin(&self, byte: u64, line: u64) {
        self.record.set((byte, line));
    }

    /// The first byte that means nothing in the text before `end`, of those not asked for before.
    pub fn invalid_before(&mut self, end: u64) -> Option<Invalid> {
        let before = self.invalid.iter().take_while(|invalid| invalid.at < end).count();
        self.invalid.drain(..before).next()
    }

    /// The text that is read first, at most 64 KB: at least the first line that says anything, if it fits. The reader gets it
    /// all the same.
    pub fn first(&mut self) -> io::Result<&[u8]> {
        let blank = |text: &[u8]| text.iter().all(u8::is_ascii_whitespace);
        while !self.finished && self.waiting.end < CHUNK_BYTES {
            let text = &self.chars[self.waiting.clone()];
            if text.iter().rposition(|byte| *byte == b'\n').is_some_and(|end| !blank(&text[..end])) {
                break;
            }
            let at_end = self.unread.is_empty() && !self.read_more()?;
            self.decode(at_end);
        }
        Ok(&self.chars[self.waiting.clone()])
    }

    /// Makes more text, unless the file is at its end.
    fn refill(&mut self) -> io::Result<()> {
        while self.waiting.is_empty() && !self.finished {
            let at_end = self.unread.is_empty() && !self.read_more()?;
            self.waiting = 0..0;
            self.decode(at_end);
        }
        (self.progress)(self.decoded);
        Ok(())
    }

    /// Reads on, once all that was read is decoded; tells whether there was more.
    fn read_more(&mut self) -> io::Result<bool> {
        self.bytes.copy_within(self.unread.end - KEPT_BYTES..self.unread.end, 0);
        let count = loop {
            match self.inner.read(&mut self.bytes[KEPT_BYTES..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    break read.map_err(|error| {
                        io::Error::new(error.kind(), format!("{}: cannot be read: {error}", self.name))
                    })?;
                }
            }
        };
        self.unread = KEPT_BYTES..KEPT_BYTES + count;
        Ok(count > 0)
    }

    fn decode(&mut self, at_end: bool) {
        while self.waiting.end < CHUNK_BYTES {
            let source = &self.bytes[self.unread.clone()];
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
                source,
                &mut self.chars[self.waiting.end..CHUNK_BYTES + SPARE_BYTES / 2],
                at_end,
            );
            self.unread.start += read;
            self.decoded += read as u64;
            self.waiting.end += written;
            self.made += written as u64;
            match result {
                DecoderResult::InputEmpty => {
                    self.finished = at_end;
                    return;
                }
                DecoderResult::OutputFull => return,
                DecoderResult::Malformed(length, after) => {
                    let back = usize::from(length) + usize::from(after);
                    let value = self.bytes[self.unread.start - back];
                    let byte = self.decoded - back as u64 + 1;
                    self.invalid.push_back(Invalid { at: self.made, byte, value });
                    self.push('\u{fffd}');
                }
            }
        }
    }

    fn push(&mut self, character: char) {
        let room = &mut self.chars[self.waiting.end..];
        let length = character.encode_utf8(room).len();
        self.waiting.end += length;
        self.made += length as u64;
    }
}

impl<R: Read, P: FnMut(u64)> Read for Text<R, P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (start, line) = self.record.get();
        if self.passed.saturating_sub(start) > RECORD_BYTES {
            return Err(io::Error::other(format!(
                "{}:{line}: the row is longer than 1 MB; close its quotation marks, and end every row with a line break",
                self.name
            )));
        }
        if self.waiting.is_empty() {
            self.refill()?;
        }
        // The file ends after a line break, whatever it has there.
        if self.waiting.is_empty() && self.last.is_some_and(|byte| byte != b'\n') {
            self.waiting = 0..0;
            self.push('\n');
        }
        let count = self.waiting.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.chars[self.waiting.start..self.waiting.start + count]);
        self.waiting.start += count;
        self.passed += count as u64;
        match buffer[..count].last() {
            Some(last) => self.last = Some(*last),
            None => self.ended = !buffer.is_empty(),
        }
        Ok(count)
    }
}
