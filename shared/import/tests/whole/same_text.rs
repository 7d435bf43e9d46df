//! A row reads back the same, whatever encoding its file is in.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What people write that all three encodings have: ASCII, kana, kanji, full-width forms, and signs that Windows added to
/// `Shift_JIS`; with quotation marks, commas and line breaks, which the format itself has to keep apart.
const LETTERS: &str = "a0 ,\"\n'\\あアｱ佐藤髙﨑①㈱～表ソ能十東京都、。ー１￥";

fn cell() -> impl Strategy<Value = String> {
    let letters: Vec<char> = LETTERS.chars().collect();
    let letter = prop_oneof![
        4 => proptest::sample::select(letters),
        // Hiragana, katakana, and the kanji of daily use among others.
        4 => proptest::char::range('ぁ', 'ん'),
        2 => proptest::char::range('ァ', 'ヶ'),
        4 => proptest::char::range('一', '龠'),
    ];
    proptest::collection::vec(letter, 1..12).prop_map(|letters| letters.into_iter().collect::<String>())
}

fn file_of(rows: &[(String, String)]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let rows = rows
        .iter()
        .enumerate()
        .map(|(id, (one, other))| format!("{id},{},{}\r\n", quoted(one), quoted(other)));
    format!("id,会員ランク,メモ書き\r\n{}", rows.collect::<String>())
}

fn encode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    let target = match encoding {
        Encoding::Utf8 => encoding_rs::UTF_8,
        Encoding::ShiftJis => encoding_rs::SHIFT_JIS,
        Encoding::EucJp => encoding_rs::EUC_JP,
    };
    let (bytes, _, lossy) = target.encode(text);
    (!lossy).then(|| bytes.into_owned())
}

proptest! {
    #[test]
    fn any_row_in_any_encoding(rows in proptest::collection::vec((cell(), cell()), 1..8)) {
        let text = file_of(&rows);
        for encoding in Encoding::ALL {
            // Not every kanji is in every encoding.
            let Some(bytes) = encode(encoding, &text) else { continue };
            prop_assert_eq!(detect("f.csv", &bytes[..]).unwrap(), encoding);
            let outcome = import(Kind::Customers, &bytes).unwrap();
            prop_assert_eq!(outcome.summary.rejected, 0);
            prop_assert_eq!(outcome.calls.len(), rows.len());
            for (call, (one, other)) in outcome.calls.iter().zip(&rows) {
                for (name, cell) in [("会員ランク", one), ("メモ書き", other)] {
                    let expected = cell.trim();
                    let expected = if expected.starts_with("'0") { &expected[1..] } else { expected };
                    let expected = if expected.is_empty() { Value::Null } else { json!(expected) };
                    prop_assert_eq!(call["traits"].get(name).cloned().unwrap_or_default(), expected);
                }
            }
        }
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0..3) {
        let kind = [Kind::Customers, Kind::Orders, Kind::Events][usize::try_from(kind).unwrap()];
        let header: &[u8] = match kind {
            Kind::Customers => b"id,name,phone,birthday\n",
            Kind::Orders => b"order_id,customer_id,ordered_at,total\n",
            Kind::Events => b"customer_id,event,at,total\n",
        };
        for encoding in Encoding::ALL {
            let file = [header, &bytes].concat();
            if let Ok(outcome) = import_as(kind, encoding, &[], &file, |_| Ok(())) {
                let marks = outcome.calls.iter().any(|call| call.to_string().contains('\u{fffd}'));
                prop_assert!(!marks || encoding == Encoding::Utf8 && file.windows(3).any(|b| b == b"\xef\xbf\xbd"));
            }
        }
    }
}
