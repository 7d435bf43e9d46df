//! The JSON around what a topic posts, and the text of it that is signed.
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::time::Timestamp;
use serde::Deserialize;

/// A post that reads as SNS's.
pub(super) struct Envelope {
    pub(super) kind: Kind,
    pub(super) topic_arn: String,
    pub(super) message_id: String,
    pub(super) message: String,
    /// When it was published, or asked for.
    pub(super) at: Timestamp,
    pub(super) certificate_url: String,
    pub(super) version: Version,
    pub(super) signature: Vec<u8>,
    timestamp: String,
}

/// What is posted.
pub(super) enum Kind {
    /// A message.
    Notification { subject: Option<String> },
    /// Someone subscribed us; the topic posts once the address is asked for.
    Subscribed { url: String, token: String },
    /// Someone unsubscribed us; asking for the address would undo it.
    Unsubscribed { url: String, token: String },
}

/// How a post is signed, both with RSA and PKCS #1 v1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// `1`: SHA-1, unless the topic is told otherwise.
    Sha1,
    /// `2`: SHA-256.
    Sha256,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Posted {
    r#type: String,
    topic_arn: String,
    message_id: String,
    message: String,
    subject: Option<String>,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    token: Option<String>,
}

impl Envelope {
    /// Reads a post; none for what SNS does not write.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let posted: Posted = serde_json::from_slice(body).ok()?;
        let kind = match posted.r#type.as_str() {
            "Notification" => Kind::Notification { subject: posted.subject },
            "SubscriptionConfirmation" => {
                Kind::Subscribed { url: posted.subscribe_url?, token: posted.token? }
            }
            "UnsubscribeConfirmation" => {
                Kind::Unsubscribed { url: posted.subscribe_url?, token: posted.token? }
            }
            _ => return None,
        };
        let version = match posted.signature_version.as_str() {
            "1" => Version::Sha1,
            "2" => Version::Sha256,
            _ => return None,
        };
        Some(Self {
            kind,
            topic_arn: posted.topic_arn,
            message_id: posted.message_id,
            message: posted.message,
            at: Timestamp::parse(&posted.timestamp).ok()?,
            certificate_url: posted.signing_cert_url,
            version,
            signature: STANDARD.decode(posted.signature).ok()?,
            timestamp: posted.timestamp,
        })
    }

    /// The text that is signed: each of these keys and its value on lines of their own, in the order of the alphabet.
    pub(super) fn signed_text(&self) -> String {
        let (kind, subject, confirming) = match &self.kind {
            Kind::Notification { subject } => ("Notification", subject.as_ref(), None),
            Kind::Subscribed { url, token } => ("SubscriptionConfirmation", None, Some((url, token))),
            Kind::Unsubscribed { url, token } => ("UnsubscribeConfirmation", None, Some((url, token))),
        };
        let mut pairs = vec![("Message", self.message.as_str()), ("MessageId", &self.message_id)];
        pairs.extend(subject.map(|subject| ("Subject", subject.as_str())));
        pairs.extend(confirming.map(|(url, _)| ("SubscribeURL", url.as_str())));
        pairs.push(("Timestamp", &self.timestamp));
        pairs.extend(confirming.map(|(_, token)| ("Token", token.as_str())));
        pairs.extend([("TopicArn", self.topic_arn.as_str()), ("Type", kind)]);
        pairs.iter().fold(String::new(), |text, (key, value)| text + key + "\n" + value + "\n")
    }
}
