//! What a file says twice.

use super::*;

/// Seen: a name joined to somebody else's address, because at one instant each trait was settled by itself.
#[test]
fn two_rows_of_a_customer_are_never_mixed() {
    let (nine, other) = ("9,九,nine@example.jp,1990-01-02,赤", "9,九之助,nine2@example.jp,1991-01-02,青");
    let text = format!("id,name,email,birthday,色\n{nine}\n{other}\n８,八,,,\n８,八,,,\n{nine}\n");
    let Outcome { calls, summary, rejected } = import(Kind::Customers, text).unwrap();
    assert_eq!((summary.taken, summary.repeated, summary.rejected, calls.len()), (2, 2, 1, 2));
    assert_eq!(calls[0]["traits"]["email"], "nine@example.jp");
    assert_eq!(summary.reasons, ["f.csv:3: row: line 2 says otherwise of this customer"]);
    assert!(summary.to_string().contains("\n2 rows repeat earlier ones\n"), "{summary}");
    assert_eq!(
        rejected.unwrap(),
        format!(
            "id,name,email,birthday,色,line,reason\n{other},3,row: line 2 says otherwise of this customer\n"
        )
    );
}

/// A row that is rejected has said nothing.
#[test]
fn a_corrected_row_may_follow_a_rejected_one() {
    let summary = import(Kind::Customers, "id,phone\n1,x\n1,090-1234-5678\n").unwrap().summary;
    assert_eq!((summary.taken, summary.rejected), (1, 1));
}

#[test]
fn the_same_word_on_a_consent_is_a_part_of_what_a_row_says() {
    let text = "id,sms_consent,consent_at\n1,yes,2025/1/1\n1,no,2025/1/1\n";
    let Outcome { calls, summary, .. } = import(Kind::Customers, text).unwrap();
    assert_eq!((summary.taken, summary.rejected, calls.len()), (1, 1, 2));
}

#[test]
fn an_order_stands_in_a_file_once() {
    let header = "order_id,customer_id,ordered_at,total";
    let text = format!(
        "{header}\n1,7,2025/4/1,1000\n2,7,2025/4/2,300\n1,7,2025/4/1,9999\n3,7,2025/4/3,300\n1,8,2025/4/1,1000\n\
         4,7,2025/4/4,5\n１,7,2025/4/1,\"1,000\"\n"
    );
    let Outcome { calls, summary, .. } = import(Kind::Orders, text).unwrap();
    assert_eq!((summary.taken, summary.taken_as, summary.repeated, summary.rejected), (4, 4, 1, 2));
    assert_eq!(calls.len(), 4);
    let told = "line 2 already gave this order, with another total, time, customer or status";
    assert_eq!(summary.reasons, [format!("f.csv:4: row: {told}"), format!("f.csv:6: row: {told}")]);
}

#[test]
fn the_rows_of_an_order_may_stand_apart() {
    let header = "注文ID,会員ID,受注日,支払合計,対応状況(ID),商品名";
    let text = format!(
        "{header}\n1,7,2025/4/1,500,5,茶\n2,7,2025/4/2,300,3,箸\n1,7,2025/4/1,500,5,皿\n2,7,2025/4/2,300,3,皿\n\
         1,7,2025/4/1,500,3,皿\n"
    );
    let Outcome { calls, summary, .. } = import(Kind::Orders, text).unwrap();
    assert_eq!((summary.taken, summary.taken_as, summary.further, calls.len()), (2, 1, 1, 1));
    assert_eq!((summary.left_out, summary.no_purchase["注文取消し"], summary.rejected), (2, 1, 1));
    assert_eq!(
        summary.reasons,
        ["f.csv:6: row: line 2 already gave this order, with another total, time, customer or status"]
    );
    // What Shopify writes of an order's further lines says nothing of the whole of it.
    let header = "Name,Email,Financial Status,Total,Currency,Created at,Lineitem name";
    let text = format!(
        "{header}\n#1,a@example.jp,paid,500,JPY,2025/4/1,茶\n#2,a@example.jp,paid,300,JPY,2025/4/2,箸\n\
         #1,a@example.jp,,,,,皿\n#3,a@example.jp,,,,,皿\n"
    );
    let summary = import(Kind::Orders, text).unwrap().summary;
    assert_eq!((summary.taken, summary.taken_as, summary.further, summary.rejected), (3, 2, 1, 1));
}

#[test]
fn an_event_stands_in_a_file_once() {
    let header = "customer_id,event,at,event_id";
    let text = format!(
        "{header}\n1,来店,2025/4/1,v\n1,来店,2025/4/1,v\n1,来店,2025/4/2,v\n1,来店,2025/4/1,\n1,来店,2025/4/1,\n"
    );
    let summary = import(Kind::Events, text).unwrap().summary;
    assert_eq!((summary.taken, summary.repeated, summary.rejected), (2, 2, 1));
    assert_eq!(summary.reasons, ["f.csv:4: row: line 2 already gave this event, and says otherwise of it"]);
}

/// An order says of its customer what was right at its time.
#[test]
fn customers_read_from_orders_are_as_of_each_order() {
    let text = "注文番号,注文日,注文時間,注文者姓,注文者名,注文者メールアドレス,注文者電話番号1,注文者電話番号2,注文者電話番号3\n\
        A,2025-04-01,10:05:00,楽天,花子,a@fw.example.jp,090,1234,5679\n\
        A,2025-04-01,10:05:00,楽天,花子,a@fw.example.jp,090,1234,5679\n\
        B,2025-05-01,10:05:00,楽天,花子,b@fw.example.jp,090,1234,5679\n";
    let Outcome { calls, summary, .. } = import(Kind::Customers, text).unwrap();
    assert_eq!((summary.taken, summary.repeated, summary.rejected), (2, 1, 0), "{summary}");
    assert_eq!(calls[0]["timestamp"], "2025-04-01T10:05:00+09:00");
    assert_eq!(calls[1]["traits"]["email"], "b@fw.example.jp");
}
