//! What could not be taken in a provider's time: its notices, checked and read, wait in a queue of their own, and are taken
//! when the table answers again.

use std::sync::Arc;

use anyhow::Result;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::batch::{self, Failure};
use cloud::payload::Payload;
use cloud::version::Shape;
use domain::message::reply_word;
use domain::replies::{Meaning, ReplyWords};
use domain::time::Timestamp;
use providers::receipts::{LineDid, Notice, ReceiptStatus};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Callback;
use crate::notices::{REASON_LIMIT, code, meaning};

/// The most notices of one message: as many may be in a batch, and none comes near the queue's limit of bytes.
const NOTICES: usize = 100;

/// The most characters of a number, and of a provider's id of a reply, that wait in the queue.
const WORD_CHARACTERS: usize = 200;

/// Replies that mean to everybody what the shop's words made of others.
const STOP: &str = "STOP";
const START: &str = "START";

/// Notices that wait to be taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Later {
    /// When they came.
    at: Timestamp,
    notices: Vec<Notice>,
}

impl Payload for Later {
    const SHAPE: Shape = Shape { kind: "notices of a provider", steps: &[prices] };
}

/// Version 1 has prices in yen alone.
fn prices(later: &mut Value) {
    let notices = later.get_mut("notices").and_then(Value::as_array_mut);
    for notice in notices.into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(yen) = notice.remove("price_yen") {
            let price = yen.as_number().map(|yen| json!({ "amount": yen.to_string(), "currency": "JPY" }));
            notice.insert("price".to_owned(), json!(price));
        }
    }
}

impl Later {
    /// Notices that came at an instant, in parts.
    pub(crate) fn of(notices: &[Notice], words: &ReplyWords, at: Timestamp) -> Vec<Self> {
        let bare: Vec<Notice> = notices.iter().filter_map(|notice| bare(notice, words)).collect();
        bare.chunks(NOTICES).map(|notices| Self { at, notices: notices.to_vec() }).collect()
    }
}

/// As much of a notice as is taken later: what people write at length does not wait in a queue.
fn bare(notice: &Notice, words: &ReplyWords) -> Option<Notice> {
    let said = || match meaning(notice, words) {
        Meaning::OptsOut => STOP.to_owned(),
        Meaning::OptsIn => START.to_owned(),
        Meaning::Other => String::new(),
    };
    let said = |word: Option<String>| {
        Some(said()).filter(|said| !said.is_empty()).or(word.map(|word| short(&word, WORD_CHARACTERS)))
    };
    Some(match notice {
        Notice::Receipt { reference, status, at, parts, price } => Notice::Receipt {
            // No code of ours: no message of ours.
            reference: code(notice).map(|_| reference.clone())?,
            status: match status {
                ReceiptStatus::Undelivered { reason } => {
                    ReceiptStatus::Undelivered { reason: short(reason, REASON_LIMIT) }
                }
                ReceiptStatus::Invalid { reason } => {
                    ReceiptStatus::Invalid { reason: short(reason, REASON_LIMIT) }
                }
                ReceiptStatus::Delivered | ReceiptStatus::Bounced { .. } => status.clone(),
            },
            at: *at,
            parts: *parts,
            price: price.clone(),
        },
        Notice::Reply { from, text, at, id, .. } => Notice::Reply {
            from: short(from, WORD_CHARACTERS),
            to_reference: code(notice).map(|code| code.as_str().to_owned()),
            text: said(reply_word(text)).unwrap_or_default(),
            at: *at,
            id: short(id, WORD_CHARACTERS),
        },
        Notice::EmailReply { reference, text, at, id } => {
            let word = text.as_deref().and_then(|text| reply_word(&domain::optout::own_words(text)));
            Notice::EmailReply {
                reference: code(notice).map(|_| reference.clone())?,
                text: said(word),
                at: *at,
                id: short(id, WORD_CHARACTERS),
            }
        }
        Notice::Complaint { .. } | Notice::OptOut { .. } | Notice::Open { .. } => {
            code(notice).map(|_| notice.clone())?
        }
        Notice::Line { user, did, at, id } => Notice::Line {
            user: short(user, WORD_CHARACTERS),
            did: match did {
                LineDid::Wrote(text) => LineDid::Wrote(said(reply_word(text)).unwrap_or_default()),
                LineDid::Blocked | LineDid::Followed => did.clone(),
            },
            at: *at,
            id: short(id, WORD_CHARACTERS),
        },
    })
}

/// SQS refuses a whole request for U+FFFE or U+FFFF.
fn short(text: &str, characters: usize) -> String {
    text.chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).take(characters).collect()
}

impl Callback {
    /// Puts notices off that could not be taken; returns once the queue has them.
    pub(crate) async fn put_off(&self, notices: &[Notice], words: &ReplyWords, at: Timestamp) -> Result<()> {
        self.later.send(&Later::of(notices, words, at)).await
    }

    /// Takes what was put off. Taken again, it comes to the same.
    pub(crate) async fn handle(self: Arc<Self>, event: SqsEvent) -> SqsBatchResponse {
        let dead_letters = self.dead_letters.clone();
        let words = ReplyWords::default();
        batch::run(event, &dead_letters, |messages| async move {
            let mut outcomes = Vec::new();
            for message in messages {
                let Later { at, notices } = message.body;
                let taken = self.take(&notices, &words, at).await;
                outcomes.push((message.index, taken.map(|_| ()).map_err(Failure::Retry)));
            }
            outcomes
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use cloud::payload;

    use super::*;

    /// A notice that is added, or a field of one, does not compile until it stands here, and then in the test, too.
    const fn place(notice: &Notice) -> usize {
        match notice {
            Notice::Receipt { reference: _, status: ReceiptStatus::Delivered, at: _, parts: _, price: _ } => {
                0
            }
            Notice::Receipt { status: ReceiptStatus::Undelivered { reason: _ }, .. } => 1,
            Notice::Receipt { status: ReceiptStatus::Invalid { reason: _ }, .. } => 2,
            Notice::Receipt { status: ReceiptStatus::Bounced { permanent: _ }, .. } => 3,
            Notice::Reply { from: _, to_reference: _, text: _, at: _, id: _ } => 4,
            Notice::EmailReply { reference: _, text: _, at: _, id: _ } => 5,
            Notice::Line { user: _, did: LineDid::Followed, at: _, id: _ } => 6,
            Notice::Line { did: LineDid::Blocked, .. } => 7,
            Notice::Line { did: LineDid::Wrote(_), .. } => 8,
            Notice::Complaint { reference: _, at: _ } => 9,
            Notice::OptOut { reference: _, at: _ } => 10,
            Notice::Open { reference: _, at: _ } => 11,
        }
    }

    #[test]
    fn what_is_put_off_is_what_its_version_says() {
        let (code, at) = ("Whole9AAAAAA", 1_772_413_200);
        let receipt = |status: Value| json!({ "type": "receipt", "reference": code, "status": status, "at": at, "parts": 2, "price": null });
        let line = |did: Value| json!({ "type": "line", "user": "U1", "did": did, "at": at, "id": "1" });
        let body = json!({ "v": 2, "at": at, "notices": [
            receipt(json!("delivered")),
            receipt(json!({ "undelivered": { "reason": "30006" } })),
            receipt(json!({ "invalid": { "reason": "21211" } })),
            receipt(json!({ "bounced": { "permanent": true } })),
            { "type": "reply", "from": "+819012345678", "to_reference": code, "text": "STOP", "at": at, "id": "2" },
            { "type": "email_reply", "reference": code, "text": null, "at": at, "id": "3" },
            line(json!("followed")),
            line(json!("blocked")),
            line(json!({ "wrote": "はい" })),
            { "type": "complaint", "reference": code, "at": at },
            { "type": "opt_out", "reference": code, "at": at },
            { "type": "open", "reference": code, "at": at },
        ] });
        let later: Later = payload::read(&body.to_string()).unwrap();
        let written: Value = serde_json::from_str(&payload::write(&later).unwrap()).unwrap();
        assert_eq!(written, body, "notices are written otherwise: they want a new version");
        assert_eq!(later.notices.iter().map(place).collect::<Vec<_>>(), (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn prices_of_the_first_version_are_yen() {
        let receipt = |price: (&str, Value)| json!({ "type": "receipt", "reference": "a", "status": "delivered", "at": 5, "parts": 1, price.0: price.1 });
        let later = |version: u32, receipts: Vec<Value>| {
            let body = json!({ "v": version, "at": 5, "notices": receipts }).to_string();
            payload::write(&payload::read::<Later>(&body).unwrap()).unwrap()
        };
        let first = vec![receipt(("price_yen", json!(20))), receipt(("price_yen", Value::Null))];
        let price = json!({ "amount": "20", "currency": "JPY" });
        let second = vec![receipt(("price", price)), receipt(("price", Value::Null))];
        assert_eq!(later(1, first), later(2, second));
    }
}
