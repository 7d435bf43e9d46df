//! Numbers that no longer exist, by what each provider documents to say so. Nothing more is sent to one: who goes on is taken
//! for a spammer, and pays.
//!
//! Only codes that say it of the number stand here. Those that may pass (a phone that is off, a carrier out of reach, a
//! subscription that takes no SMS) do not, nor do providers that document none: CM.com and 空電プッシュ.

use crate::receipts::{Notice, ReceiptStatus};
use crate::sms::SmsProvider;

/// <https://www.twilio.com/docs/api/errors>: no phone number, no mobile number, unknown handset, a landline.
const TWILIO: [&str; 4] = ["21211", "21614", "30005", "30006"];
/// "Number is no longer active and should be removed from your database", and barred, of which it says the same:
/// <https://api.support.vonage.com/hc/en-us/articles/204014733>.
const VONAGE: [&str; 4] = ["failed-3", "rejected-3", "failed-4", "rejected-4"];
/// <https://www.infobip.com/docs/developer-resources/api-fundamentals/error-code-reference>.
const INFOBIP: [&str; 1] = ["EC_UNKNOWN_SUBSCRIBER"];
/// メディアSMS's statuses 5 and 17 as they are worded here, and its result 560.
const MEDIA_SMS: [&str; 3] = ["number not in use", "invalid number", "560"];
/// 絶対リーチ!SMS's detailed statuses that end in 732, as they are worded here.
const ZETTAI_REACH: &str = "number not in use";
/// What the sandbox says when it is told to.
const SANDBOX: &str = "no_such_number";

impl SmsProvider {
    /// Whether a refusal, or why a message was not delivered, says that the number is none, or none any longer.
    pub fn is_gone(&self, why: &str) -> bool {
        match self {
            Self::Twilio(_) => TWILIO.contains(&why),
            Self::Vonage(_) => VONAGE.contains(&why),
            Self::Infobip(_) => INFOBIP.contains(&why),
            Self::MediaSms(_) => MEDIA_SMS.contains(&why),
            Self::ZettaiReach(_) => why.contains(ZETTAI_REACH),
            Self::Sandbox(_) => why == SANDBOX,
            // What AWS and the settings of a generic provider name comes as such.
            Self::Aws(_) | Self::Generic(_) | Self::Cm(_) | Self::Karaden(_) => false,
        }
    }

    /// A receipt that names a number as gone says so.
    pub(crate) fn judged(&self, notice: Notice) -> Notice {
        match notice {
            Notice::Receipt {
                reference,
                status: ReceiptStatus::Undelivered { reason },
                at,
                parts,
                price,
            } if self.is_gone(&reason) => {
                Notice::Receipt { reference, status: ReceiptStatus::Invalid { reason }, at, parts, price }
            }
            Notice::Receipt { .. }
            | Notice::Reply { .. }
            | Notice::EmailReply { .. }
            | Notice::Line { .. }
            | Notice::Complaint { .. }
            | Notice::OptOut { .. }
            | Notice::Open { .. } => notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use cloud::config::Vars;
    use domain::time::Timestamp;
    use http::{HeaderMap, Method};
    use serde_json::json;

    use super::*;
    use crate::fake::{CALLBACK, SEGMENT, account};
    use crate::post::Post;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    fn open(name: &str) -> SmsProvider {
        let sid = "AC0123456789abcdef0123456789abcdef";
        let settings = [
            ("account_sid", sid),
            ("sender", "Shop"),
            ("client_id", "1"),
            ("sms_code", "512345"),
            ("username", "shop"),
            ("service_id", "1"),
            ("tenant_id", "1"),
        ];
        let secrets = [
            ("token", "t"),
            ("key", "k"),
            ("api_key", "k"),
            ("api_secret", "s"),
            ("password", "p"),
            ("secret", "s"),
        ];
        SmsProvider::open(name, &account("http://127.0.0.1:1", &settings, &secrets), &Vars::new(|_| None))
            .unwrap()
    }

    /// What a provider's post of one JSON object or form comes to.
    fn read(provider: &str, content: &str, body: &str) -> Vec<Notice> {
        let headers = HeaderMap::from_iter([("content-type".parse().unwrap(), content.parse().unwrap())]);
        let post = Post {
            method: &Method::POST,
            url: CALLBACK,
            segment: Some(SEGMENT),
            headers: &headers,
            body: body.as_bytes(),
        };
        open(provider).notices(&post, NOW).unwrap()
    }

    fn statuses(notices: &[Notice]) -> Vec<&ReceiptStatus> {
        let receipts = notices.iter().filter_map(|notice| match notice {
            Notice::Receipt { status, .. } => Some(status),
            Notice::Reply { .. }
            | Notice::EmailReply { .. }
            | Notice::Line { .. }
            | Notice::Complaint { .. }
            | Notice::OptOut { .. }
            | Notice::Open { .. } => None,
        });
        receipts.collect()
    }

    #[test]
    fn each_provider_documents_its_own_codes() {
        for (provider, gone, passing) in [
            ("twilio", &["21211", "21614", "30005", "30006"][..], &["30003", "30008", "21610", "failed"][..]),
            ("infobip", &["EC_UNKNOWN_SUBSCRIBER"], &["EC_ABSENT_SUBSCRIBER", "REJECTED_DESTINATION"]),
            ("media-sms", &["number not in use", "invalid number", "560"], &["docomo: unreachable", "585"]),
            ("zettai-reach", &["docomo: number not in use (31732)"], &["docomo: unreachable (31824)"]),
        ] {
            let provider = open(provider);
            assert!(gone.iter().all(|why| provider.is_gone(why)), "{provider:?}");
            assert!(!passing.iter().any(|why| provider.is_gone(why)), "{provider:?}");
        }
    }

    #[test]
    fn a_receipt_of_a_number_that_is_gone_says_so() {
        let results = |error: &str| {
            json!({ "results": [{
                "messageId": "k3Jd02aB9xYz", "status": { "groupName": "UNDELIVERABLE", "name": "UNDELIVERABLE_NOT_DELIVERED" },
                "error": { "name": error }, "messageCount": 1,
            }] })
            .to_string()
        };
        let gone = read("infobip", "application/json", &results("EC_UNKNOWN_SUBSCRIBER"));
        let invalid = ReceiptStatus::Invalid { reason: "EC_UNKNOWN_SUBSCRIBER".to_owned() };
        assert_eq!(statuses(&gone), [&invalid]);
        let absent = read("infobip", "application/json", &results("EC_ABSENT_SUBSCRIBER"));
        let undelivered = ReceiptStatus::Undelivered { reason: "EC_ABSENT_SUBSCRIBER".to_owned() };
        assert_eq!(statuses(&absent), [&undelivered]);
    }
}
