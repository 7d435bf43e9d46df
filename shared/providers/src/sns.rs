//! What topics of Amazon SNS post: replies by SMS, and events where a shop chose SNS instead of `EventBridge`.
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>
//!
//! An account's setting `topics` lists the ARNs that may post to it, parted by spaces or commas. Anyone can have a topic
//! of their own post a validly signed message to us, so one that is not listed is as good as forged.
//!
//! The region of a listed topic says which host its certificates and confirmations come from, letter by letter. A pattern
//! such as `sns.*.amazonaws.com` would let in `sns.s3-us-west-2.amazonaws.com`, which is a bucket that anyone can have.
//! `sns_url` is another address of SNS.

mod certificate;
mod envelope;

use domain::time::Timestamp;
use reqwest::Url;

use self::certificate::Certificates;
use self::envelope::{Envelope, Kind};
use crate::account::{Account, AccountError};
use crate::aws_events;
use crate::post::Post;
use crate::receipts::{Notice, ReceiptError, TOLERANCE_SECONDS};
use crate::settings::is_base_url;

/// Seconds for which SNS posts a message again that we did not take, with the timestamp and the signature of the first
/// time: "the maximum lifetime of a message in the system is one hour". So five minutes would turn away whatever came
/// while we were down. Within the hour a repetition is harmless, whoever makes it: it says what it said, of the same
/// instant.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>
const LIVING_SECONDS: i64 = 3600;

/// The providers whose posts come by way of SNS.
pub const PROVIDERS: [&str; 2] = ["aws", "ses"];

const TOPICS: &str = "ARNs such as arn:aws:sns:ap-northeast-1:123456789012:replies, parted by spaces";
const URL: &str = "an https:// URL (http:// on 127.0.0.1 or localhost)";

/// The topics that may post to an account.
#[derive(Debug)]
pub struct Sns {
    topics: Vec<Topic>,
    client: reqwest::Client,
    certificates: Certificates,
}

/// A topic, and where its region's SNS is reached.
#[derive(Debug)]
struct Topic {
    arn: String,
    origin: Url,
}

impl Sns {
    /// The topics of an account; without any, all that is posted is forged.
    pub fn new(account: &Account) -> Result<Self, AccountError> {
        let listed = account.settings.get("topics").map(String::as_str).unwrap_or_default();
        let other = account.settings.get("sns_url").map(|url| url.trim());
        if other.is_some_and(|url| !is_base_url(url)) {
            return Err(account.error("settings.sns_url", &format!("is wrong: {URL}")));
        }
        let topics = listed.split([' ', ',', '\n']).filter(|arn| !arn.is_empty()).map(|arn| {
            Topic::of(arn, other)
                .ok_or_else(|| account.error("settings.topics", &format!("is wrong: {TOPICS}")))
        });
        Ok(Self {
            topics: topics.collect::<Result<_, _>>()?,
            client: crate::http::client_within(certificate::TIMEOUT),
            certificates: Certificates::default(),
        })
    }

    /// Checks and reads a post. Whoever is not known to be SNS learns nothing but that.
    pub async fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        let envelope = Envelope::read(post.body).ok_or(ReceiptError::Forged)?;
        let topic = self.topics.iter().find(|topic| topic.arn == envelope.topic_arn);
        let topic = topic.ok_or(ReceiptError::Forged)?;
        let certificate =
            topic.own(&envelope.certificate_url).filter(|url| url.path().strip_suffix(".pem").is_some());
        let certificate = certificate.ok_or(ReceiptError::Forged)?;
        let age = now.since(envelope.at);
        if !(-TOLERANCE_SECONDS..=LIVING_SECONDS + TOLERANCE_SECONDS).contains(&age) {
            return Err(ReceiptError::Stale);
        }
        let certificate = self.certificates.at(&self.client, certificate).await?;
        if !certificate.signed(&envelope, now) {
            return Err(ReceiptError::Forged);
        }
        match &envelope.kind {
            Kind::Notification { .. } => {
                aws_events::from_topic(&envelope.message, &envelope.message_id, envelope.at)
            }
            Kind::Subscribed { url, .. } => self.confirm(topic, url).await.map(|()| Vec::new()),
            Kind::Unsubscribed { .. } => {
                tracing::warn!(sns.topic = topic.arn, "a topic no longer posts here: subscribe it again");
                Ok(Vec::new())
            }
        }
    }

    /// Confirms that a listed topic is to post here, by asking for the address that it was told to ask for.
    async fn confirm(&self, topic: &Topic, url: &str) -> Result<(), ReceiptError> {
        let malformed = || ReceiptError::Malformed { place: "/SubscribeURL".to_owned() };
        let url = topic.own(url).ok_or_else(malformed)?;
        let asks =
            |name: &str, value: &str| url.query_pairs().any(|pair| pair == (name.into(), value.into()));
        if !asks("Action", "ConfirmSubscription") || !asks("TopicArn", &topic.arn) {
            return Err(malformed());
        }
        let answer = self.client.get(url).send().await.ok();
        if answer.is_some_and(|answer| answer.status().is_success()) {
            tracing::info!(sns.topic = topic.arn, "a topic posts here from now on");
            Ok(())
        } else {
            Err(ReceiptError::Later { reason: "SNS did not confirm the subscription" })
        }
    }
}

impl Topic {
    /// A topic by its ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`.
    fn of(arn: &str, other: Option<&str>) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts[..] else { return None };
        let plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let region_is = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if region.is_empty() || !region.bytes().all(region_is) || !plain(account) || !plain(name) {
            return None;
        }
        let suffix = match partition {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            _ => return None,
        };
        let usual = format!("https://sns.{region}.{suffix}");
        Some(Self { arn: arn.to_owned(), origin: Url::parse(other.unwrap_or(&usual)).ok()? })
    }

    /// An address at the topic's own SNS: its scheme, host and port, and no name or password.
    fn own(&self, url: &str) -> Option<Url> {
        let url = Url::parse(url).ok()?;
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        (plain && url.origin() == self.origin.origin()).then_some(url)
    }
}

#[cfg(test)]
mod tests;
