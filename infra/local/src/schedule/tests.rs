use super::*;

fn times(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(expression, zone).unwrap();
    let mut at = Timestamp::parse(after).unwrap();
    let mut times = Vec::new();
    for _ in 0..count {
        let Some(next) = schedule.next(at) else { break };
        times.push(next.to_string());
        at = next;
    }
    times
}

/// The examples of `EventBridge`'s documentation among them.
#[test]
fn expressions_mean_what_eventbridge_says() {
    let table: [(&str, &[&str]); 8] = [
        ("cron(0 3 * * ? *)", &["2026-11-21T18:00:00Z", "2026-11-22T18:00:00Z"]),
        ("cron(15 12 * * ? *)", &["2026-11-21T03:15:00Z", "2026-11-22T03:15:00Z"]),
        // 2026-11-23 is a Monday.
        ("cron(0 18 ? * MON-FRI *)", &["2026-11-23T09:00:00Z", "2026-11-24T09:00:00Z"]),
        ("cron(0 18 ? * 2-6 *)", &["2026-11-23T09:00:00Z", "2026-11-24T09:00:00Z"]),
        ("cron(0 8 1 * ? *)", &["2026-11-30T23:00:00Z", "2026-12-31T23:00:00Z"]),
        ("cron(0/10 * ? * MON-FRI *)", &["2026-11-22T15:00:00Z", "2026-11-22T15:10:00Z"]),
        ("cron(15 10 ? * 6L 2026-2028)", &["2026-11-27T01:15:00Z", "2026-12-25T01:15:00Z"]),
        ("cron(0 3 29 2 ? 2026)", &[]),
    ];
    for (expression, expected) in table {
        // Saturday noon in Japan.
        let found = times(expression, "Asia/Tokyo", "2026-11-21T12:00:00+09:00", 2);
        assert_eq!(found, expected, "{expression}");
    }
    assert_eq!(times("rate(5 minutes)", "UTC", "2026-11-21T00:00:00Z", 1), ["2026-11-21T00:05:00Z"]);
    assert_eq!(times("rate(1 day)", "UTC", "2026-11-21T00:00:00Z", 1), ["2026-11-22T00:00:00Z"]);
}

/// 2026-03-08 has no 02:30 in New York, and 2026-11-01 two of 01:30.
#[test]
fn clocks_that_are_put_on_skip_and_clocks_that_are_put_back_repeat_nothing() {
    let zone = "America/New_York";
    assert_eq!(
        times("cron(30 2 * * ? *)", zone, "2026-03-07T00:00:00-05:00", 2),
        ["2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z"]
    );
    assert_eq!(
        times("cron(0/30 1 * * ? *)", zone, "2026-11-01T00:00:00-04:00", 3),
        ["2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:00:00Z"]
    );
}

#[test]
fn what_eventbridge_refuses_is_refused_with_its_remedy() {
    let cases = [
        ("every day", "UTC"),
        ("rate(0 minutes)", "UTC"),
        ("rate(5 weeks)", "UTC"),
        ("cron(0 3 * * ?)", "UTC"),
        ("cron(0 3 * * * *)", "UTC"),
        ("cron(0 3 ? * ? *)", "UTC"),
        ("cron(0 25 * * ? *)", "UTC"),
        ("cron(0 3 * * ? *)", "Asia/Tokio"),
    ];
    let errors: Vec<String> =
        cases.iter().map(|(text, zone)| Schedule::parse(text, zone).unwrap_err().problem).collect();
    insta::assert_snapshot!(errors.join("\n"), @r#"
    the schedule "every day" is not known
    the rate "0 minutes" does not read
    the rate "5 weeks" does not read
    the schedule cron(0 3 * * ?) does not read: 5 fields, not six
    the schedule cron(0 3 * * * *) does not read: one of the days must be ?, and the other not
    the schedule cron(0 3 ? * ? *) does not read: one of the days must be ?, and the other not
    the schedule cron(0 25 * * ? *) does not read: Component error: Number out of bounds.
    Asia/Tokio is no time zone
    "#);
}
