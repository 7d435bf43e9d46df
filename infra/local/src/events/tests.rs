use std::sync::Mutex;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use super::*;
use crate::region::tests::Bench;

fn entry(detail_type: &str, detail: &str) -> PutEventsRequestEntry {
    let entry = PutEventsRequestEntry::builder().source("tsunagi").detail_type(detail_type);
    entry.detail(detail).event_bus_name("main").build()
}

fn rule(pattern: Value) -> Rule {
    Rule { name: "r".to_owned(), bus: "main".to_owned(), pattern, targets: vec!["publish".to_owned()] }
}

#[tokio::test]
async fn what_matches_a_rule_reaches_its_targets() {
    let bench = Bench::new();
    let delivered = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&delivered);
    let sink: Sink = Arc::new(move |target, envelope| {
        taken.lock().unwrap().push((target, envelope));
        Box::pin(async { Ok(()) })
    });
    let pattern = json!({"source": ["tsunagi"], "detail": {"segment": ["loyal"]}});
    bench.region.bus().wire(vec![rule(pattern)], sink).unwrap();

    let client = aws_sdk_eventbridge::Client::new(&bench.region.sdk_config("advance"));
    let put = client
        .put_events()
        .entries(entry("customer.entered", r#"{"segment":"loyal"}"#))
        .entries(entry("customer.entered", r#"{"segment":"drifting"}"#))
        .entries(entry("customer.entered", "not JSON"))
        .entries(PutEventsRequestEntry::builder().source("tsunagi").detail("{}").build());
    let answer = put.send().await.unwrap();
    assert_eq!(answer.failed_entry_count(), 2);
    let codes: Vec<_> = answer.entries().iter().map(|entry| entry.error_code()).collect();
    assert_eq!(codes, [None, None, Some("MalformedDetail"), Some("InvalidArgument")]);
    assert_eq!(bench.region.bus().unmatched(), 1);
    assert_eq!(bench.region.meter().snapshot().0["advance"].events, 4);

    let delivered = delivered.lock().unwrap();
    let expected = json!({
        "version": "0", "id": answer.entries()[0].event_id(), "detail-type": "customer.entered",
        "source": "tsunagi", "account": "000000000000", "time": "2027-01-15T08:00:00Z",
        "region": "ap-northeast-1", "resources": [], "detail": {"segment": "loyal"},
    });
    assert_eq!(*delivered, [("publish".to_owned(), expected)]);
}

#[tokio::test]
async fn an_entry_that_its_target_refuses_is_reported() {
    let bench = Bench::new();
    let sink: Sink = Arc::new(|_, _| Box::pin(async { anyhow::bail!("full") }));
    bench.region.bus().wire(vec![rule(json!({"source": ["tsunagi"]}))], sink).unwrap();
    let client = aws_sdk_eventbridge::Client::new(&bench.region.sdk_config("advance"));
    let answer = client.put_events().entries(entry("x", "{}")).send().await.unwrap();
    assert_eq!(answer.entries()[0].error_message(), Some("publish: full"));
}

#[tokio::test]
async fn a_request_holds_ten_entries() {
    let bench = Bench::new();
    let client = aws_sdk_eventbridge::Client::new(&bench.region.sdk_config("advance"));
    let eleven = vec![entry("x", "{}"); 11];
    let error = client.put_events().set_entries(Some(eleven)).send().await.unwrap_err();
    let code = aws_sdk_eventbridge::error::ProvideErrorMetadata::code(&error);
    assert_eq!(code, Some("ValidationException"));
}

#[test]
fn a_rule_that_is_not_understood_is_refused_by_name() {
    let bus = Bus::new(Clock::system());
    let sink: Sink = Arc::new(|_, _| Box::pin(async { Ok(()) }));
    let error = bus.wire(vec![rule(json!({"detail": {"n": [{"numeric": [">", 0]}]}}))], sink).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.starts_with("event rule r: in \"detail\": \"n\": "), "{text}");
}
