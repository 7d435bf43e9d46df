//! The words by which a person opts out in a reply, and whether a text names one.
//!
//! The English ones are those that carriers and providers agree on, but for CANCEL, END and QUIT: a shop that asks
//! people to confirm an appointment gets CANCEL as an answer to that.
//!
//! A reply is read generously: a message too few costs a little, one after an opt-out breaks the law (特定電子メール法
//! art. 3-3). What a text tells people to reply is read strictly: it has to be a word that surely opts out.

use crate::spelling::narrow;

/// Words that opt out by themselves.
const WORDS: [&str; 11] = [
    "stop",
    "stopall",
    "unsubscribe",
    "optout",
    "revoke",
    "remove",
    "ストップ",
    "ｽﾄｯﾌﾟ",
    "すとっぷ",
    "ていし",
    "受信拒否",
];

/// Japanese verbal nouns that opt out.
const NOUNS: [&str; 13] = [
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
    "配信中止",
    "送信中止",
];

/// What may stand before a word without a gap: メール配信停止, 今後停止.
const SUBJECTS: [&str; 15] = [
    "ショートメール",
    "メール",
    "ﾒｰﾙ",
    "メルマガ",
    "メッセージ",
    "広告",
    "案内",
    "通知",
    "連絡",
    "配信",
    "送信",
    "登録",
    "購読",
    "今後",
    "至急",
];

/// What may stand after a word without a gap, up to the next kana: 停止希望, 停止致します, 停止願います.
const TAILS: [&str; 8] = ["", "希望", "希望致", "依頼", "申請", "要望", "願", "致"];

/// Ends of a word that refuse in a reply, whatever it is: 連絡不要, 受取拒否.
const REFUSING_ENDS: [&str; 2] = ["不要", "拒否"];

/// What refuses wherever it stands in a reply, in the form of [`letters`].
const REFUSALS: [&str; 33] = [
    "optout",
    "dontsend",
    "donotsend",
    "donttext",
    "donottext",
    "送らないで",
    "おくらないで",
    "送ってこないで",
    "送って来ないで",
    "送信しないで",
    "配信しないで",
    "送付しないで",
    "連絡しないで",
    "送るな",
    "送ってくるな",
    "送って来るな",
    "いりません",
    "要りません",
    "いらない",
    "要らない",
    "いらん",
    "要らん",
    "必要ありません",
    "必要ない",
    "もう結構",
    "やめて",
    "止めて",
    "やめたい",
    "止めたい",
    "受け取りたくない",
    "配信を中止",
    "メールを中止",
    "迷惑です",
];

/// What right after a word asks for the opposite. 停止しない alone does not: it may well be a complaint.
const UNDONE: [&str; 13] = [
    "しないで",
    "しなくて",
    "したくな",
    "させないで",
    "されたくな",
    "せず",
    "希望しません",
    "希望しない",
    "ではな",
    "ではあり",
    "じゃな",
    "じゃあり",
    "わけでは",
];

/// Particles between a word and what undoes it.
const PARTICLES: [char; 4] = ['は', 'を', 'も', 'が'];

/// The most letters around a word that are looked at for what undoes it.
const AROUND: usize = 12;

/// Whether a reply is, or anywhere names, the wish to get no more messages.
///
/// Full-width letters read as plain ones; case, spaces and punctuation are no matter. A word which the reply itself
/// undoes (停止しないで, don't stop) is none.
pub fn opts_out(reply: &str) -> bool {
    let plain: String = reply.chars().map(narrow).collect();
    let whole = letters(&plain);
    let refuses = |word: &str| is_word(word) || REFUSING_ENDS.iter().any(|end| word.ends_with(end));
    is_word(&whole)
        || words(&plain).any(|(at, word)| {
            refuses(word) && !undone_before(&plain[..at]) && !undone_after(&plain[at + word.len()..])
        })
        || REFUSALS.iter().any(|refusal| {
            whole.match_indices(refusal).any(|(at, _)| !undone_after(&whole[at + refusal.len()..]))
        })
}

/// Whether a text names a word that [`opts_out`], as a whole word: STOP, but neither NONSTOP nor non-stop, and none
/// that is part of a web address.
pub(crate) fn names_word(text: &str) -> bool {
    let plain: String = text.chars().map(narrow).collect();
    words(&plain).any(|(_, word)| is_word(word))
}

/// What an e-mail says by itself: without the message it answers, in which the way to opt out stands, too.
pub fn own_words(email: &str) -> String {
    let quote_begins = |line: &&str| {
        let line = line.trim_start_matches(['*', ' ']);
        ["-----", "_____", "From:", "差出人:", "差出人："].iter().any(|mark| line.starts_with(mark))
    };
    let own = email.lines().take_while(|line| !quote_begins(line));
    own.filter(|line| !line.trim_start().starts_with(['>', '＞'])).collect::<Vec<_>>().join("\n")
}

/// Whether a word opts out by itself.
fn is_word(word: &str) -> bool {
    let letters = letters(word);
    let mut rest = letters.as_str();
    loop {
        if WORDS
            .iter()
            .chain(&NOUNS)
            .any(|word| rest.strip_prefix(word).is_some_and(|tail| TAILS.contains(&tail)))
        {
            return true;
        }
        match SUBJECTS.iter().find_map(|subject| rest.strip_prefix(subject)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

fn undone_before(text: &str) -> bool {
    let mut before: Vec<char> = text.chars().rev().filter(|c| c.is_alphanumeric()).take(AROUND).collect();
    before.reverse();
    let before = letters(&before.into_iter().collect::<String>());
    before.ends_with("dont") || before.ends_with("donot")
}

fn undone_after(text: &str) -> bool {
    let after: String = text.chars().filter(|c| c.is_alphanumeric()).take(AROUND).collect();
    let bare = after.trim_start_matches(PARTICLES);
    // 停止しませんでした is a complaint.
    bare == "しません"
        || [after.as_str(), bare].iter().any(|rest| UNDONE.iter().any(|end| rest.starts_with(end)))
}

/// The letters and digits of a plain text, in lower case.
fn letters(plain: &str) -> String {
    plain.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The whole words of a plain text, Latin and Japanese, each with the byte at which it begins.
fn words(plain: &str) -> impl Iterator<Item = (usize, &str)> {
    let address = |run: &str| run.contains("://") || run.contains('@');
    let latin =
        runs(plain, |c| c.is_ascii_graphic()).filter(move |(_, run)| !address(run)).flat_map(|(at, run)| {
            runs(run, |c| c.is_ascii_alphanumeric() || "-'_".contains(c))
                .map(move |(within, word)| (at + within, word))
        });
    latin.chain(runs(plain, compounds))
}

/// The longest runs of characters of a kind, each with the byte at which it begins.
fn runs(text: &str, kind: impl Fn(char) -> bool) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    text.split(move |c| !kind(c)).map(move |run| {
        let at = next;
        let end = at + run.len();
        next = end + text[end..].chars().next().map_or(0, char::len_utf8);
        (at, run)
    })
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
            "配信を停止してください",
            "停止お願い致します",
            "ストップお願いします",
            "STOPお願いします",
            "Please stop.",
            "unsubscribe me, please",
            "please opt out",
            "Don't send me any more",
            "STOP. I don't want this",
            "停止いたします",
            "停止致します",
            "停止願います",
            "配信停止希望致します",
            "ストップ希望",
            "メール配信停止",
            "メールの停止をお願い致します",
            "SMSを停止して下さい",
            "お知らせを停止してください",
            "今後の配信を中止してください",
            "不要",
            "メールは不要です",
            "連絡不要です",
            "もういりません",
            "お知らせはいらないです",
            "もう送らないでください。",
            "メール送るな",
            "配信をやめてください",
            "受取拒否",
            "停止ですか",
            "なぜ停止しないのですか",
            "配信停止しませんでした",
            "停止してくれませんか",
            "退会しなくても停止できますか",
            "停止ではなく解除してください",
            "stop by tomorrow?",
            "bus stop",
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
            "「停止」しないで",
            "STOPしないで",
            "配信を停止しないでください",
            "停止は希望しません",
            "停止したくないです",
            "停止ではありません",
            "不要ではないです",
            "不要品の買取はありますか",
            "停止方法",
            "営業停止ですか",
            "解除したくない",
            "退会はしません",
            "nonstop",
            "non-stop",
            "don't stop",
            "Please don’t stop!",
            "do not stop",
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
    fn a_long_reply_is_read_in_one_go() {
        assert!(!opts_out(&"停止しないで ".repeat(50_000)));
    }

    #[test]
    fn what_an_e_mail_quotes_is_not_said() {
        for (email, said) in [
            ("配信停止", true),
            (
                "ありがとう\n\n2026年3月2日 つなぎ書店 <s@example.jp>:\n> 配信の停止: https://t.example.jp/o/x",
                false,
            ),
            ("> 配信の停止: https://t.example.jp/o/x\r\n停止してください\r\n", true),
            ("はい\n-----Original Message-----\n配信の停止: https://t.example.jp/o/x", false),
            ("はい\n\n差出人: つなぎ書店\n配信の停止: https://t.example.jp/o/x", false),
        ] {
            assert_eq!(opts_out(&own_words(email)), said, "{email}");
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
            "駐車券は不要です",
            "駐車券はいりません",
            "停止中の店",
            "ノンストップ便",
            "https://shop.example.jp/stop",
            "stop@shop.example.jp",
        ] {
            assert!(!names_word(text), "{text}");
        }
    }
}
