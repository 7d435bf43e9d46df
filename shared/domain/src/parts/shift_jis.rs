//! What au loses of short texts.

use encoding_rs::SHIFT_JIS;
use unicode_segmentation::UnicodeSegmentation;

/// au carries a text of at most so many UTF-16 code units in `Shift_JIS`, a longer one in Unicode.
const SHORT: usize = 70;

/// What a reader takes for one character and `Shift_JIS` has no place for, each once; nothing of a longer text.
pub fn lost(text: &str) -> Vec<String> {
    let mut lost: Vec<String> = Vec::new();
    if text.encode_utf16().count() <= SHORT {
        for grapheme in text.graphemes(true).filter(|grapheme| !grapheme.chars().all(has_place)) {
            if !lost.iter().any(|known| known == grapheme) {
                lost.push(grapheme.to_owned());
            }
        }
    }
    lost
}

/// Whether `Shift_JIS` as JIS X 0208 defines it has a place for a character.
///
/// `encoding_rs` writes windows-31j, which also has the extensions of NEC and IBM (①, 髙, 﨑): au loses 髙 and 﨑, and what
/// it does with their neighbours is not said, so that all of them count as lost.
fn has_place(c: char) -> bool {
    let mut buffer = [0; 4];
    let (bytes, _, unmappable) = SHIFT_JIS.encode(c.encode_utf8(&mut buffer));
    if unmappable {
        return false;
    }
    match *bytes {
        // Row 13 (NEC), rows 89 to 92 (NEC's selection of IBM's), and what IBM put behind the rows.
        [lead, _] => !matches!(lead, 0x87 | 0xeb..),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost() {
        for (text, expected) in [
            ("花子様、¥1,980の商品（税込）がＯＫです。ｶﾅ ～ ー − \r\n", &[][..]),
            ("10時〜20時", &["〜"]),
            ("髙島 﨑山 高島 崎山", &["髙", "﨑"]),
            ("①㈱", &["①", "㈱"]),
            ("🎂🎂と👨‍👩‍👧", &["🎂", "👨‍👩‍👧"]),
            ("か\u{3099}", &["か\u{3099}"]),
            ("é€", &["é", "€"]),
        ] {
            assert_eq!(lost(text), expected, "{text}");
        }
    }

    #[test]
    fn a_longer_text_travels_in_unicode() {
        assert_eq!(lost(&format!("{}🎂", "あ".repeat(68))), ["🎂"]);
        assert_eq!(lost(&format!("{}🎂", "あ".repeat(69))), [""; 0]);
        assert_eq!(lost(&format!("{}〜", "あ".repeat(69))), ["〜"]);
        assert_eq!(lost(&format!("{}〜", "あ".repeat(70))), [""; 0]);
    }
}
