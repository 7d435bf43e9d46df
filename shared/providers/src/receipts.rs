//! What providers post to us: receipts, replies, bounces.

use domain::tariff::Price;
use domain::time::Timestamp;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox;
use crate::signature::verify;
pub use crate::signature::{
    ID_HEADER, MIN_SECRET_BYTES, SIGNATURE_HEADER, Secret, SecretError, TIMESTAMP_HEADER, TOLERANCE_SECONDS,
    sign,
};

/// The most notices one post may carry.
pub const MAX_NOTICES: usize = 1000;

/// One thing a provider tells us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// What became of a message.
    Receipt {
        /// Our message code.
        reference: String,
        /// What became of it.
        status: ReceiptStatus,
        /// When.
        at: Timestamp,
        /// Parts as the provider billed them.
        parts: Option<u32>,
        /// The price of all parts, when the provider names it.
        #[serde(default)]
        price: Option<Price>,
    },
    /// A person answered by SMS.
    Reply {
        /// The person's number in E.164.
        from: String,
        /// Our code of the message they answered, when the provider knows it.
        to_reference: Option<String>,
        /// What they wrote.
        text: String,
        /// When.
        at: Timestamp,
        /// The provider's id of the reply: the same when it is posted again.
        id: String,
    },
    /// A person answered an e-mail.
    EmailReply {
        /// Our code of the message they answered.
        reference: String,
        /// What they wrote, with or without what they answered, when the provider passes it on.
        text: Option<String>,
        /// When.
        at: Timestamp,
        /// The provider's id of the reply: the same when it is posted again.
        id: String,
    },
    /// A person did something at LINE.
    Line {
        /// Their LINE user id.
        user: String,
        /// What.
        did: LineDid,
        /// When.
        at: Timestamp,
        /// LINE's id of the event: the same when it is posted again.
        id: String,
    },
    /// A person reported a message as spam to their own provider.
    Complaint {
        /// Our message code.
        reference: String,
        /// When.
        at: Timestamp,
    },
    /// A person opted out at the provider, by a link or a list that it keeps.
    OptOut {
        /// Our code of the message that led them there.
        reference: String,
        /// When.
        at: Timestamp,
    },
    /// A message was opened, or its pictures were fetched ahead.
    Open {
        /// Our message code.
        reference: String,
        /// When.
        at: Timestamp,
    },
}

/// What a person did to the shop's account at LINE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineDid {
    /// Added the account as a friend, or took a block back.
    Followed,
    /// Blocked the account.
    Blocked,
    /// Wrote this.
    Wrote(String),
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// It reached the person's device or mailbox.
    Delivered,
    /// It did not, and the provider gave up.
    Undelivered {
        /// The provider's word for why.
        reason: String,
    },
    /// It did not, and no other will: the number is none, or none any longer.
    Invalid {
        /// The provider's word for why.
        reason: String,
    },
    /// The mailbox's server refused it.
    Bounced {
        /// Whether it would refuse the next one, too.
        permanent: bool,
    },
}

/// A post that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The signature is missing or not the provider's, or there is no such provider.
    #[error("the signature is not the provider's")]
    Forged,
    /// It was signed more than five minutes from now: perhaps someone repeats what they overheard.
    #[error("signed more than {TOLERANCE_SECONDS} seconds ago or ahead")]
    Stale,
    /// It is the provider's, and cannot be read.
    #[error("cannot be read at {place}")]
    Malformed {
        /// Where, such as `[3].status`; never what stood there.
        place: String,
    },
    /// Whose it is cannot be told for the moment: it is to be posted again.
    #[error("cannot be judged for the moment: {reason}")]
    Later {
        /// What happened.
        reason: &'static str,
    },
}

/// Checks and reads what `provider` posted: `now` is the instant of its arrival.
pub fn parse(
    provider: &str,
    headers: &HeaderMap,
    body: &[u8],
    secret: &Secret,
    now: Timestamp,
) -> Result<Vec<Notice>, ReceiptError> {
    match provider {
        sandbox::NAME => {
            verify(headers, body, secret, now)?;
            read_sandbox(body)
        }
        _ => Err(ReceiptError::Forged),
    }
}

/// The sandbox posts [`Notice`] as it stands: one object, or an array of them.
fn read_sandbox(body: &[u8]) -> Result<Vec<Notice>, ReceiptError> {
    let malformed = |place: &str| ReceiptError::Malformed { place: place.to_owned() };
    let notices = match serde_json::from_slice(body).map_err(|_| malformed("body"))? {
        Value::Array(notices) => notices,
        one @ Value::Object(_) => vec![one],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(malformed("body")),
    };
    if notices.len() > MAX_NOTICES {
        return Err(malformed(&format!("[{MAX_NOTICES}]")));
    }
    notices.iter().enumerate().map(|(index, notice)| sandbox_notice(&Fields { notice, index })).collect()
}

fn sandbox_notice(fields: &Fields<'_>) -> Result<Notice, ReceiptError> {
    match fields.read::<String>("type")?.as_str() {
        "receipt" => Ok(Notice::Receipt {
            reference: fields.read("reference")?,
            status: fields.read("status")?,
            at: fields.read("at")?,
            parts: fields.read("parts")?,
            price: fields.read("price")?,
        }),
        "reply" => Ok(Notice::Reply {
            from: fields.read("from")?,
            to_reference: fields.read("to_reference")?,
            text: fields.read("text")?,
            at: fields.read("at")?,
            id: fields.read("id")?,
        }),
        "email_reply" => Ok(Notice::EmailReply {
            reference: fields.read("reference")?,
            text: fields.read("text")?,
            at: fields.read("at")?,
            id: fields.read("id")?,
        }),
        "line" => Ok(Notice::Line {
            user: fields.read("user")?,
            did: fields.read("did")?,
            at: fields.read("at")?,
            id: fields.read("id")?,
        }),
        "complaint" => Ok(Notice::Complaint { reference: fields.read("reference")?, at: fields.read("at")? }),
        "opt_out" => Ok(Notice::OptOut { reference: fields.read("reference")?, at: fields.read("at")? }),
        "open" => Ok(Notice::Open { reference: fields.read("reference")?, at: fields.read("at")? }),
        _ => Err(fields.malformed("type")),
    }
}

/// The fields of one notice. serde's own errors quote what they could not read, and that may be personal.
struct Fields<'a> {
    notice: &'a Value,
    index: usize,
}

impl Fields<'_> {
    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, ReceiptError> {
        let value = self.notice.get(name).cloned().unwrap_or_default();
        serde_json::from_value(value).map_err(|_| self.malformed(name))
    }

    fn malformed(&self, name: &str) -> ReceiptError {
        ReceiptError::Malformed { place: format!("[{}].{name}", self.index) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    fn secret() -> Secret {
        Secret::from_bytes([7; 32])
    }

    fn signed(body: &[u8], at: Timestamp) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ID_HEADER, "post-1".parse().unwrap());
        headers.insert(TIMESTAMP_HEADER, at.seconds().to_string().parse().unwrap());
        headers.insert(SIGNATURE_HEADER, sign(&secret(), "post-1", at, body).parse().unwrap());
        headers
    }

    fn notices() -> Vec<Notice> {
        let reference = "k3Jd02".to_owned();
        let receipt = |status| Notice::Receipt {
            reference: reference.clone(),
            status,
            at: NOW,
            parts: Some(2),
            price: None,
        };
        vec![
            receipt(ReceiptStatus::Delivered),
            receipt(ReceiptStatus::Undelivered { reason: "absent".to_owned() }),
            receipt(ReceiptStatus::Bounced { permanent: true }),
            Notice::Reply {
                from: "+819012345678".to_owned(),
                to_reference: None,
                text: "停止".to_owned(),
                at: NOW,
                id: "r1".to_owned(),
            },
            Notice::EmailReply {
                reference: reference.clone(),
                text: Some("停止".to_owned()),
                at: NOW,
                id: "r2".to_owned(),
            },
            Notice::Line {
                user: "U4af4980629f1b2c3d4e5f60718293a4b".to_owned(),
                did: LineDid::Wrote("停止".to_owned()),
                at: NOW,
                id: "r3".to_owned(),
            },
            Notice::Complaint { reference: reference.clone(), at: NOW },
            Notice::OptOut { reference: reference.clone(), at: NOW },
            Notice::Open { reference: reference.clone(), at: NOW },
        ]
    }

    fn read(body: &[u8]) -> Result<Vec<Notice>, ReceiptError> {
        parse("sandbox", &signed(body, NOW), body, &secret(), NOW)
    }

    #[test]
    fn a_good_post_is_read_whole() {
        let body = serde_json::to_vec(&notices()).unwrap();
        assert_eq!(read(&body), Ok(notices()));
        let one = serde_json::to_vec(&notices()[0]).unwrap();
        assert_eq!(read(&one), Ok(vec![notices()[0].clone()]));
    }

    #[test]
    fn further_fields_are_no_matter() {
        let body = br#"[{"type":"receipt","reference":"a","status":"delivered","at":5,"carrier":"au"}]"#;
        let status = ReceiptStatus::Delivered;
        let at = Timestamp::from_seconds(5);
        let receipt = Notice::Receipt { reference: "a".to_owned(), status, at, parts: None, price: None };
        assert_eq!(read(body), Ok(vec![receipt]));
    }

    #[test]
    fn an_e_mailed_reply_may_come_without_its_text() {
        let body = br#"{"type":"email_reply","reference":"a","at":5,"id":"r"}"#;
        let (reference, id) = ("a".to_owned(), "r".to_owned());
        let reply = Notice::EmailReply { reference, text: None, at: Timestamp::from_seconds(5), id };
        assert_eq!(read(body), Ok(vec![reply]));
    }

    #[test]
    fn what_is_not_signed_by_the_provider_is_forged() {
        let body = serde_json::to_vec(&notices()).unwrap();
        let forged = Err(ReceiptError::Forged);
        let good = signed(&body, NOW);
        assert_eq!(parse("sandbox", &HeaderMap::new(), &body, &secret(), NOW), forged);
        assert_eq!(parse("sandbox", &good, &body, &Secret::from_bytes([8; 32]), NOW), forged);
        assert_eq!(parse("nobody", &good, &body, &secret(), NOW), forged);
        let mut tampered = body.clone();
        tampered[20] ^= 1;
        assert_eq!(parse("sandbox", &good, &tampered, &secret(), NOW), forged);
        for header in [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER] {
            let mut headers = good.clone();
            headers.insert(header, "1795000001".parse().unwrap());
            assert_eq!(parse("sandbox", &headers, &body, &secret(), NOW), forged, "{header}");
        }
    }

    #[test]
    fn one_good_signature_among_several_is_enough() {
        let body = serde_json::to_vec(&notices()).unwrap();
        let mut headers = signed(&body, NOW);
        let good = headers[SIGNATURE_HEADER].to_str().unwrap().to_owned();
        headers.insert(SIGNATURE_HEADER, format!("v1a,xyz v1,AAAA {good}").parse().unwrap());
        assert_eq!(parse("sandbox", &headers, &body, &secret(), NOW), Ok(notices()));
    }

    #[test]
    fn five_minutes_either_way_are_tolerated_and_no_more() {
        let body = serde_json::to_vec(&notices()).unwrap();
        for (lag, expected) in [(300, true), (-300, true), (301, false), (-301, false)] {
            let result = parse("sandbox", &signed(&body, NOW.plus(-lag)), &body, &secret(), NOW);
            let wanted = if expected { Ok(notices()) } else { Err(ReceiptError::Stale) };
            assert_eq!(result, wanted, "{lag}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_placed_and_not_quoted() {
        let cases: [(&[u8], &str); 6] = [
            (b"{", "body"),
            (b"7", "body"),
            (br#"[{"type":"receipt","reference":"a","status":"delivered","at":5},{}]"#, "[1].type"),
            (br#"[{"type":"receipt","reference":"a","status":"lost","at":5}]"#, "[0].status"),
            (br#"[{"type":"reply","from":819012345678,"text":"a","at":5,"id":"b"}]"#, "[0].from"),
            (br#"[{"type":"email_reply","reference":"a","text":7,"at":5,"id":"b"}]"#, "[0].text"),
        ];
        for (body, place) in cases {
            assert_eq!(read(body), Err(ReceiptError::Malformed { place: place.to_owned() }));
        }
    }
}
