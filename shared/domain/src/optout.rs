//! The words by which a person opts out in a reply, and whether a text names one.
//!
//! The English ones are those that carriers and providers agree on, but for CANCEL, END and QUIT: a shop that asks
//! people to confirm an appointment gets CANCEL as an answer to that.

use crate::spelling::narrow;

/// Words that opt out by themselves.
const WORDS: [&str; 9] =
    ["stop", "stopall", "unsubscribe", "optout", "revoke", "remove", "ストップ", "ｽﾄｯﾌﾟ", "受信拒否"];

/// Japanese verbal nouns that opt out, alone or with one of [`ENDINGS`].
const NOUNS: [&str; 11] = [
    "停止",
    "配信停止",
    "送信停止",
    "解除",
    "配信解除",
    "登録解除",
    "購読解除",
    "退会",
    "配信拒否",
    "配信不要",
    "送信不要",
];

/// What makes a request of a noun. Only whole endings count: 停止しないで asks for the opposite.
const ENDINGS: [&str; 14] = [
    "",
    "希望",
    "希望します",
    "希望です",
    "です",
    "します",
    "して",
    "してください",
    "して下さい",
    "してほしい",
    "お願いします",
    "お願いいたします",
    "をお願いします",
    "をお願いいたします",
];

/// Whether a reply is nothing but the wish to get no more messages.
///
/// Full-width letters read as plain ones; case, spaces and punctuation are no matter. A reply that says anything more
/// is a reply: someone reads it.
pub fn opts_out(reply: &str) -> bool {
    let mut words = String::new();
    for c in reply.chars().map(narrow).filter(|c| c.is_alphanumeric()) {
        words.extend(c.to_lowercase());
    }
    WORDS.contains(&words.as_str())
        || NOUNS.iter().any(|noun| words.strip_prefix(noun).is_some_and(|ending| ENDINGS.contains(&ending)))
}

/// Whether a text names a word that [`opts_out`], as a whole word: STOP, but neither NONSTOP nor non-stop, and none
/// that is part of a web address.
pub(crate) fn names_word(text: &str) -> bool {
    let plain: String = text.chars().map(narrow).collect();
    let address = |run: &str| run.contains("://") || run.contains('@');
    let latin = plain
        .split(|c: char| !c.is_ascii_graphic())
        .filter(|run| !address(run))
        .flat_map(|run| run.split(|c: char| !(c.is_ascii_alphanumeric() || "-'_".contains(c))));
    latin.chain(plain.split(|c| !compounds(c))).any(opts_out)
}

/// Whether a character makes one word with its like: kanji, and katakana of either width (営業停止, ノンストップ).
fn compounds(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '々' | 'ァ'..='ヺ' | 'ー' | '\u{ff66}'..='\u{ff9f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_opt_out() {
        for reply in [
            "STOP",
            "stop",
            "  Stop. ",
            "ＳＴＯＰ",
            "ｓｔｏｐ！",
            "\"STOP\"",
            "STOP ALL",
            "UNSUBSCRIBE",
            "opt-out",
            "Opt out",
            "ストップ",
            "ｽﾄｯﾌﾟ",
            "停止",
            "「停止」",
            "　停止。\r\n",
            "配信停止",
            "配信 停止",
            "停止希望",
            "配信停止してください。",
            "解除",
            "解除をお願いします",
            "退会",
            "退会します",
        ] {
            assert!(opts_out(reply), "{reply}");
        }
    }

    #[test]
    fn words_that_do_not() {
        for reply in [
            "",
            "。",
            "停止しないで",
            "停止しないでください",
            "停止ですか",
            "停止方法",
            "解除したくない",
            "退会はしません",
            "nonstop",
            "non-stop",
            "don't stop",
            "stop by tomorrow?",
            "bus stop",
            "cancel",
            "キャンセル",
            "終了",
            "はい",
            "1",
            "ありがとう",
        ] {
            assert!(!opts_out(reply), "{reply}");
        }
    }

    #[test]
    fn texts_that_name_a_word() {
        for text in [
            "停止はSTOP返信",
            "停止はＳＴＯＰ返信",
            "Reply stop to opt out",
            "STOP/END",
            "opt-out: OPT-OUT",
            "配信停止は「停止」と返信",
            "不要な方はストップと返信",
            "不要な方はｽﾄｯﾌﾟと返信",
            "https://shop.example.jp/sale 停止は返信で",
        ] {
            assert!(names_word(text), "{text}");
        }
    }

    #[test]
    fn texts_that_do_not() {
        for text in [
            "",
            "NONSTOP",
            "ＮＯＮＳＴＯＰセール",
            "non-stop sale",
            "BUSSTOP前",
            "STOPPER",
            "営業停止のお知らせ",
            "停止中の店",
            "ノンストップ便",
            "https://shop.example.jp/stop",
            "stop@shop.example.jp",
        ] {
            assert!(!names_word(text), "{text}");
        }
    }
}
