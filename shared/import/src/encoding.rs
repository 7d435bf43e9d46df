//! The encodings of Japanese shops' files.

use std::fmt;

use domain::spelling;
use encoding_rs::Decoder;

/// What UTF-8 files of Excel begin with.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// How the bytes of a file are read as characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// `Shift_JIS` as Windows writes it (windows-31j): with ①, ㈱, 髙 and 﨑, and the wave dash as ～.
    ShiftJis,
    /// EUC-JP.
    EucJp,
}

impl Encoding {
    /// All of them, the likeliest first.
    pub const ALL: [Self; 3] = [Self::Utf8, Self::ShiftJis, Self::EucJp];

    /// Reads an encoding's name or label, such as `shift_jis`, `cp932` or `EUC-JP`.
    pub fn parse(name: &str) -> Result<Self, UnknownEncoding> {
        let named: String = name.trim().to_ascii_lowercase();
        Ok(match named.as_str() {
            "utf-8" | "utf8" | "utf-8-sig" | "utf-8-bom" => Self::Utf8,
            "shift_jis" | "shift-jis" | "sjis" | "windows-31j" | "windows31j" | "cp932" | "ms932"
            | "ms_kanji" => Self::ShiftJis,
            "euc-jp" | "euc_jp" | "eucjp" | "ujis" => Self::EucJp,
            _ => return Err(UnknownEncoding { near: spelling::nearest(name, Self::ALL.map(Self::label)) }),
        })
    }

    /// The name that `--encoding` takes.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::ShiftJis => "shift_jis",
            Self::EucJp => "euc-jp",
        }
    }

    /// All of a text without its byte order mark; none where there are bytes that this encoding does not allow.
    pub fn text(self, bytes: &[u8]) -> Option<String> {
        let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
        let text = self.decoder().encoding().decode_without_bom_handling_and_without_replacement(bytes);
        text.map(std::borrow::Cow::into_owned)
    }

    /// A decoder that leaves the byte order mark to its caller.
    pub(crate) fn decoder(self) -> Decoder {
        let encoding = match self {
            Self::Utf8 => encoding_rs::UTF_8,
            // The Encoding Standard's Shift_JIS is windows-31j (https://encoding.spec.whatwg.org/#shift_jis).
            Self::ShiftJis => encoding_rs::SHIFT_JIS,
            Self::EucJp => encoding_rs::EUC_JP,
        };
        encoding.new_decoder_without_bom_handling()
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::ShiftJis => "Shift_JIS (windows-31j)",
            Self::EucJp => "EUC-JP",
        })
    }
}

/// The name is of no encoding that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEncoding {
    near: Option<&'static str>,
}

impl std::error::Error for UnknownEncoding {}

impl fmt::Display for UnknownEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.near {
            Some(near) => write!(f, "not an encoding that is read; did you mean `{near}`?"),
            None => write!(f, "not an encoding that is read; write utf-8, shift_jis or euc-jp"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, encoding) in [
            ("UTF-8", Encoding::Utf8),
            ("Shift_JIS", Encoding::ShiftJis),
            ("sjis", Encoding::ShiftJis),
            ("CP932", Encoding::ShiftJis),
            ("windows-31j", Encoding::ShiftJis),
            ("EUC-JP", Encoding::EucJp),
            ("eucJP", Encoding::EucJp),
        ] {
            assert_eq!(Encoding::parse(name), Ok(encoding), "{name}");
        }
        assert_eq!(
            Encoding::parse("shft_jis").unwrap_err().to_string(),
            "not an encoding that is read; did you mean `shift_jis`?"
        );
        assert_eq!(
            Encoding::parse("big5").unwrap_err().to_string(),
            "not an encoding that is read; write utf-8, shift_jis or euc-jp"
        );
    }
}
