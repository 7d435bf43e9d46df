//! What a reply means: no more messages, messages again, or something for the journey to read. A shop may add words of its
//! own to those that everybody knows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::definition::Mistake;
use crate::optout::{letters, opts_out};
use crate::spelling::narrow;

/// The most words that a shop may add of each kind.
const WORDS_LIMIT: usize = 50;

/// The most characters of such a word: what is longer is a sentence, and two people write it in two ways.
const WORD_CHARACTERS: usize = 20;

/// Words that ask for messages again, as whole replies. YES is none of them: it answers a question.
const AGAIN: [&str; 15] = [
    "start",
    "unstop",
    "optin",
    "subscribe",
    "resubscribe",
    "再開",
    "配信再開",
    "受信再開",
    "送信再開",
    "メール再開",
    "メール配信再開",
    "再登録",
    "配信を再開",
    "受信を再開",
    "メールを再開",
];

/// How people end such a word politely.
const POLITELY: [&str; 9] = [
    "",
    "希望",
    "希望します",
    "します",
    "してください",
    "して下さい",
    "お願いします",
    "をお願いします",
    "を希望します",
];

/// Words by which a shop's customers opt out or in, beside those that everybody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReplyWords {
    /// Replies that stop marketing, such as `中止希望`.
    pub opt_out: Vec<String>,
    /// Replies that ask for it again, such as `復活`.
    pub opt_in: Vec<String>,
}

/// What a reply means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// No more marketing.
    OptsOut,
    /// Marketing again.
    OptsIn,
    /// Something else.
    Other,
}

impl ReplyWords {
    /// What a reply means. A word counts as a whole reply only, whatever its width, case, spaces and punctuation; the words
    /// to opt out that everybody knows are found within a reply as well ([`opts_out`]). Where both fit, it opts out.
    pub fn meaning(&self, reply: &str) -> Meaning {
        let said = plain(reply);
        let own = |words: &[String]| !said.is_empty() && words.iter().any(|word| plain(word) == said);
        if own(&self.opt_out) || opts_out(reply) {
            Meaning::OptsOut
        } else if own(&self.opt_in) || asks_again(&said) {
            Meaning::OptsIn
        } else {
            Meaning::Other
        }
    }

    /// What is wrong with them.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (name, words) in [("opt_out", &self.opt_out), ("opt_in", &self.opt_in)] {
            let place = format!("replies.{name}");
            if words.len() > WORDS_LIMIT {
                let what = format!("there are {}, at most {WORDS_LIMIT} fit", words.len());
                mistakes.push(Mistake { place: place.clone(), what });
            }
            for (index, word) in words.iter().enumerate() {
                let mut wrong = |what: &str| {
                    mistakes.push(Mistake { place: format!("{place}[{index}]"), what: what.to_owned() });
                };
                let said = plain(word);
                if said.is_empty() {
                    wrong("has no letter and no digit; write the word that people reply");
                } else if word.chars().count() > WORD_CHARACTERS {
                    wrong("is longer than 20 characters; write one word");
                } else if name == "opt_in"
                    && (opts_out(word) || self.opt_out.iter().any(|it| plain(it) == said))
                {
                    wrong("opts out; choose another word");
                }
            }
        }
        mistakes
    }
}

/// A reply as it is compared: letters and digits, narrow and small.
fn plain(text: &str) -> String {
    letters(&text.chars().map(narrow).collect::<String>())
}

fn asks_again(said: &str) -> bool {
    AGAIN.iter().any(|word| said.strip_prefix(word).is_some_and(|rest| POLITELY.contains(&rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_ask_for_messages_again() {
        let words = ReplyWords::default();
        for reply in [
            "START",
            " start. ",
            "ＳＴＡＲＴ",
            "unstop",
            "opt-in",
            "Opt in!",
            "再開",
            "「再開」",
            "配信 再開",
            "受信再開",
            "再開希望",
            "配信を再開してください。",
            "受信再開をお願いします",
        ] {
            assert_eq!(words.meaning(reply), Meaning::OptsIn, "{reply}");
        }
        for reply in [
            "",
            "restart",
            "nonstop",
            "Start on Monday?",
            "let's start",
            "yes",
            "はい",
            "再開しません",
            "再開はいつですか",
            "営業再開",
            "停止しないで",
            "登録",
        ] {
            assert_eq!(words.meaning(reply), Meaning::Other, "{reply}");
        }
        for reply in ["stop", "停止", "再開しないで、停止", "START STOP", "配信再開は不要です"]
        {
            assert_eq!(words.meaning(reply), Meaning::OptsOut, "{reply}");
        }
    }

    #[test]
    fn a_shops_own_words_count_as_whole_replies() {
        let words = ReplyWords {
            opt_out: vec!["さようなら".to_owned(), "Bye".to_owned()],
            opt_in: vec!["ただいま".to_owned()],
        };
        assert_eq!(words.mistakes(), []);
        for reply in ["さようなら", " さようなら。", "ＢＹＥ", "bye!"] {
            assert_eq!(words.meaning(reply), Meaning::OptsOut, "{reply}");
        }
        for reply in ["goodbye", "さようならとは言わないで", "bye and thanks"] {
            assert_eq!(words.meaning(reply), Meaning::Other, "{reply}");
        }
        assert_eq!(words.meaning("ただいま！"), Meaning::OptsIn);
        assert_eq!(words.meaning("ただいま帰りました"), Meaning::Other);
    }

    #[test]
    fn words_that_cannot_be_are_told_with_their_places() {
        let words = ReplyWords {
            opt_out: vec!["！".to_owned(), "a".repeat(21), "Bye".to_owned()],
            opt_in: vec!["ｂｙｅ".to_owned(), "停止".to_owned()],
        };
        let told: Vec<String> = words.mistakes().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "replies.opt_out[0]: has no letter and no digit; write the word that people reply",
                "replies.opt_out[1]: is longer than 20 characters; write one word",
                "replies.opt_in[0]: opts out; choose another word",
                "replies.opt_in[1]: opts out; choose another word",
            ]
        );
    }
}
