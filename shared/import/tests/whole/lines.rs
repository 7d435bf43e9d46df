//! Orders of several rows.

use super::*;

const HEADER: &str = "注文ID,会員ID,受注日,支払合計,対応状況(ID),商品名,明細区分(ID)\n";

fn orders(rows: &str) -> Outcome {
    import(Kind::Orders, format!("{HEADER}{rows}")).unwrap()
}

#[test]
fn the_rows_of_an_order_are_one_call() {
    let Outcome { calls, summary, .. } = orders(
        "1,7,2025/4/1,500,5,茶,1\n1,7,2025/4/1,500,5,茶,1\n1,7,2025/4/1,500,5,皿,1\n1,7,2025/4/1,500,5,送料,2\n\
         2,8,2025/4/2,300,5,箸,1\n1,7,2025/4/1,500,5,茶,1\n",
    );
    assert_eq!((summary.taken, summary.taken_as, summary.rejected), (6, 2, 0));
    assert!(summary.to_string().starts_with("6 rows taken as 2 orders, 0 rows rejected\n"), "{summary}");
    assert_eq!(calls[0]["properties"]["products"], serde_json::json!(["茶", "皿"]));
    // The same order elsewhere in the file is the same order.
    assert_eq!(calls.len(), 2);
    assert!(
        summary.to_string().contains(
            "1 row of orders whose first rows stand further up: each order counts once, with the products of its first rows"
        ),
        "{summary}"
    );
}

#[test]
fn an_order_is_rejected_whole_and_taken_whole_once_corrected() {
    let rows = "1,7,2025/2/30,500,5,茶,1\n1,7,2025/2/30,500,5,皿,1\n2,7,2025/4/2,300,5,箸,1\n";
    let first = orders(rows);
    assert_eq!((first.summary.taken, first.summary.rejected), (1, 2));
    let kept = first.rejected.unwrap();
    assert_eq!(
        kept,
        format!(
            "{},line,reason\n1,7,2025/2/30,500,5,茶,1,2,\"受注日: not a time; write it as 2026-11-22T09:00:00+09:00, \
             2026-11-22 9:00 or 2026/11/22\"\n1,7,2025/2/30,500,5,皿,1,3,\"row: of the same order as line 2, which can't be \
             taken\"\n",
            HEADER.trim()
        )
    );
    let corrected = format!("\u{feff}{}", kept.replace("2025/2/30", "2025/3/1"));
    let second = import(Kind::Orders, corrected).unwrap();
    assert_eq!((second.summary.taken, second.summary.taken_as, second.summary.rejected), (2, 1, 0));
    assert_eq!(second.calls[0]["properties"]["products"], serde_json::json!(["茶", "皿"]));
}

#[test]
fn a_broken_line_takes_its_order_along() {
    let Outcome { summary, calls, .. } =
        orders("1,7,2025/4/1,500,5,茶,1\n1,7,2025/4/1,500,5,皿,1,x\n2,7,2025/4/2,300,5,箸,1\n");
    assert_eq!((summary.taken, summary.rejected, calls.len()), (1, 2, 1));
    assert_eq!(summary.reasons[0], "f.csv:2: row: of the same order as line 3, which can't be taken");
    assert!(summary.reasons[1].starts_with("f.csv:3: row: 8 cells; line 1 names 7 columns"), "{summary}");
}

#[test]
fn rows_that_say_different_totals_or_customers_are_no_order() {
    let problem = "not what the first row of the order says; what is of the whole order is the same in all its rows, or in \
                   the first alone";
    for (second, column) in [("1,7,2025/4/1,300,5,皿,1", "支払合計"), ("1,8,2025/4/1,500,5,皿,1", "会員ID")]
    {
        let summary = orders(&format!("1,7,2025/4/1,500,5,茶,1\n{second}\n")).summary;
        assert_eq!((summary.taken, summary.rejected), (0, 2));
        assert_eq!(summary.reasons[1], format!("f.csv:3: {column}: {problem}"));
    }
    assert_eq!(orders("1,7,2025/4/1,500,5,茶,1\n1,7,,５００,,皿,1\n1,,,,,箸,1\n").summary.taken, 3);
}

#[test]
fn what_is_no_purchase_is_left_out_and_told() {
    let Outcome { summary, calls, rejected } = orders(
        "1,7,2025/4/1,500,3,茶,1\n1,7,2025/4/1,500,3,皿,1\n2,7,2025/4/1,500,７,茶,1\n3,7,2025/4/1,500,8,茶,1\n\
         4,7,2025/4/1,500,9,茶,1\n5,7,2025/4/1,500,3,茶,1\n6,7,2025/4/1,500,1,茶,1\n7,7,昨日,500,9,茶,1\n",
    );
    assert_eq!((calls.len(), summary.taken, summary.rejected, rejected), (1, 1, 0, None));
    assert_eq!(
        summary.to_string(),
        "1 row taken, 0 rows rejected\nread as UTF-8, columns of EC-CUBE\n\
         6 orders (7 rows) left out for their status (1 決済処理中, 2 注文取消し, 1 購入処理中, 2 返品); if they were imported as \
         purchases before, they still count"
    );
}

#[test]
fn products_have_a_bound() {
    let rows = |count: u32| {
        let row = |n| format!("1,7,2025/4/1,500,5,{}{n},1\n", "長".repeat(98));
        (0..count).map(row).collect::<Vec<_>>().concat()
    };
    let twenty = orders(&rows(20));
    assert_eq!(twenty.summary.long_orders, 0);
    let many = orders(&rows(21));
    assert_eq!(many.summary.long_orders, 1);
    let products = many.calls[0]["properties"]["products"].as_array().unwrap();
    assert_eq!((products.len(), products[10].as_str().unwrap().chars().count()), (20, 100));
}

#[test]
fn an_order_without_an_end_is_rejected_in_bounded_memory() {
    let rows = "1,7,2025/4/1,500,5,茶,1\n".repeat(2_500) + "2,7,2025/4/1,500,5,茶,1\n";
    let Outcome { summary, calls, rejected } = orders(&rows);
    assert_eq!((summary.taken, summary.rejected, calls.len()), (1, 2_500, 1));
    assert_eq!(rejected.unwrap().lines().count(), 2_501);
    let whole = "1,7,2025/4/1,500,5,茶,1\n".repeat(1_000);
    assert_eq!(orders(&whole).summary.taken, 1_000);
}
