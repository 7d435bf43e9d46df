//! Whole files through [`stream`] and [`file`].

use std::cell::RefCell;
use std::fs;

use super::*;

/// 2026-11-24T00:00:00Z
const NOW: Timestamp = Timestamp::from_seconds(1_795_478_400);

struct Outcome {
    calls: Vec<Value>,
    summary: Summary,
    rejected: Option<String>,
}

fn import(kind: Kind, text: impl AsRef<[u8]>) -> Result<Outcome, String> {
    let folder = tempfile::tempdir().unwrap();
    let rejected = folder.path().join("f.rejected.csv");
    let import = Import { kind, name: "f.csv".to_owned(), rejected: rejected.clone(), now: NOW };
    let calls = RefCell::new(Vec::new());
    let deliver = |batch: Vec<Value>, _| {
        calls.borrow_mut().extend(batch);
        Ok(())
    };
    let summary = stream(&import, text.as_ref(), |_| (), deliver).map_err(|e| format!("{e:#}"))?;
    Ok(Outcome { calls: calls.into_inner(), summary, rejected: fs::read_to_string(rejected).ok() })
}

/// The reason for which the only row of a file is rejected.
fn reason(kind: Kind, text: &str) -> String {
    let outcome = import(kind, text).unwrap();
    assert_eq!((outcome.summary.taken, outcome.summary.rejected), (0, 1), "{text}");
    outcome.summary.reasons.concat()
}

#[test]
fn a_good_file_of_customers() {
    let text = "\u{feff}ID,name,phone,email,birthday,prefecture,sms_consent,email_consent,consent_at,会員ランク\r\n\
        7,佐藤 花子,090-1234-5678,hanako@example.jp,1965/3/9,東京都,はい,no,2020/1/2,ゴールド\r\n\
        8,,090-0000-0000,,,,,,,\r\n";
    let Outcome { calls, summary, rejected } = import(Kind::Customers, text).unwrap();
    assert_eq!(summary, Summary { taken: 2, ..Summary::default() });
    assert_eq!(rejected, None);
    let expected = serde_json::json!([
        {
            "type": "identify", "userId": "7",
            "traits": {
                "name": "佐藤 花子", "phone": "090-1234-5678", "email": "hanako@example.jp",
                "birthday": "1965-03-09", "address": { "state": "東京都" }, "会員ランク": "ゴールド",
            },
        },
        {
            "type": "identify", "userId": "7", "timestamp": "2020-01-02T00:00:00+09:00",
            "traits": { "consents": { "sms": { "marketing": true }, "email": { "marketing": false } } },
        },
        { "type": "identify", "userId": "8", "traits": { "phone": "090-0000-0000" } },
    ]);
    assert_eq!(Value::from(calls), expected);
}

#[test]
fn a_consent_without_a_time_outranks_no_other_word() {
    let Outcome { calls, .. } =
        import(Kind::Customers, "id,sms_consent,consent_at\n1,はい,\n2,,2020/1/2\n").unwrap();
    assert_eq!(calls.len(), 3);
    assert_eq!((calls[0].get("timestamp"), calls[2].get("timestamp")), (None, None));
    assert_eq!(calls[1]["timestamp"], "1990-01-01T00:00:00Z");
    assert_eq!(calls[1]["traits"]["consents"]["sms"]["marketing"], true);
}

#[test]
fn a_refusal_without_a_time_counts_from_now() {
    let Outcome { calls, .. } = import(Kind::Customers, "id,sms_consent,email_consent\n1,no,yes\n").unwrap();
    let expected = serde_json::json!([
        { "type": "identify", "userId": "1", "traits": { "consents": { "sms": { "marketing": false } } } },
        {
            "type": "identify", "userId": "1", "timestamp": "1990-01-01T00:00:00Z",
            "traits": { "consents": { "email": { "marketing": true } } },
        },
    ]);
    assert_eq!(Value::from(calls), expected);
}

#[test]
fn a_good_file_of_orders() {
    let text = "order_id,customer_id,ordered_at,total,currency,memo\n\
        A1,7,2026-11-22T09:00:00+09:00,\"¥1,980\",JPY,x\nA2,7,2026/11/23 18:05,３００,,\n";
    let Outcome { calls, summary, .. } = import(Kind::Orders, text).unwrap();
    assert_eq!(
        summary.to_string(),
        "2 rows taken, 0 rows rejected\nf.csv: column `memo` in line 1 is not used"
    );
    assert_eq!(
        calls[1],
        serde_json::json!({
            "type": "track", "event": "Order Completed", "userId": "7",
            "messageId": message_id::message_id("order", "A2"), "timestamp": "2026-11-23T18:05:00+09:00",
            "properties": { "order_id": "A2", "total": 300, "currency": "JPY" },
        })
    );
    assert_eq!(calls[0]["properties"]["total"], 1_980);
}

#[test]
fn bad_customers() {
    let long = "長".repeat(1_001);
    let names: Vec<String> = (0..11).map(|n| format!("c{n}")).collect();
    let wide = format!(
        "id,{}
1{}
",
        names.join(","),
        format!(",{}", "長".repeat(1_000)).repeat(11)
    );
    let table = [
        ("id,name\n,佐藤\n", "2: id: missing; every row needs one"),
        (
            "id,phone\n1,090\n",
            "2: traits.phone: not a phone number; write it as 090-1234-5678 or +819012345678",
        ),
        ("id,phone,consent_at,sms_consent\n1,090-1234-5678,2027/1/2,はい\n", AHEAD),
        ("id,email\n1,me\n", "2: traits.email: not an e-mail address; write it as name@example.jp"),
        ("id,birthday\n1,1990/2/30\n", "2: birthday: not a date; write it as 1990-01-02 or 1990/1/2"),
        (
            "id,consent_at\n1,昨日\n",
            "2: consent_at: not a time; write it as 2026-11-22T09:00:00+09:00, 2026-11-22 9:00 or 2026/11/22",
        ),
        (
            "id,sms_consent\n1,たぶん\n",
            "2: sms_consent: neither yes nor no; write yes, true, 1 or はい, or no, false, 0 or いいえ",
        ),
        ("id,name\n1\n", "2: row: 1 cell; line 1 names 2 columns, quote a cell that has a comma in it"),
        (
            "id,name\n\n1,\"a\nb\",c\n",
            "3: row: 3 cells; line 1 names 2 columns, quote a cell that has a comma in it, \
             and check the quotation marks: the row spans several lines",
        ),
        (
            "id,name\n1,\"a\n2,b\n",
            "2: row: a quotation mark is open to the end of the file; close it, and double one inside a cell",
        ),
        (&format!("id,name\n1,{long}\n"), "2: name: 1001 characters; at most 1000"),
        (&wide, "2: row: a call of 33132 bytes; at most 32768"),
    ];
    for (text, expected) in table {
        assert_eq!(reason(Kind::Customers, text), format!("f.csv:{expected}"));
    }
}

const AHEAD: &str = "2: timestamp: 2027-01-01T15:00:00Z: more than 24 hours ahead of our clock (2026-11-24T00:00:00Z); \
                     check the sender's clock and zone";

#[test]
fn bad_orders() {
    let table = [
        (",7,2026-11-22,1", "order_id: missing; every row needs one"),
        ("A,,2026-11-22,1", "customer_id: missing; every row needs one"),
        (
            "A,7,22/11/2026,1",
            "ordered_at: not a time; write it as 2026-11-22T09:00:00+09:00, 2026-11-22 9:00 or 2026/11/22",
        ),
        ("A,7,2027/1/2,1", AHEAD.trim_start_matches("2: ")),
        (
            "A,7,1970/1/1,1",
            "timestamp: 1969-12-31T15:00:00Z: looks like an empty date; write an instant from 1990-01-01T00:00:00Z on, \
             or leave it out",
        ),
        ("A,7,2026-11-22,-1", "total: negative; leave returns out, an order is 0 yen or more"),
        ("A,7,2026-11-22,19.8", "total: not whole yen; write it as 1980, 1,980 or ¥1,980"),
    ];
    for (row, expected) in table {
        let text = format!("order_id,customer_id,ordered_at,total\n{row}\n");
        assert_eq!(reason(Kind::Orders, &text), format!("f.csv:2: {expected}"));
    }
    let dollars = "order_id,customer_id,ordered_at,total,currency\nA,7,2026-11-22,5,USD\n";
    assert_eq!(reason(Kind::Orders, dollars), "f.csv:2: currency: not JPY; totals are in yen");
}

#[test]
fn bad_files() {
    let table: [(Kind, &[u8], &str); 9] = [
        (Kind::Orders, b"", "f.csv: the file is empty; its first line names the columns"),
        (
            Kind::Orders,
            b"order_id,custmer_id,ordered_at,total\n",
            "f.csv: unknown column `custmer_id` in line 1: did you mean `customer_id`?",
        ),
        (
            Kind::Orders,
            b"order_id,customer_id,ordered_at,total,curency\n",
            "f.csv: unknown column `curency` in line 1: did you mean `currency`?",
        ),
        (
            Kind::Orders,
            b"order_id,customer_id,ordered_at\n",
            "f.csv: no column `total` in line 1; the columns are: order_id, customer_id, ordered_at, total, currency",
        ),
        (Kind::Customers, b"dd,name\n", "f.csv: unknown column `dd` in line 1: did you mean `id`?"),
        (Kind::Customers, b"id,x,X\n", "f.csv: column `X` is twice in line 1; rename one of them"),
        (
            Kind::Customers,
            b"id,address\n",
            "f.csv: column `address` in line 1 is where `prefecture` is kept; name it `street`, say",
        ),
        (
            Kind::Customers,
            b"id,name\r1,a\r2,b",
            "f.csv:1: the line breaks are CR alone; save the file with LF or CRLF",
        ),
        (
            Kind::Customers,
            b"id,name\n1,\x8d\xb2\n",
            "f.csv:2: byte 11 of the file (0x8d) is not UTF-8; save the file as CSV UTF-8",
        ),
    ];
    for (kind, text, expected) in table {
        assert_eq!(import(kind, text).err().as_deref(), Some(expected));
    }
}

#[test]
fn a_likely_slip_in_a_column_of_customers_is_a_warning() {
    let Outcome { calls, summary, .. } = import(Kind::Customers, "id,phnoe\n1,090-1234-5678\n").unwrap();
    assert_eq!(
        summary.warnings,
        ["f.csv: column `phnoe` in line 1 is kept as a trait: did you mean `phone`?"]
    );
    assert_eq!(calls[0]["traits"]["phnoe"], "090-1234-5678");
}

#[test]
fn the_rest_goes_on_and_rejected_rows_can_be_imported_again() {
    let text =
        "id,phone,name\r\n1,090-1234-5678,a\r\n2,x,b\r\n3,090-1234-5678,c,d\r\n4,090-1234-5678,e\r\n5\r\n";
    let first = import(Kind::Customers, text).unwrap();
    assert_eq!((first.summary.taken, first.summary.rejected), (2, 3));
    let rows = "row: 4 cells; line 1 names 3 columns, quote a cell that has a comma in it";
    let kept = first.rejected.unwrap();
    assert_eq!(
        kept,
        format!(
            "id,phone,name,line,reason\n\
             2,x,b,3,traits.phone: not a phone number; write it as 090-1234-5678 or +819012345678\n\
             3,090-1234-5678,\"c,d\",4,\"{rows}\"\n\
             5,,,6,\"{}\"\n",
            rows.replace("4 cells", "1 cell")
        )
    );
    let second = import(Kind::Customers, kept).unwrap();
    assert_eq!((second.summary.taken, second.summary.rejected), (2, 1));
    assert_eq!(second.calls[0]["traits"].as_object().unwrap().len(), 2, "line and reason are no traits");
    assert!(second.rejected.unwrap().starts_with("id,phone,name,line,reason\n2,x,b,2,traits.phone: not"));
}

#[test]
fn only_the_first_reasons_are_shown() {
    let text = format!("id\n{}", "x,y\n".repeat(7));
    let summary = import(Kind::Customers, text).unwrap().summary;
    assert_eq!((summary.rejected, summary.reasons.len()), (7, FIRST_REASONS));
    let text = summary.to_string();
    assert!(
        text.starts_with("0 rows taken, 7 rows rejected; see ") && text.ends_with("\n… and 2 more"),
        "{text}"
    );
}

#[test]
fn a_record_without_an_end_stops_the_import() {
    let mut text = "id,name\n1,a\n\n2,\"b\n".as_bytes().to_vec();
    text.extend(b"3,c\n".repeat(1_000_000));
    let problem =
        "the row is longer than 1 MB; close its quotation marks, and end every row with a line break";
    assert_eq!(import(Kind::Customers, &text).err(), Some(format!("f.csv:3: {problem}")));
    assert_eq!(import(Kind::Customers, b"x".repeat(2_000_000)).err(), Some(format!("f.csv:1: {problem}")));
}

#[test]
fn batches_keep_their_limits_and_name_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.csv");
    let rows = |count: usize, name: &str| {
        (0..count).map(|n| format!("{n},{name}\n")).fold("id,name\n".to_owned(), |all, row| all + &row)
    };
    for (text, batches) in [(rows(5_001, "a"), 3), (rows(2_000, &"長".repeat(300)), 4)] {
        fs::write(&path, &text).unwrap();
        let (mut sizes, mut next, mut read) = (Vec::new(), 2, 0);
        let deliver = |batch: Vec<Value>, lines: RangeInclusive<u64>| {
            assert_eq!(*lines.start(), next);
            assert_eq!(lines.count(), batch.len());
            next += batch.len() as u64;
            let bytes = serde_json::json!({ "batch": batch }).to_string().len();
            assert!(batch.len() <= 2_500 && bytes <= 500_000, "{bytes}");
            sizes.push(batch.len());
            Ok(())
        };
        let summary = file(Kind::Customers, &path, NOW, |bytes| read = bytes, deliver).unwrap();
        assert_eq!(sizes.len(), batches, "{sizes:?}");
        assert_eq!(summary.taken, sizes.iter().sum::<usize>() as u64);
        assert_eq!(read, text.len() as u64);
    }
}

#[test]
fn a_failed_hand_over_names_the_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.csv");
    fs::write(&path, "id\n1\n2\n").unwrap();
    let refuse = |_, _| anyhow::bail!("connection refused");
    let error = file(Kind::Customers, &path, NOW, |_| (), refuse).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!(
            "{}: lines 2 to 3 could not be handed over; importing the file again is safe: connection refused",
            path.display()
        )
    );
    assert!(file(Kind::Orders, &folder.path().join("none.csv"), NOW, |_| (), refuse).is_err());
}

#[test]
fn the_calls_of_a_row_stay_together_and_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.csv");
    fs::write(
        &path,
        (1..3_000).fold("id,sms_consent\n0,\n".to_owned(), |all, n| all + &format!("{n},yes\n")),
    )
    .unwrap();
    let mut sizes = Vec::new();
    let deliver = |batch: Vec<Value>, _| {
        assert!(batch[0]["traits"].get("consents").is_none(), "a batch begins with a row");
        sizes.push(batch.len());
        Ok(())
    };
    let summary = file(Kind::Customers, &path, NOW, |_| (), deliver).unwrap();
    assert_eq!(summary.taken, 3_000);
    assert_eq!(sizes, [2_499, 2_500, 1_000]);
}
