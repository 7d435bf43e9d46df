//! Rows that can't be taken.

use import::FIRST_REASONS;

use super::*;

#[test]
fn bad_customers() {
    let long = "長".repeat(1_001);
    let table = [
        ("id,name\n,佐藤\n", "2: id: missing; every row needs one"),
        ("id,phone\n1,090\n", "2: phone: not a phone number; write it as 090-1234-5678 or +819012345678"),
        ("id,email\n1,me\n", "2: email: not an e-mail address; write it as name@example.jp"),
        (
            "id,birthday\n1,1990/2/30\n",
            "2: birthday: not a date; write it as 1990-01-02, 1990/1/2, 1990年1月2日 or 平成2年1月2日",
        ),
        (
            "会員ID,誕生日,お名前(姓)\n1,昭和65年1月2日,佐藤\n",
            "2: 誕生日: a day outside 昭和, which was from 1926-12-25 to 1989-01-07; that day is in 平成",
        ),
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
    ];
    for (text, expected) in table {
        assert_eq!(reason(Kind::Customers, text), format!("f.csv:{expected}"));
    }
    // A long note that is not read is no reason.
    let text = format!("会員ID,お名前(姓),ショップ用メモ欄\n1,佐藤,{long}\n");
    assert_eq!(import(Kind::Customers, text).unwrap().summary.taken, 1);
}

#[test]
fn bad_orders() {
    let table = [
        (",7,2026-11-22,1", "order_id: missing; every row needs one"),
        ("A,,2026-11-22,1", "customer_id: missing; every row needs one"),
        ("A,7,,1", "ordered_at: missing; every row needs one"),
        (
            "A,7,22/11/2026,1",
            "ordered_at: not a time; write it as 2026-11-22T09:00:00+09:00, 2026-11-22 9:00 or 2026/11/22",
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
fn a_byte_that_means_nothing_costs_its_row_alone() {
    let name = |text| encoding_rs::SHIFT_JIS.encode(text).0.into_owned();
    let file = [
        &b"id,name\r\n1,"[..],
        &name("佐藤"),
        b"\r\n2,\"",
        &name("鈴\n木"),
        b"\xff\"\r\n3,",
        &name("高橋"),
        b"\r\n",
    ]
    .concat();
    let Outcome { calls, summary, rejected } = import(Kind::Customers, file).unwrap();
    let ids: Vec<&str> = calls.iter().map(|call| call["userId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1", "3"]);
    assert_eq!(
        summary.reasons,
        [
            "f.csv:3: row: byte 26 of the file (0xff) means nothing in Shift_JIS (windows-31j); correct what stands as \
          \u{fffd} here"
        ]
    );
    assert!(rejected.unwrap().contains("\"鈴\n木\u{fffd}\",3,row: byte 26"));
}

#[test]
fn the_encoding_is_the_callers_when_given() {
    let text = "id,name\n1,佐藤\n";
    let outcome = import_as(Kind::Customers, Encoding::EucJp, &[], text, |_| Ok(())).unwrap();
    assert_eq!((outcome.summary.rejected, outcome.summary.read_as.as_str()), (1, "EUC-JP"));
    let shift_jis = encoding_rs::SHIFT_JIS.encode(text).0;
    let outcome = import_as(Kind::Customers, Encoding::ShiftJis, &[], &shift_jis, |_| Ok(())).unwrap();
    assert_eq!(outcome.calls[0]["traits"]["name"], "佐藤");
}

#[test]
fn what_the_api_does_not_take_is_rejected() {
    let check = |call: &Value| match call["userId"].as_str() {
        Some("2") => Err(Reject::new("traits.x", "no such thing")),
        _ => Ok(()),
    };
    let outcome = import_as(Kind::Customers, Encoding::Utf8, &[], "id,x\n1,a\n2,b\n3,c\n", check).unwrap();
    assert_eq!((outcome.summary.taken, outcome.calls.len()), (2, 2));
    assert_eq!(outcome.summary.reasons, ["f.csv:3: x: no such thing"]);
    assert_eq!(outcome.rejected.unwrap(), "id,x,line,reason\n2,b,3,x: no such thing\n");
}

#[test]
fn what_the_api_says_of_a_field_is_told_of_the_column() {
    let table = [
        (Kind::Orders, "timestamp", "注文ID,会員ID,注文日時,支払合計\n1,7,2025/4/1,5\n", "注文日時"),
        (Kind::Customers, "traits.address.state", "会員ID,氏名,都道府県\n1,佐藤,東京都\n", "都道府県"),
        (Kind::Customers, "traits.会員ランク", "会員番号,会員ランク\n1,金\n", "会員ランク"),
        (Kind::Customers, "traits", "会員番号,会員ランク\n1,金\n", "row"),
        (Kind::Customers, "userId", "メールアドレス,氏名\na@example.jp,佐藤\n", "メールアドレス"),
        (Kind::Events, "messageId", "customer_id,event,at,event_id\n1,x,2025/4/1,v\n", "event_id"),
    ];
    for (kind, field, text, column) in table {
        let check = |_: &Value| Err(Reject::new(field, "no"));
        let outcome = import_as(kind, Encoding::Utf8, &[], text, check).unwrap();
        assert_eq!(outcome.summary.reasons, [format!("f.csv:2: {column}: no")]);
    }
}

#[test]
fn all_that_is_wrong_with_a_row_is_told_at_once() {
    let phone = "phone: not a phone number; write it as 090-1234-5678 or +819012345678";
    let email = "email: not an e-mail address; write it as name@example.jp";
    let consent = "sms_consent: neither yes nor no; write yes, true, 1 or はい, or no, false, 0 or いいえ";
    assert_eq!(
        reason(Kind::Customers, "id,email,phone,sms_consent\n1,me,090,たぶん\n"),
        format!("f.csv:2: {email}; {phone}; {consent}")
    );
    // Once, though the customer is to be known by it as well.
    assert_eq!(reason(Kind::Customers, "email,name\nme,佐藤\n"), format!("f.csv:2: {email}"));
    assert_eq!(
        reason(Kind::Orders, "order_id,customer_id,ordered_at,total\n,,昨日,-1\n"),
        "f.csv:2: order_id: missing; every row needs one; customer_id: missing; every row needs one; ordered_at: not a \
         time; write it as 2026-11-22T09:00:00+09:00, 2026-11-22 9:00 or 2026/11/22; total: negative; leave returns out, \
         an order is 0 yen or more"
    );
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
             2,x,b,3,phone: not a phone number; write it as 090-1234-5678 or +819012345678\n\
             3,090-1234-5678,\"c,d\",4,\"{rows}\"\n\
             5,,,6,\"{}\"\n",
            rows.replace("4 cells", "1 cell")
        )
    );
    // As Excel saves it: with the mark, or in windows-31j.
    for saved in [format!("\u{feff}{kept}").into_bytes(), encoding_rs::SHIFT_JIS.encode(&kept).0.into_owned()]
    {
        let second = import(Kind::Customers, saved).unwrap();
        assert_eq!((second.summary.taken, second.summary.rejected), (2, 1));
        assert_eq!(second.calls[0]["traits"].as_object().unwrap().len(), 2, "line and reason are no traits");
        assert!(second.rejected.unwrap().starts_with("id,phone,name,line,reason\n2,x,b,2,phone: not"));
    }
}

#[test]
fn only_the_first_reasons_are_shown() {
    let text = format!("id\n{}", "x,y\n".repeat(7));
    let summary = import(Kind::Customers, text).unwrap().summary;
    assert_eq!((summary.rejected, summary.reasons.len()), (7, FIRST_REASONS));
    let text = summary.to_string();
    assert!(
        text.starts_with("0 rows taken, 7 rows rejected\n") && text.ends_with("\n… and 2 more"),
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
    // However little of it means anything.
    let bytes = [&b"id\n\""[..], &b"\xff".repeat(2_000_000)].concat();
    assert_eq!(import(Kind::Customers, bytes).err(), Some(format!("f.csv:2: {problem}")));
}
