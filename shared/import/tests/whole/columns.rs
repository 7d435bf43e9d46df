//! Which column is what.

use serde_json::json;

use super::*;

#[test]
fn a_good_file_of_customers() {
    let text = "\u{feff}ID,name,phone,email,birthday,prefecture,sms_consent,email_consent,consent_at,会員ランク\r\n\
        7,佐藤 花子,090-1234-5678,hanako@example.jp,昭和40年3月9日,東京都,はい,no,2020/1/2,ゴールド\r\n\
        8,,090-0000-0000,,,,,,,\r\n9,,03-1234-5678,,,,,,,\r\n";
    let Outcome { calls, summary, rejected } = import(Kind::Customers, text).unwrap();
    assert_eq!(
        summary.to_string(),
        "3 rows taken, 0 rows rejected\nread as UTF-8 with a byte order mark\n\
         1 phone number not of a mobile phone, kept as `fixed_line`: no SMS goes there\n\
         f.csv: kept as traits: 会員ランク"
    );
    assert_eq!(rejected, None);
    let expected = json!([
        {
            "type": "identify", "userId": "7", "timestamp": "2025-11-24T00:00:00Z",
            "traits": {
                "name": "佐藤 花子", "phone": "090-1234-5678", "email": "hanako@example.jp",
                "birthday": "1965-03-09", "address": { "state": "東京都" }, "会員ランク": "ゴールド",
            },
        },
        {
            "type": "identify", "userId": "7", "timestamp": "2020-01-02T00:00:00+09:00",
            "traits": { "consents": {
                "sms": { "marketing": { "given": true, "source": "file", "evidence": "f.csv line 2" } },
                "email": { "marketing": { "given": false, "source": "file", "evidence": "f.csv line 2" } },
            } },
        },
        {
            "type": "identify", "userId": "8", "timestamp": "2025-11-24T00:00:00Z",
            "traits": { "phone": "090-0000-0000" },
        },
        {
            "type": "identify", "userId": "9", "timestamp": "2025-11-24T00:00:00Z",
            "traits": { "fixed_line": "03-1234-5678" },
        },
    ]);
    assert_eq!(Value::from(calls), expected);
}

/// The consents of a call without what there is to show for them.
fn words(call: &Value) -> Value {
    let mut consents = call["traits"]["consents"].clone();
    let purposes = consents.as_object_mut().into_iter().flat_map(|it| it.values_mut());
    for said in purposes.filter_map(Value::as_object_mut).flat_map(|it| it.values_mut()) {
        *said = said["given"].take();
    }
    consents
}

#[test]
fn a_consent_says_where_it_stands_in_the_file_and_what_was_agreed_to() {
    let text = "id,sms_consent\n1,yes\n2,no\n1,yes\n";
    let Outcome { calls, summary, .. } =
        import_worded(Kind::Customers, text, "SMSでお知らせを受け取ります").unwrap();
    assert_eq!((summary.taken, summary.repeated, summary.rejected), (2, 1, 0), "{summary}");
    let said: Vec<&Value> =
        calls.iter().filter_map(|call| call.pointer("/traits/consents/sms/marketing")).collect();
    let word = |given: bool, line: u64| json!({ "given": given, "source": "file", "evidence": format!("f.csv line {line}"), "wording": "SMSでお知らせを受け取ります" });
    assert_eq!(said, [&word(true, 2), &word(false, 3)]);
}

#[test]
fn line_ids_and_the_word_on_messages_there() {
    let id = "U4af4980629f1b2c3d4e5f60718293a4b";
    let text = format!("会員ID,LINEユーザーID,LINE配信希望\n1,{id},希望する\n2,,希望しない\n");
    let calls = import(Kind::Customers, text).unwrap().calls;
    let said: Vec<&Value> = calls.iter().map(|call| &call["traits"]).collect();
    let consents = |given: bool, line: u64| {
        let word = json!({ "given": given, "source": "file", "evidence": format!("f.csv line {line}") });
        json!({ "consents": { "line": { "marketing": word } } })
    };
    assert_eq!(said, [&json!({ "line_id": id }), &consents(true, 2), &consents(false, 3)]);
    let wrong = reason(Kind::Customers, "id,line_id\n1,@hanako\n");
    assert!(wrong.contains("line_id: not a LINE user id"), "{wrong}");
}

#[test]
fn a_consent_without_a_time_outranks_no_other_word() {
    let calls = import(Kind::Customers, "id,sms_consent,consent_at\n1,はい,\n2,,2020/1/2\n").unwrap().calls;
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[1]["timestamp"], "1990-01-01T00:00:00Z");
    assert_eq!(calls[1]["traits"]["consents"]["sms"]["marketing"]["given"], true);
}

#[test]
fn a_refusal_without_a_time_is_as_old_as_the_file() {
    let calls = import(Kind::Customers, "id,sms_consent,email_consent\n1,no,yes\n").unwrap().calls;
    let expected = json!([
        {
            "type": "identify", "userId": "1", "timestamp": "2025-11-24T00:00:00Z",
            "traits": { "consents": {
                "sms": { "marketing": { "given": false, "source": "file", "evidence": "f.csv line 2" } },
            } },
        },
        {
            "type": "identify", "userId": "1", "timestamp": "1990-01-01T00:00:00Z",
            "traits": { "consents": {
                "email": { "marketing": { "given": true, "source": "file", "evidence": "f.csv line 2" } },
            } },
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
        "2 rows taken, 0 rows rejected\nread as UTF-8\nf.csv: columns that are not used: memo"
    );
    assert_eq!(
        calls[1],
        json!({
            "type": "track", "event": "Order Completed", "userId": "7",
            "messageId": "import-order-088094f68bab1be95aa073305586d872", "timestamp": "2026-11-23T18:05:00+09:00",
            "properties": { "order_id": "A2", "total": 300, "currency": "JPY" },
        })
    );
    assert_eq!(calls[0]["properties"]["total"], 1_980);
}

#[test]
fn columns_are_named_by_the_caller() {
    let text = "番号,携帯,ご住所,メモ\n1,090-1234-5678,大阪,x\n";
    let maps = ["番号=id", "携帯=phone", "ご住所=prefecture", "メモ="];
    let Outcome { calls, summary, .. } = import_with(Kind::Customers, &maps, text).unwrap();
    assert_eq!(
        calls[0]["traits"],
        json!({ "phone": "090-1234-5678", "address": { "state": "大阪" } }),
        "{summary}"
    );
    let text = "伝票,客,日,時,金額,支払,品\n1,7,令和7年4月1日,9時5分,\"1,980円\",代引,茶\n";
    let maps = [
        "伝票=order_id",
        "客=customer_id",
        "日=ordered_on",
        "時=ordered_time",
        "金額=total",
        "支払=payment",
        "品=product",
    ];
    let calls = import_with(Kind::Orders, &maps, text).unwrap().calls;
    assert_eq!(calls[0]["timestamp"], "2025-04-01T09:05:00+09:00");
    let properties = json!({
        "order_id": "1", "total": 1980, "currency": "JPY", "payment": "代引", "products": ["茶"],
    });
    assert_eq!(calls[0]["properties"], properties);
    // The caller's word goes before a known header's meaning.
    let text = "Customer ID,Email,First Name,Last Name\n'42,a@example.jp,花,伊藤\n";
    let calls = import_with(Kind::Customers, &["Customer ID=id"], text).unwrap().calls;
    assert_eq!(
        (calls[0]["userId"].as_str(), calls[0]["traits"]["name"].as_str()),
        (Some("42"), Some("伊藤 花"))
    );
}

#[test]
fn wrong_mappings() {
    let table: [(Kind, &str, &str); 6] = [
        (Kind::Customers, "番=id", "f.csv: --map 番=id: no column `番` in line 1"),
        (
            Kind::Customers,
            "会員番=id",
            "f.csv: --map 会員番=id: no column `会員番` in line 1; did you mean `会員番号`?",
        ),
        (Kind::Customers, "会員番号=emial", "f.csv: --map 会員番号=emial: unknown; did you mean `email`?"),
        (
            Kind::Customers,
            "会員番号=consents",
            "f.csv: --map 会員番号=consents: consent is in `sms_consent` and `email_consent`; name those by --map",
        ),
        (
            Kind::Orders,
            "会員番号=custmer_id",
            "f.csv: --map 会員番号=custmer_id: unknown; did you mean `customer_id`?",
        ),
        (
            Kind::Orders,
            "会員番号=products",
            "f.csv: --map 会員番号=products: is the order's own; choose another name",
        ),
    ];
    for (kind, map, expected) in table {
        let text = "会員番号,メモ\n1,x\n";
        assert_eq!(import_with(kind, &[map], text).err().as_deref(), Some(expected));
    }
    for text in ["会員番号", "=id", " =id"] {
        assert!(Mapping::parse(text).is_err(), "{text}");
    }
}

#[test]
fn bad_headers() {
    let columns = "order_id, customer_id, ordered_at, total, currency, ordered_on, ordered_time, email, phone, product, \
                   status, cancelled_at";
    let table: [(Kind, &[u8], &str); 11] = [
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
            &format!(
                "f.csv: no column `total` in line 1; the columns are: {columns}; yours is named by --map YOURS=total"
            ),
        ),
        (
            Kind::Events,
            b"customer_id,event\n",
            "f.csv: no column `at` in line 1; the columns are: customer_id, event, at, event_id, total, yen, currency, \
             email, phone; yours is named by --map YOURS=at",
        ),
        (Kind::Customers, b"dd,name\n", "f.csv: unknown column `dd` in line 1: did you mean `id`?"),
        (Kind::Customers, b"id,x,X\n", "f.csv: column `X` is twice in line 1; rename one of them"),
        (Kind::Customers, b"id,id\n", "f.csv: column `id` is twice in line 1; rename one of them"),
        (
            Kind::Customers,
            b"id,address\n",
            "f.csv: column `address` in line 1: is where the prefecture is kept; name it otherwise, such as --map \
             address=street",
        ),
        (
            Kind::Customers,
            b"id,name\r1,a\r2,b",
            "f.csv:1: the line breaks are CR alone; save the file with LF or CRLF",
        ),
        (
            Kind::Customers,
            b"id,\x8e\xff\xff\n",
            "f.csv:1: byte 4 of the file (0x8e) means nothing in Shift_JIS (windows-31j); name the file's encoding by --encoding",
        ),
    ];
    for (kind, text, expected) in table {
        assert_eq!(import(kind, text).err().as_deref(), Some(expected));
    }
}

#[test]
fn a_likely_slip_in_a_column_of_customers_is_noted() {
    let Outcome { calls, summary, .. } = import(Kind::Customers, "id,phnoe\n1,090-1234-5678\n").unwrap();
    assert_eq!(
        summary.notes,
        [
            "f.csv: column `phnoe` in line 1 is kept as a trait: did you mean `phone`?",
            "f.csv: kept as traits: phnoe"
        ]
    );
    assert_eq!(calls[0]["traits"]["phnoe"], "090-1234-5678");
    let summary = import(Kind::Events, "customer_id,event,at,totla\n1,x,2025/1/1,5\n").unwrap().summary;
    assert_eq!(
        summary.notes,
        ["f.csv: column `totla` in line 1 is kept as a property: did you mean `total`?"]
    );
}

#[test]
fn who_has_no_id_is_known_by_the_address() {
    let text =
        "id,email,phone\n,Hana@Example.JP,090-1234-5678\n,,０８０－２３４５－６７８９\n3,a@example.jp,\n";
    let Outcome { calls, summary, .. } = import(Kind::Customers, text).unwrap();
    let ids: Vec<&str> = calls.iter().map(|call| call["userId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["hana@example.jp", "+818023456789", "3"]);
    assert_eq!((summary.by_email, summary.by_phone), (1, 1));
    let text = "order_id,email,phone,ordered_at,total\nA,x,０３－１２３４－５６７８,2025/1/1,1\n";
    let expected = "f.csv:2: email: not an e-mail address; write it as name@example.jp";
    assert_eq!(reason(Kind::Orders, text), expected);
    let expected =
        "f.csv:2: customer_id: missing, and no e-mail address or mobile number to know the customer by";
    assert_eq!(reason(Kind::Orders, "order_id,email,ordered_at,total\nA,,2025/1/1,1\n"), expected);
}

/// What a shop calls a column is understood whoever else's columns stand beside it.
#[test]
fn our_own_headers_go_without_saying_in_every_format() {
    let text = "会員ID,お名前(姓),お名前(名),メールアドレス,電話番号,誕生日,メルマガ\n\
        1,佐藤,花子,hanako@example.jp,０９０－１２３４－５６７８,1990/1/2,希望する\n\
        2,鈴木,,,03-1234-5678,,希望しない\n";
    let files = [
        text.to_owned(),
        // With a column that only EC-CUBE has.
        text.replace("誕生日", "誕生日,ポイント残高")
            .replace("1990/1/2", "1990/1/2,")
            .replace("78,,", "78,,,"),
    ];
    for (text, format) in files.iter().zip(["", "EC-CUBE"]) {
        let Outcome { calls, summary, .. } = import(Kind::Customers, text).unwrap();
        assert_eq!(summary.rejected, 0, "{summary}");
        assert_eq!(summary.format, format, "{summary}");
        assert_eq!(
            calls[0]["traits"],
            json!({
                "name": "佐藤 花子", "lastName": "佐藤", "firstName": "花子", "email": "hanako@example.jp",
                "phone": "０９０－１２３４－５６７８", "birthday": "1990-01-02",
            })
        );
        assert_eq!(words(&calls[1]), json!({ "email": { "marketing": true } }));
        assert_eq!(calls[1]["timestamp"], "1990-01-01T00:00:00Z");
        assert_eq!(calls[2]["traits"]["fixed_line"], "03-1234-5678");
        assert_eq!(words(&calls[2]), json!({ "email": { "marketing": false } }));
    }
    for (kind, header, row) in [
        (Kind::Customers, "会員ID,氏名", "1,佐藤"),
        (Kind::Customers, "会員番号,お名前,携帯電話", "1,佐藤,090-1234-5678"),
        (Kind::Orders, "注文番号,会員番号,注文日時,合計金額", "A,1,2025/4/1,500"),
        (Kind::Orders, "注文ID,会員番号,受注日,支払合計,携帯電話", "A,1,2025/4/1,500,"),
        (Kind::Events, "会員番号,event,at", "1,来店,2025/4/1"),
    ] {
        let calls = import(kind, format!("{header}\n{row}\n")).unwrap().calls;
        assert_eq!(calls[0]["userId"], "1", "{header}");
    }
}

#[test]
fn a_mobile_phone_goes_before_another_one() {
    let text = "会員ID,お名前(姓),お名前(セイ),TEL,携帯電話\n1,佐藤,サトウ,03-1234-5678,090-1234-5678\n";
    let Outcome { calls, summary, .. } = import(Kind::Customers, text).unwrap();
    assert_eq!((summary.format.as_str(), summary.fixed_lines), ("EC-CUBE", 0));
    assert_eq!(calls[0]["traits"]["phone"], "090-1234-5678");
}

#[test]
fn only_clear_words_are_consent_in_a_column_that_looks_like_it() {
    let text = "会員ID,メルマガ,SMS配信\n1,1,はい\n2,HTML,配信停止\n3,0,\n4,はい,○\n";
    let Outcome { calls, summary, .. } = import(Kind::Customers, text).unwrap();
    let saying = calls.iter().filter(|call| call["traits"].get("consents").is_some());
    let consents: Vec<Value> = saying.map(words).collect();
    assert_eq!(
        consents,
        [
            json!({ "sms": { "marketing": true } }),
            json!({ "sms": { "marketing": false } }),
            json!({ "sms": { "marketing": true }, "email": { "marketing": true } }),
        ]
    );
    assert!(
        summary.to_string().contains(
            "3 cells of `メルマガ` with neither yes nor no in words, and no consent is taken from there; if 1 means yes and 0 \
             no, name the column by --map"
        ),
        "{summary}"
    );
    let calls =
        import_with(Kind::Customers, &["メルマガ=email_consent"], "会員ID,メルマガ\n1,1\n").unwrap().calls;
    assert_eq!(calls[1]["traits"]["consents"]["email"]["marketing"]["given"], true);
    // Of two columns, one that is not clear keeps the other from being a yes.
    let calls =
        import(Kind::Customers, "会員ID,メルマガ,メール配信\n1,はい,2\n2,はい,いいえ\n").unwrap().calls;
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1]["traits"]["consents"]["email"]["marketing"]["given"], false);
}

#[test]
fn ids_count_in_plain_characters() {
    let text = "会員ID,氏名\n１００１,佐藤\nＡ－１,鈴木\n'007,田中\n";
    let calls = import(Kind::Customers, text).unwrap().calls;
    let ids: Vec<&str> = calls.iter().map(|call| call["userId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1001", "A-1", "007"]);
    let orders = |id| {
        let text = format!("order_id,customer_id,ordered_at,total\n{id},１００１,2025/4/1,5\n");
        import(Kind::Orders, text).unwrap().calls
    };
    assert_eq!(orders("Ａ－１"), orders("A-1"));
    assert_eq!(orders("A-1")[0]["userId"], "1001");
}

#[test]
fn tabs_and_semicolons_are_told_and_read() {
    for (separator, told) in [("\t", "tabs"), (";", "semicolons")] {
        let text = "\u{feff}会員ID|氏名|メモ\r\n1|佐藤|\"a,b\"\r\n2\r\n".replace('|', separator);
        let Outcome { calls, summary, rejected } = import(Kind::Customers, text).unwrap();
        assert_eq!(summary.read_as, format!("UTF-8 with a byte order mark, separated by {told}"));
        assert_eq!(calls[0]["traits"], json!({ "name": "佐藤", "メモ": "a,b" }));
        let one = told.strip_suffix('s').unwrap();
        assert_eq!(
            summary.reasons,
            [format!("f.csv:3: row: 1 cell; line 1 names 3 columns, quote a cell that has a {one} in it")]
        );
        // The file of rejected rows is CSV, whatever theirs was.
        assert!(rejected.unwrap().starts_with("会員ID,氏名,メモ,line,reason\n2,,,3,"));
    }
}
