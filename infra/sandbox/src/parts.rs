//! How many parts a text is billed as, on docomo: GSM-7 160 then 153 septets, UCS-2 70 then 66 units.

use crate::listing::Channel;

const SEPTETS_ALONE: u32 = 160;
const SEPTETS_JOINED: u32 = 153;
const UNITS_ALONE: u32 = 70;
const UNITS_JOINED: u32 = 66;

/// GSM 03.38, the default alphabet without its escape.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                   ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The characters behind the escape: two septets each.
const GSM_EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How many parts a text is billed as.
pub(crate) fn of(channel: Channel, text: &str) -> u32 {
    match channel {
        Channel::Sms => count(text),
        Channel::Email | Channel::Line => 1,
    }
}

/// The number of parts of `text`; an empty one is one part.
fn count(text: &str) -> u32 {
    let septets: Option<Vec<u32>> = text.chars().map(septets).collect();
    septets.map_or_else(
        || {
            let units: Vec<u32> = text.chars().map(|c| if c.len_utf16() == 2 { 2 } else { 1 }).collect();
            fill(&units, UNITS_ALONE, UNITS_JOINED)
        },
        |sizes| fill(&sizes, SEPTETS_ALONE, SEPTETS_JOINED),
    )
}

fn septets(c: char) -> Option<u32> {
    if GSM.contains(c) {
        Some(1)
    } else if GSM_EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// A character is never split over two parts.
fn fill(sizes: &[u32], alone: u32, joined: u32) -> u32 {
    if sizes.iter().sum::<u32>() <= alone {
        return 1;
    }
    let mut parts = 1;
    let mut used = 0;
    for size in sizes {
        if used + size > joined {
            parts += 1;
            used = 0;
        }
        used += size;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn parts_follow_the_alphabet() {
        let cases = [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            // 153 is odd: the 77th would be split, so a part holds 76.
            ("€".repeat(152), 2),
            ("€".repeat(153), 3),
            ("あ".repeat(70), 1),
            ("あ".repeat(71), 2),
            ("あ".repeat(132), 2),
            ("あ".repeat(133), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(66), 2),
            ("😀".repeat(67), 3),
        ];
        for (text, parts) in cases {
            assert_eq!(count(&text), parts, "{} × {:?}", text.chars().count(), text.chars().next());
        }
    }
}
