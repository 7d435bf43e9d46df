//! What a cell of a shop's file means. Problems never repeat a cell: it may be personal data.

use csv::StringRecord;
use domain::spelling;
use serde_json::{Number, Value};

use crate::reject::Reject;

/// Digits that a number keeps exactly.
const NUMBER_DIGITS: usize = 15;
/// Texts of a list, as many as the API takes.
const LIST_LIMIT: usize = 100;
/// Yen in an order.
const MOST_YEN: i64 = 999_999_999_999;

/// The cell without the spaces around it, if it says anything. An apostrophe before a number is how exports make
/// spreadsheets keep it as it is.
pub(crate) fn cell(cells: &StringRecord, at: usize) -> Option<&str> {
    let text = cells.get(at)?.trim();
    let number =
        text.strip_prefix('\'').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '+'));
    Some(number.unwrap_or(text)).filter(|text| !text.is_empty())
}

/// Reads what is in the column with this header.
pub(crate) fn required<'a, T>(
    column: &str,
    text: &'a str,
    read: impl FnOnce(&'a str) -> Result<T, String>,
) -> Result<T, Reject> {
    read(text).map_err(|problem| Reject::new(column, problem))
}

/// Yes or no, in a column that is meant for it.
pub(crate) fn consent(text: &str) -> Result<bool, String> {
    let number = match narrow(text).as_str() {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    };
    clear_consent(text)
        .or(number)
        .ok_or_else(|| "neither yes nor no; write yes, true, 1 or はい, or no, false, 0 or いいえ".to_owned())
}

/// Yes or no in words that mean it whatever the column asks. A digit does not: EC-CUBE has written 2 for yes and 3 for no,
/// and elsewhere 1 is for whoever refused.
pub(crate) fn clear_consent(text: &str) -> Option<bool> {
    match narrow(text).to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "on" | "はい" | "希望" | "希望する" | "希望します" | "受け取る"
        | "受信する" | "配信する" | "購読する" | "購読中" | "同意" | "同意する" | "同意します" | "許可"
        | "許可する" | "○" | "〇" | "◯" => Some(true),
        "no" | "n" | "false" | "off" | "いいえ" | "希望しない" | "希望しません" | "受け取らない"
        | "受信しない" | "配信しない" | "購読しない" | "同意しない" | "同意しません" | "許可しない"
        | "拒否" | "拒否する" | "不要" | "停止" | "停止中" | "配信停止" | "解除" | "×" => {
            Some(false)
        }
        _ => None,
    }
}

/// A property as what it looks like: true or false, a number, or a text. What has leading zeros, or more digits than a
/// number keeps, is a text.
pub(crate) fn property(text: &str) -> Value {
    let plain = narrow(text);
    match plain.to_ascii_lowercase().as_str() {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    let digits = plain.strip_prefix('-').unwrap_or(&plain);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = all_digits(whole)
        && all_digits(fraction)
        && (whole == "0" || !whole.starts_with('0'))
        && whole.len() + fraction.len() <= NUMBER_DIGITS;
    let number = number.then(|| plain.parse::<Number>().ok()).flatten();
    number.map_or_else(|| text.into(), Value::Number)
}

/// What stands between commas.
pub(crate) fn property_list(text: &str) -> Value {
    let parts = text.split([',', '、']).map(str::trim).filter(|part| !part.is_empty());
    parts.take(LIST_LIMIT).map(Value::from).collect()
}

/// Whole yen, with or without ¥, 円 and commas.
pub(crate) fn yen(text: &str) -> Result<i64, String> {
    let narrow = narrow(text);
    // A yen sign of Shift_JIS reads as a backslash.
    let amount = narrow.trim_start_matches(['¥', '\\']).trim_end_matches('円').trim();
    if amount.starts_with(['-', '−', '▲', '△', '(']) {
        return Err("negative; leave returns out, an order is 0 yen or more".to_owned());
    }
    // EC-CUBE and Shopify write 1980.00.
    let amount = match amount.split_once('.') {
        Some((whole, "0" | "00")) => whole,
        _ => amount,
    };
    let groups: Vec<&str> = amount.split(',').collect();
    let whole = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    let grouped =
        groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
    if !(whole && grouped) {
        return Err("not whole yen; write it as 1980, 1,980 or ¥1,980".to_owned());
    }
    let yen = groups.concat().parse().ok().filter(|yen| *yen <= MOST_YEN);
    yen.ok_or_else(|| format!("more than {MOST_YEN} yen; check the amount"))
}

/// The only currency there is.
pub(crate) fn currency(text: &str) -> Result<(), String> {
    match narrow(text).to_ascii_uppercase().as_str() {
        "JPY" | "円" => Ok(()),
        _ => Err("not JPY; totals are in yen".to_owned()),
    }
}

/// A cell in plain characters: ０９ as 09, ￥ as ¥.
pub(crate) fn narrow(text: &str) -> String {
    let narrow: String = text.chars().map(spelling::narrow).collect();
    narrow.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn consents() {
        for yes in ["yes", "YES", "true", "1", "はい", "１", "ＹＥＳ", "希望する", "○"] {
            assert_eq!(consent(yes), Ok(true), "{yes}");
        }
        for no in ["no", "False", "0", "いいえ", "希望しない"] {
            assert_eq!(consent(no), Ok(false), "{no}");
        }
        assert!(consent("2").is_err() && consent("maybe").is_err());
        for (text, clear) in
            [("希望", Some(true)), ("拒否", Some(false)), ("1", None), ("０", None), ("HTML", None)]
        {
            assert_eq!(clear_consent(text), clear, "{text}");
        }
    }

    #[test]
    fn cells_without_what_spreadsheets_need() {
        let cells = StringRecord::from(vec!["'+819012345678", " '0123 ", "'quoted'", "　", "'"]);
        let read: Vec<Option<&str>> = (0..6).map(|at| cell(&cells, at)).collect();
        assert_eq!(read, [Some("+819012345678"), Some("0123"), Some("'quoted'"), None, Some("'"), None]);
    }

    #[test]
    fn properties() {
        for (text, expected) in [
            ("12", json!(12)),
            ("-3", json!(-3)),
            ("１２", json!(12)),
            ("1.5", json!(1.5)),
            ("0", json!(0)),
            ("0.25", json!(0.25)),
            ("true", json!(true)),
            ("FALSE", json!(false)),
            ("012", json!("012")),
            ("1,980", json!("1,980")),
            ("1e3", json!("1e3")),
            ("1.", json!("1.")),
            (".5", json!(".5")),
            ("-", json!("-")),
            ("+81", json!("+81")),
            ("123456789012345678", json!("123456789012345678")),
            ("赤", json!("赤")),
        ] {
            assert_eq!(property(text), expected, "{text}");
        }
        assert_eq!(property_list("VIP, new,,常連"), json!(["VIP", "new", "常連"]));
    }

    #[test]
    fn yens() {
        for text in
            ["1980", "1,980", "¥1,980", "￥１，９８０", "\\1980", "1980円", "¥ 1980", "1980.00", "1,980.0"]
        {
            assert_eq!(yen(text), Ok(1_980), "{text}");
        }
        assert_eq!(yen("0"), Ok(0));
        for text in ["19.80", "1,98", "1,,980", "1234,567", "¥", "abc", "1e3", "1980 yen", "+5"] {
            assert!(yen(text).unwrap_err().starts_with("not whole yen"), "{text}");
        }
        for text in ["-1", "¥-1", "-¥1", "▲1", "−1", "－１"] {
            assert!(yen(text).unwrap_err().starts_with("negative"), "{text}");
        }
        assert_eq!(yen("999999999999"), Ok(999_999_999_999));
        assert!(yen("1000000000000").is_err() && yen("99999999999999999999").is_err());
    }
}
