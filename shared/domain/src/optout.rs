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
const TAILS: [&str; 14] =
    ["", "希望", "希望致", "依頼", "申請", "要望", "手続", "処理", "願", "御願", "致", "下", "宜", "頼"];

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
pub(crate) fn letters(plain: &str) -> String {
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
mod tests;
