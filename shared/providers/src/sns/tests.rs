//! Posts signed as SNS signs them, against a server that stands for it. `fixtures/reply.json` is one whole, of version 1;
//! version 2 is signed here, by the same key.

use http::{HeaderMap, Method};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use super::*;
use crate::fake::{Fake, account};

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);
const TOPIC: &str = "arn:aws:sns:ap-northeast-1:123456789012:replies";
const PEM: &str = include_str!("fixtures/certificate.pem");
const EXPIRED: &str = include_str!("fixtures/expired.pem");
const REPLY: &str = include_str!("fixtures/reply.json");
const KEY: &[u8] = include_bytes!("fixtures/key.pkcs8");

/// SNS at another address.
fn sns(url: &str) -> Sns {
    Sns::new(&account(url, &[("topics", TOPIC), ("sns_url", url)], &[])).unwrap()
}

fn reply(url: &str) -> Value {
    let mut reply: Value = serde_json::from_str(REPLY).unwrap();
    reply["SigningCertURL"] = json!(format!("{url}/SimpleNotificationService-1.pem"));
    reply
}

fn opted_out() -> Vec<Notice> {
    vec![Notice::Reply {
        from: "+819012345678".to_owned(),
        to_reference: None,
        text: "停止".to_owned(),
        at: NOW.plus(-20),
        id: "cae173d2-66b9-564c-8309-21f858e9fb84".to_owned(),
    }]
}

/// A post of version 2, signed.
fn signed(url: &str, fields: Value) -> Value {
    let mut post = json!({
        "MessageId": "m-1", "TopicArn": TOPIC, "Message": "{}", "Timestamp": "2026-11-18T11:06:20.000Z",
        "SignatureVersion": "2", "SigningCertURL": format!("{url}/SimpleNotificationService-1.pem"),
    });
    let Value::Object(fields) = fields else { panic!("fields") };
    post.as_object_mut().unwrap().extend(fields);
    let keys = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
    let text = keys.iter().filter_map(|key| Some(format!("{key}\n{}\n", post.get(*key)?.as_str()?)));
    let text: String = text.collect();
    let key = RsaKeyPair::from_pkcs8(KEY).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    post["Signature"] = json!(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature));
    post
}

async fn posted_at(sns: &Sns, post: &Value, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
    let (method, headers, body) = (Method::POST, HeaderMap::new(), post.to_string());
    let post = Post { method: &method, url: "", segment: None, headers: &headers, body: body.as_bytes() };
    sns.notices(&post, now).await
}

async fn posted(sns: &Sns, post: &Value) -> Result<Vec<Notice>, ReceiptError> {
    posted_at(sns, post, NOW).await
}

#[tokio::test]
async fn both_versions_are_read_and_the_certificate_is_fetched_once() {
    let fake = Fake::answering(200, PEM).await;
    let sns = sns(&fake.url);
    assert_eq!(posted(&sns, &reply(&fake.url)).await, Ok(opted_out()));
    let detail = json!({
        "eventType": "Bounce", "bounce": { "bounceType": "Permanent", "timestamp": "2026-11-18T11:00:00.000Z" },
        "mail": { "tags": { "code": ["k3Jd02aB9xYz"] } },
    });
    let bounce = json!({ "Type": "Notification", "Subject": "Amazon SES", "Message": detail.to_string() });
    let notices = posted(&sns, &signed(&fake.url, bounce)).await.unwrap();
    assert!(matches!(&notices[..], [Notice::Receipt { reference, .. }] if reference == "k3Jd02aB9xYz"));
    assert_eq!(fake.once().uri, "/SimpleNotificationService-1.pem");
}

#[tokio::test]
async fn what_was_changed_is_forged() {
    let fake = Fake::answering(200, PEM).await;
    let sns = sns(&fake.url);
    let changes = [
        ("Message", json!("{}")),
        ("MessageId", json!("another")),
        ("Timestamp", json!("2026-11-18T11:06:21.000Z")),
        ("Subject", json!("added")),
        ("Type", json!("UnsubscribeConfirmation")),
        ("SignatureVersion", json!("2")),
        ("SignatureVersion", json!("3")),
        ("Signature", json!("AAAA")),
        ("Signature", json!("not base64!")),
        ("SigningCertURL", Value::Null),
    ];
    for (field, value) in changes {
        let mut post = reply(&fake.url);
        post[field] = value.clone();
        post["SubscribeURL"] = json!("https://sns.ap-northeast-1.amazonaws.com/");
        post["Token"] = json!("t");
        assert_eq!(posted(&sns, &post).await, Err(ReceiptError::Forged), "{field} {value}");
    }
    let (method, headers) = (Method::POST, HeaderMap::new());
    let post = Post { method: &method, url: "", segment: None, headers: &headers, body: b"no JSON" };
    assert_eq!(sns.notices(&post, NOW).await, Err(ReceiptError::Forged));
}

/// A stranger's topic signs as validly as ours.
#[tokio::test]
async fn only_topics_that_are_listed_may_post() {
    let fake = Fake::answering(200, PEM).await;
    let strangers =
        json!({ "Type": "Notification", "TopicArn": "arn:aws:sns:ap-northeast-1:999999999999:replies" });
    let post = signed(&fake.url, strangers);
    assert_eq!(posted(&sns(&fake.url), &post).await, Err(ReceiptError::Forged));
    let none = Sns::new(&account(&fake.url, &[("sns_url", &fake.url)], &[])).unwrap();
    assert_eq!(posted(&none, &reply(&fake.url)).await, Err(ReceiptError::Forged));
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn certificates_come_from_the_topics_own_sns_alone() {
    let fake = Fake::answering(200, PEM).await;
    let other = Fake::answering(200, PEM).await;
    let sns_there = sns(&fake.url);
    for url in [format!("{}/a.pem", other.url), format!("{}/a.txt", fake.url), String::new()] {
        let mut post = reply(&fake.url);
        post["SigningCertURL"] = json!(url);
        assert_eq!(posted(&sns_there, &post).await, Err(ReceiptError::Forged), "{url}");
    }
    assert!(fake.asked().is_empty() && other.asked().is_empty());
}

#[test]
fn the_host_of_a_topic_is_known_letter_by_letter() {
    let topic = Topic::of(TOPIC, None).unwrap();
    let good = "https://sns.ap-northeast-1.amazonaws.com/SimpleNotificationService-1.pem";
    assert!(topic.own(good).is_some());
    for url in [
        "http://sns.ap-northeast-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.s3-us-west-2.amazonaws.com/a.pem",
        "https://sns.ap-northeast-1.amazonaws.com.evil.example/a.pem",
        "https://sns.ap-northeast-1.amazonaws.com.cn/a.pem",
        "https://evil.example/sns.ap-northeast-1.amazonaws.com/a.pem",
        "https://sns.ap-northeast-1.amazonaws.com:8443/a.pem",
        "https://sns.ap-northeast-1.amazonaws.com@evil.example/a.pem",
        "https://me@sns.ap-northeast-1.amazonaws.com/a.pem",
        "//sns.ap-northeast-1.amazonaws.com/a.pem",
    ] {
        assert!(topic.own(url).is_none(), "{url}");
    }
    let china = Topic::of("arn:aws-cn:sns:cn-north-1:123456789012:replies", None).unwrap();
    assert!(china.own("https://sns.cn-north-1.amazonaws.com.cn/a.pem").is_some());
    assert!(china.own("https://sns.cn-north-1.amazonaws.com/a.pem").is_none());
    for arn in [
        "replies",
        "arn:aws:sqs:ap-northeast-1:123456789012:replies",
        "arn:aws:sns:evil.example/:123456789012:replies",
        "arn:aws:sns:ap-northeast-1:123456789012:",
        "arn:aws:sns:ap-northeast-1:123456789012:replies:2bcfbf39",
        "arn:else:sns:ap-northeast-1:123456789012:replies",
    ] {
        assert!(Topic::of(arn, None).is_none(), "{arn}");
        let error = Sns::new(&account("https://a.example", &[("topics", arn)], &[])).unwrap_err();
        assert_eq!(error.place, "settings.topics", "{arn}");
    }
    let error = Sns::new(&account("https://a.example", &[("sns_url", "http://a.example")], &[])).unwrap_err();
    assert_eq!(error.place, "settings.sns_url");
}

/// SNS posts the same for an hour, with the timestamp of the first time.
#[tokio::test]
async fn an_hour_and_five_minutes_are_not_stale_and_a_second_more_is() {
    let fake = Fake::answering(200, PEM).await;
    let (sns, post) = (sns(&fake.url), reply(&fake.url));
    let published = NOW.plus(-20);
    for (age, expected) in [(3900, true), (3901, false), (-300, true), (-301, false)] {
        let result = posted_at(&sns, &post, published.plus(age)).await;
        let wanted = if expected { Ok(opted_out()) } else { Err(ReceiptError::Stale) };
        assert_eq!(result, wanted, "{age}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_over_signs_nothing() {
    let fake = Fake::answering(200, EXPIRED).await;
    assert_eq!(posted(&sns(&fake.url), &reply(&fake.url)).await, Err(ReceiptError::Forged));
}

#[tokio::test]
async fn a_certificate_that_cannot_be_had_proves_nothing() {
    let later = Err(ReceiptError::Later { reason: "the certificate of SNS could not be fetched" });
    for (status, body) in [(503, PEM), (404, ""), (200, "no certificate")] {
        let fake = Fake::answering(status, body).await;
        let sns = sns(&fake.url);
        assert_eq!(posted(&sns, &reply(&fake.url)).await, later, "{status}");
        assert_eq!(posted(&sns, &reply(&fake.url)).await, later, "{status}");
        assert_eq!(fake.asked().len(), 2, "a failure is not kept");
    }
    assert_eq!(posted(&sns("http://127.0.0.1:9"), &reply("http://127.0.0.1:9")).await, later);
}

#[tokio::test]
async fn a_listed_topic_is_confirmed_by_asking_for_its_address() {
    let fake = Fake::answering(200, PEM).await;
    let sns = sns(&fake.url);
    let confirming = |url: &str| {
        signed(&fake.url, json!({ "Type": "SubscriptionConfirmation", "SubscribeURL": url, "Token": "t-1" }))
    };
    let path = format!("/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t-1");
    assert_eq!(posted(&sns, &confirming(&format!("{}{path}", fake.url))).await, Ok(Vec::new()));
    let asked: Vec<String> = fake.asked().into_iter().map(|asked| asked.uri).collect();
    assert_eq!(asked, ["/SimpleNotificationService-1.pem".to_owned(), path.clone()]);

    let malformed = Err(ReceiptError::Malformed { place: "/SubscribeURL".to_owned() });
    let elsewhere = Fake::answering(200, PEM).await;
    for url in [
        format!("{}{path}", elsewhere.url),
        format!("{}/?Action=DeleteTopic&TopicArn={TOPIC}", fake.url),
        format!("{}/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:1:x", fake.url),
    ] {
        assert_eq!(posted(&sns, &confirming(&url)).await, malformed, "{url}");
    }
    assert_eq!((fake.asked().len(), elsewhere.asked().len()), (2, 0));
}

/// What is not signed has no address asked for.
#[tokio::test]
async fn a_forged_confirmation_is_not_followed() {
    let fake = Fake::answering(200, PEM).await;
    let path = format!("/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t-1");
    let url = format!("{}{path}", fake.url);
    let mut post =
        signed(&fake.url, json!({ "Type": "SubscriptionConfirmation", "SubscribeURL": url, "Token": "t-1" }));
    post["Token"] = json!("t-2");
    assert_eq!(posted(&sns(&fake.url), &post).await, Err(ReceiptError::Forged));
    assert_eq!(fake.once().uri, "/SimpleNotificationService-1.pem");
}

#[tokio::test]
async fn an_unsubscription_is_only_told_of() {
    let fake = Fake::answering(200, PEM).await;
    let url = format!("{}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t-1", fake.url);
    let post =
        signed(&fake.url, json!({ "Type": "UnsubscribeConfirmation", "SubscribeURL": url, "Token": "t-1" }));
    assert_eq!(posted(&sns(&fake.url), &post).await, Ok(Vec::new()));
    assert_eq!(fake.once().uri, "/SimpleNotificationService-1.pem");
}
