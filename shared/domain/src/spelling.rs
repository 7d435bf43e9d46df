//! How people write words: full-width forms, and slips of the pen.

/// The plain form of a full-width character: ASCII (U+FF01 to U+FF5E), the yen sign and the space, as NFKC has them.
pub fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{ffe5}' => '¥',
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// How many there are of something whose plural ends in s, such as `1 file` or `12,000 files`.
pub fn counted(count: u64, what: &str) -> String {
    let digits = count.to_string();
    let mut number = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            number.push(',');
        }
        number.push(digit);
    }
    format!("{number} {what}{}", if count == 1 { "" } else { "s" })
}

/// The most characters of a word that are compared.
const LONGEST: usize = 40;

/// The word that was meant, if one is near: whatever its width, case and separators, with one slip in a short word,
/// two in a longer one, three in a long one. A slip is a letter left out, added, mistaken or swapped with the next.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let meant = plain(word);
    let compared = known.into_iter().map(|candidate| {
        let plain = plain(candidate);
        (
            strsim::damerau_levenshtein(&meant, &plain),
            plain.chars().count().max(meant.chars().count()),
            candidate,
        )
    });
    let (slips, length, near) = compared.min_by_key(|(slips, _, _)| *slips)?;
    let forgiven = match length {
        0..=1 => 0,
        2..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    (slips <= forgiven).then_some(near)
}

/// A word without what nobody means to say by it: at most [`LONGEST`] letters and digits, in lower case.
fn plain(word: &str) -> String {
    word.chars()
        .map(narrow)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_forms() {
        assert_eq!(
            "ＳＴＯＰ！　￥１，９８０ 停止ｽ".chars().map(narrow).collect::<String>(),
            "STOP! ¥1,980 停止ｽ"
        );
    }

    #[test]
    fn one_is_no_plural() {
        let counts = [0, 1, 2, 999, 1_000, 1_234_567].map(|count| counted(count, "file"));
        assert_eq!(counts, ["0 files", "1 file", "2 files", "999 files", "1,000 files", "1,234,567 files"]);
    }

    #[test]
    fn the_word_that_was_meant() {
        for (word, known, meant) in [
            ("emial", &["email", "phone"][..], Some("email")),
            ("ｐｈｏｎｅ", &["email", "phone"], Some("phone")),
            ("user_id", &["userId"], Some("userId")),
            ("E-mail", &["email"], Some("email")),
            ("custmer_id", &["id", "customer_id"], Some("customer_id")),
            ("propertys", &["properties"], Some("properties")),
            ("dd", &["id", "name"], Some("id")),
            ("no", &["id", "name"], None),
            ("a", &["b"], None),
            ("氏名", &["指名"], Some("指名")),
            ("win-back", &[], None),
            ("birthday", &["email"], None),
        ] {
            assert_eq!(nearest(word, known.iter().copied()), meant, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), ["x"]), None);
    }
}
