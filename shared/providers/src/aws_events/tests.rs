//! Events in the shapes that AWS documents, in files: `fixtures/sms.json` and `fixtures/ses.json`, without the envelope.

use domain::tariff::Price;
use serde_json::json;

use super::*;
use crate::receipts::ReceiptStatus;

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);
/// When the events of the files happened.
const AT: Timestamp = Timestamp::from_seconds(1_794_999_000);
const REFERENCE: &str = "k3Jd02aB9xYz";

fn sms() -> Value {
    serde_json::from_str(include_str!("fixtures/sms.json")).unwrap()
}

/// One of SES's events by its type.
fn ses(kind: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("fixtures/ses.json")).unwrap();
    let mut event = all[kind].clone();
    event["eventType"] = json!(kind);
    event["mail"] = all["mail"].clone();
    event
}

fn on_bus(source: &str, kind: &str, detail: &Value) -> Result<Vec<Notice>, ReceiptError> {
    let event = json!({
        "version": "0", "id": "1", "detail-type": kind, "source": source, "account": "123456789012",
        "time": "2026-11-18T11:06:40Z", "region": "ap-northeast-1", "resources": [], "detail": detail,
    });
    from_bus(&event, NOW)
}

/// What both ways tell, which is the same.
fn told(source: &str, kind: &str, detail: &Value) -> Vec<Notice> {
    let notices = on_bus(source, kind, detail).unwrap();
    assert_eq!(from_topic(&detail.to_string(), "m-1", NOW), Ok(notices.clone()), "{detail}");
    notices
}

fn receipt(status: ReceiptStatus, parts: Option<u32>) -> Vec<Notice> {
    let price = parts.and_then(|_| Price::read(0.1484, "USD"));
    vec![Notice::Receipt { reference: REFERENCE.to_owned(), status, at: AT, parts, price }]
}

fn undelivered(reason: &str) -> ReceiptStatus {
    ReceiptStatus::Undelivered { reason: reason.to_owned() }
}

#[test]
fn every_type_of_an_sms_event() {
    let expected = |kind: &str| match kind {
        "TEXT_DELIVERED" | "TEXT_SUCCESSFUL" => receipt(ReceiptStatus::Delivered, Some(2)),
        "TEXT_INVALID" => receipt(ReceiptStatus::Invalid { reason: "TEXT_INVALID".to_owned() }, Some(2)),
        "TEXT_QUEUED" | "TEXT_PENDING" | "TEXT_SENT" | "TEXT_UNKNOWN" | "TEXT_FUTURE" => Vec::new(),
        kind => receipt(undelivered(kind), Some(2)),
    };
    for kind in [
        "TEXT_DELIVERED",
        "TEXT_SUCCESSFUL",
        "TEXT_QUEUED",
        "TEXT_PENDING",
        "TEXT_SENT",
        "TEXT_INVALID",
        "TEXT_INVALID_MESSAGE",
        "TEXT_UNREACHABLE",
        "TEXT_CARRIER_UNREACHABLE",
        "TEXT_BLOCKED",
        "TEXT_CARRIER_BLOCKED",
        "TEXT_SPAM",
        "TEXT_UNKNOWN",
        "TEXT_TTL_EXPIRED",
        "TEXT_PROTECT_BLOCKED",
        "TEXT_FUTURE",
    ] {
        let mut event = sms();
        event["eventType"] = json!(kind);
        assert_eq!(told("aws.sms-voice", sms_voice::STATUS, &event), expected(kind), "{kind}");
        event["isFinal"] = json!(false);
        assert_eq!(told("aws.sms-voice", sms_voice::STATUS, &event), [], "{kind} is not final");
    }
}

#[test]
fn messages_of_others_in_the_account_are_none_of_ours() {
    let mut event = sms();
    event["context"] = json!({ "account": "bar" });
    assert_eq!(told("aws.sms-voice", sms_voice::STATUS, &event), []);
    event.as_object_mut().unwrap().remove("context");
    assert_eq!(told("aws.sms-voice", sms_voice::STATUS, &event), []);
    let mut event = ses("Bounce");
    event["mail"]["tags"] = json!({ "ses:from-domain": ["example.jp"] });
    assert_eq!(told("aws.ses", "Email Bounced", &event), []);
    let voice = "Voice Message Delivery Status Updated";
    assert_eq!(on_bus("aws.sms-voice", voice, &sms()), Ok(Vec::new()));
    assert_eq!(on_bus("aws.health", "Anything", &sms()), Ok(Vec::new()));
}

#[test]
fn every_type_of_an_e_mail_event() {
    let reference = REFERENCE.to_owned();
    let cases = [
        ("Delivery", receipt(ReceiptStatus::Delivered, None)),
        ("Bounce", receipt(ReceiptStatus::Bounced { permanent: true }, None)),
        ("Complaint", vec![Notice::Complaint { reference: reference.clone(), at: AT }]),
        ("Open", vec![Notice::Open { reference: reference.clone(), at: AT }]),
        ("Subscription", vec![Notice::OptOut { reference: reference.clone(), at: AT }]),
        ("Send", Vec::new()),
        ("DeliveryDelay", Vec::new()),
        ("Click", Vec::new()),
    ];
    for (kind, expected) in cases {
        assert_eq!(told("aws.ses", "Email", &ses(kind)), expected, "{kind}");
    }
    // They name no instant of their own.
    for (kind, reason) in [("Reject", "rejected"), ("Rendering Failure", "rendering-failure")] {
        let status = undelivered(reason);
        let expected =
            Notice::Receipt { reference: reference.clone(), status, at: NOW, parts: None, price: None };
        assert_eq!(told("aws.ses", "Email", &ses(kind)), [expected], "{kind}");
    }
}

#[test]
fn bounces_that_pass_do_not_suppress() {
    for kind in ["Transient", "Undetermined"] {
        let mut event = ses("Bounce");
        event["bounce"]["bounceType"] = json!(kind);
        let expected = receipt(ReceiptStatus::Bounced { permanent: false }, None);
        assert_eq!(told("aws.ses", "Email Bounced", &event), expected, "{kind}");
    }
}

#[test]
fn out_of_the_spam_folder_is_no_complaint() {
    let mut event = ses("Complaint");
    event["complaint"]["complaintFeedbackType"] = json!("not-spam");
    assert_eq!(told("aws.ses", "Email Complaint Received", &event), []);
    event["complaint"].as_object_mut().unwrap().remove("complaintFeedbackType");
    assert_eq!(told("aws.ses", "Email Complaint Received", &event).len(), 1);
}

#[test]
fn only_who_leaves_a_list_opts_out() {
    let topics = |news: &str, sale: &str, all: bool| {
        json!({ "unsubscribeAll": all, "topicSubscriptionStatus": [
        { "topicName": "news", "subscriptionStatus": news }, { "topicName": "sale", "subscriptionStatus": sale },
    ] })
    };
    let cases = [
        (topics("OptIn", "OptIn", false), topics("OptOut", "OptIn", false), true),
        (topics("OptIn", "OptIn", false), topics("OptIn", "OptIn", true), true),
        (topics("OptOut", "OptIn", false), topics("OptOut", "OptOut", false), true),
        (topics("OptOut", "OptOut", true), topics("OptIn", "OptOut", false), false),
        (topics("OptIn", "OptIn", false), topics("OptIn", "OptIn", false), false),
    ];
    for (before, after, left) in cases {
        let mut event = ses("Subscription");
        event["subscription"]["oldTopicPreferences"] = before;
        event["subscription"]["newTopicPreferences"] = after;
        assert_eq!(told("aws.ses", "Email Subscribed", &event).len(), usize::from(left), "{event}");
    }
}

/// What an identity's own feedback is called, which SES posts without a configuration set.
#[test]
fn feedback_has_another_name_for_its_type() {
    let mut event = ses("Bounce");
    event["notificationType"] = event["eventType"].take();
    assert_eq!(told("aws.ses", "Email", &event), receipt(ReceiptStatus::Bounced { permanent: true }, None));
}

#[test]
fn a_person_answers() {
    let message = json!({
        "originationNumber": "+819012345678", "destinationNumber": "000512345", "messageKeyword": "KEYWORD_000512345",
        "messageBody": " はい ", "previousPublishedMessageId": "862a8790", "inboundMessageId": "cae173d2", "further": {},
    });
    let expected = Notice::Reply {
        from: "+819012345678".to_owned(),
        to_reference: None,
        text: " はい ".to_owned(),
        at: NOW,
        id: "cae173d2".to_owned(),
    };
    assert_eq!(from_topic(&message.to_string(), "m-1", NOW), Ok(vec![expected]));
}

#[test]
fn a_text_that_is_no_event_tells_nothing() {
    for text in ["Successfully validated SNS topic for Amazon SES event publishing.", "{}", "[]", "7"] {
        assert_eq!(from_topic(text, "m-1", NOW), Ok(Vec::new()), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_placed_and_not_quoted() {
    let malformed = |place: &str| Err(ReceiptError::Malformed { place: place.to_owned() });
    let mut event = sms();
    event["totalMessageParts"] = json!("many");
    assert_eq!(on_bus("aws.sms-voice", sms_voice::STATUS, &event), malformed("/detail/totalMessageParts"));
    let mut event = ses("Bounce");
    event["bounce"] = json!({});
    assert_eq!(on_bus("aws.ses", "Email Bounced", &event), malformed("/detail/bounce/bounceType"));
    assert_eq!(from_topic(&event.to_string(), "m-1", NOW), malformed("/Message/bounce/bounceType"));
    assert_eq!(from_bus(&json!({ "source": "aws.ses" }), NOW), malformed("/detail-type"));
}
