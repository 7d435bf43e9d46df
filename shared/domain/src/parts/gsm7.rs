//! The GSM 7-bit default alphabet: 3GPP TS 23.038, 6.2.1.

/// What takes one septet, without Latin letters and digits.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";

/// What the extension table has, which takes an escape before it: two septets (6.2.1.1).
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The septets of a character; `None` when the alphabet has no place for it.
pub fn cost(c: char) -> Option<usize> {
    if c.is_ascii_alphanumeric() || BASIC.contains(c) { Some(1) } else { EXTENSION.contains(c).then_some(2) }
}

/// The septets of a text; `None` when the alphabet has no place for all of it.
pub fn septets(text: &str) -> Option<usize> {
    text.chars().map(cost).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_has_its_size() {
        // 128 places, of which one is the escape.
        assert_eq!(BASIC.chars().count() + 26 + 26 + 10, 127);
        assert_eq!(EXTENSION.chars().count(), 10);
    }

    #[test]
    fn septets_of_texts() {
        for (text, expected) in [
            ("", Some(0)),
            ("Hello, World 1!", Some(15)),
            ("|^€{}[]~\\", Some(18)),
            ("Ça", Some(2)),
            ("ça", None),
            ("`", None),
            ("¥1,980", Some(6)),
            ("ｶﾅ", None),
            ("\t", None),
            ("花", None),
        ] {
            assert_eq!(septets(text), expected, "{text}");
        }
    }
}
