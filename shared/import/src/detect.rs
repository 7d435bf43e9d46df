//! Which encoding a file is in.

use std::io::{self, Read};

use anyhow::{Context, bail};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult};

use crate::encoding::{BOM, Encoding};

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 64 * 1_024;
/// Bytes, from the first that is not ASCII on, by which characters are weighed where two encodings fit.
const WEIGHED_BYTES: usize = 1_000_000;

/// Which encoding a file is in, from all that `reader` yields: the one with the fewest bytes that it does not allow.
/// Where `Shift_JIS` and EUC-JP both allow everything, the frequency of characters decides. Only ASCII is UTF-8.
pub fn detect(name: &str, mut reader: impl Read) -> anyhow::Result<Encoding> {
    let mut weights = Weights::new();
    let mut candidates = Encoding::ALL.map(Candidate::new);
    let mut chunk = vec![0; CHUNK_BYTES];
    let (mut head, mut escapes, mut ascii) = (Vec::new(), false, true);
    loop {
        let count = match reader.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.with_context(|| format!("{name}: cannot be read"))?,
        };
        let bytes = &chunk[..count];
        head.extend(bytes.iter().take(BOM.len() - head.len().min(BOM.len())));
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            bail!("{name}: the file is UTF-16; save it as CSV UTF-8");
        }
        if head == BOM {
            return Ok(Encoding::Utf8);
        }
        // ESC $ begins Japanese in ISO-2022-JP (RFC 1468), which is all ASCII to a reader that does not know it.
        escapes |= bytes.windows(2).any(|pair| pair == b"\x1b$");
        ascii &= bytes.is_ascii();
        weights.feed(bytes);
        for candidate in &mut candidates {
            candidate.feed(bytes, count == 0);
        }
        if count == 0 {
            break;
        }
    }
    if ascii && escapes {
        bail!("{name}: the file is ISO-2022-JP (JIS); save it as CSV UTF-8");
    }
    let rank = |encoding| match encoding {
        Encoding::Utf8 => 0,
        Encoding::ShiftJis => {
            if weights.euc_jp() {
                2
            } else {
                1
            }
        }
        Encoding::EucJp => {
            if weights.euc_jp() {
                1
            } else {
                2
            }
        }
    };
    let best = candidates.iter().min_by_key(|candidate| (candidate.malformed, rank(candidate.encoding)));
    Ok(best.map_or(Encoding::Utf8, |candidate| candidate.encoding))
}

/// An encoding that the file may be in.
struct Candidate {
    encoding: Encoding,
    decoder: Decoder,
    /// Sequences of bytes that it does not allow.
    malformed: u64,
    text: Vec<u8>,
}

impl Candidate {
    fn new(encoding: Encoding) -> Self {
        Self { encoding, decoder: encoding.decoder(), malformed: 0, text: vec![0; CHUNK_BYTES] }
    }

    fn feed(&mut self, mut bytes: &[u8], last: bool) {
        loop {
            let (result, read, _) =
                self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.text, last);
            bytes = &bytes[read..];
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.malformed += 1,
            }
        }
    }
}

/// How likely the characters are that come out.
struct Weights {
    detector: EncodingDetector,
    left: usize,
}

impl Weights {
    fn new() -> Self {
        Self { detector: EncodingDetector::new(Iso2022JpDetection::Deny), left: WEIGHED_BYTES }
    }

    fn feed(&mut self, bytes: &[u8]) {
        let fresh = self.left == WEIGHED_BYTES;
        let from = if fresh { bytes.iter().position(|byte| !byte.is_ascii()) } else { Some(0) };
        let Some(from) = from.filter(|_| self.left > 0) else { return };
        let weighed = &bytes[from..bytes.len().min(from + self.left)];
        self.detector.feed(weighed, false);
        self.left -= weighed.len();
    }

    fn euc_jp(&self) -> bool {
        self.detector.guess(Some(b"jp"), Utf8Detection::Deny) == encoding_rs::EUC_JP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
        let (bytes, _, lossy) = encoding.encode(text);
        assert!(!lossy, "{text}");
        bytes.into_owned()
    }

    #[test]
    fn the_encoding_of_a_text() {
        for text in [
            "id,name\r\n1,佐藤 花子\r\n",
            "会員ID,お名前(姓),お名前(名)\r\n1,髙﨑,①\r\n",
            "id,name\n1,ｻﾄｳ ﾊﾅｺ\n2,ｽｽﾞｷ ｲﾁﾛｳ\n3,ﾀﾅｶ ﾐｶ\n",
            "id,name\n1,山\n",
            "id,name\n1,鴎外\n",
        ] {
            assert_eq!(detect("f.csv", text.as_bytes()).unwrap(), Encoding::Utf8, "{text}");
            let shift_jis = encoded(encoding_rs::SHIFT_JIS, text);
            assert_eq!(detect("f.csv", &shift_jis[..]).unwrap(), Encoding::ShiftJis, "{text}");
            // EUC-JP of nothing but half-width letters is Shift_JIS of rare words, too: the summary says how it was read.
            let (euc_jp, _, lossy) = encoding_rs::EUC_JP.encode(text);
            if !lossy && !text.contains('ｻ') {
                assert_eq!(detect("f.csv", &euc_jp[..]).unwrap(), Encoding::EucJp, "{text}");
            }
        }
        assert_eq!(detect("f.csv", &b"id,name\n1,a\n"[..]).unwrap(), Encoding::Utf8);
        assert_eq!(detect("f.csv", &b""[..]).unwrap(), Encoding::Utf8);
        assert_eq!(detect("f.csv", "\u{feff}id".as_bytes()).unwrap(), Encoding::Utf8);
    }

    #[test]
    fn japanese_far_into_the_file_counts() {
        let mut file = b"id,name\r\n".to_vec();
        file.extend(b"1,a\r\n".repeat(1_000_000));
        for (encoding, expected) in
            [(encoding_rs::SHIFT_JIS, Encoding::ShiftJis), (encoding_rs::EUC_JP, Encoding::EucJp)]
        {
            let mut file = file.clone();
            file.extend(encoded(encoding, "2,田中 実花\r\n"));
            assert_eq!(detect("f.csv", &file[..]).unwrap(), expected);
        }
    }

    #[test]
    fn a_broken_byte_does_not_turn_the_file_into_another() {
        let mut utf8 = "id,name\n1,佐藤\n2,鈴木\n3,高橋\n".as_bytes().to_vec();
        utf8.push(0xe5);
        assert_eq!(detect("f.csv", &utf8[..]).unwrap(), Encoding::Utf8);
        let mut shift_jis = encoded(encoding_rs::SHIFT_JIS, "id,name\n1,佐藤\n2,鈴木\n3,高橋\n");
        shift_jis.extend(b"4,\xff\n");
        assert_eq!(detect("f.csv", &shift_jis[..]).unwrap(), Encoding::ShiftJis);
    }

    #[test]
    fn other_encodings_are_named() {
        let error = |bytes: &[u8]| detect("f.csv", bytes).unwrap_err().to_string();
        assert_eq!(error(b"\xff\xfei\0d\0"), "f.csv: the file is UTF-16; save it as CSV UTF-8");
        assert_eq!(
            error(b"id\n\x1b$B;3\x1b(B\n"),
            "f.csv: the file is ISO-2022-JP (JIS); save it as CSV UTF-8"
        );
    }
}
