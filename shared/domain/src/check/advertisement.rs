//! What 特定電子メール法 (art. 4, rule 9) asks of the text of an advertisement: its sender, and a way to opt out.
//!
//! It covers SMS and e-mail, and not LINE: there the account's name stands above every message, whoever wants no more blocks
//! the account, and a block or a word such as 停止 opts out. So nothing is asked of such a text; `{{ optout }}` may
//! stand in it.

use crate::contact::Channel;
use crate::optout::names_word;
use crate::text::Text;

const SENDER: &str =
    "an advertisement names its sender (特定電子メール法 art. 4): add {{ sender }}, outside of {% if %}";
const SMS: &str = "an advertisement says how to opt out (特定電子メール法 art. 4): add {{ optout }}, or a word to reply with such as STOP, outside of {% if %}";
const EMAIL: &str = "an advertisement says how to opt out (特定電子メール法 art. 4): add {{ optout }}, outside of {% if %}; not every provider passes on what is replied to an e-mail";

/// What one text of an advertisement lacks, and what would be right. A word to reply with is a way out for an SMS
/// only: not every provider passes on what comes back by e-mail.
pub(super) fn mistakes(channel: Channel, text: &Text) -> Vec<&'static str> {
    let how_to_opt_out = match channel {
        Channel::Sms => SMS,
        Channel::Email => EMAIL,
        Channel::Line => return Vec::new(),
    };
    let mut mistakes = Vec::new();
    let spoken = text.spoken();
    if !spoken.always_shows("sender") && !spoken.always_shows("shop.name") {
        mistakes.push(SENDER);
    }
    let by_word = channel == Channel::Sms && text.always_says().into_iter().any(names_word);
    if !spoken.always_shows("optout") && !by_word {
        mistakes.push(how_to_opt_out);
    }
    mistakes
}
