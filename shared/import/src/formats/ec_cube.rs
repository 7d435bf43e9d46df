//! EC-CUBE: 会員CSV and 受注CSV, one row per line of an order.
//!
//! Headers are those of version 4
//! (<https://github.com/EC-CUBE/ec-cube/blob/4.3/src/Eccube/Resource/doctrine/import_csv/ja/dtb_csv.csv>, kinds 2 and 3),
//! and what versions 2 and 3 call the same. Which of them a file has is the shop's choice. Of an address only what is
//! needed to choose people by is taken, and no note about them.

use super::{Field, Format, KnownBy};
use crate::Kind;

const KNOWN_BY: [KnownBy; 2] = [KnownBy::Email, KnownBy::Phone];

pub(super) const CUSTOMERS: Format = Format {
    name: "EC-CUBE",
    kind: Kind::Customers,
    columns: &[
        ("会員ID", Field::Id),
        ("顧客ID", Field::Id),
        ("お名前(姓)", Field::LastName),
        ("お名前(名)", Field::FirstName),
        ("お名前(セイ)", Field::Named("lastNameKana")),
        ("お名前(メイ)", Field::Named("firstNameKana")),
        ("お名前(フリガナ・姓)", Field::Named("lastNameKana")),
        ("お名前(フリガナ・名)", Field::Named("firstNameKana")),
        ("会社名", Field::Named("company")),
        ("郵便番号", Field::PostalCode),
        ("郵便番号1", Field::PostalCode),
        ("郵便番号2", Field::PostalCode),
        ("都道府県(ID)", Field::Unused),
        ("都道府県(名称)", Field::Prefecture),
        ("都道府県", Field::Prefecture),
        ("住所1", Field::City),
        ("住所2", Field::Street),
        ("メールアドレス", Field::Email),
        ("TEL", Field::Phone),
        ("TEL1", Field::PhonePart),
        ("TEL2", Field::PhonePart),
        ("TEL3", Field::PhonePart),
        ("FAX", Field::Unused),
        ("FAX1", Field::Unused),
        ("FAX2", Field::Unused),
        ("FAX3", Field::Unused),
        ("性別(ID)", Field::Unused),
        ("性別(名称)", Field::Named("gender")),
        ("性別", Field::Named("gender")),
        ("職業(ID)", Field::Unused),
        ("職業(名称)", Field::Named("job")),
        ("職業", Field::Named("job")),
        ("誕生日", Field::Birthday),
        // What follows from the orders would be out of date with the next one.
        ("初回購入日", Field::Unused),
        ("最終購入日", Field::Unused),
        ("購入回数", Field::Unused),
        ("ポイント残高", Field::Named("points")),
        ("ショップ用メモ欄", Field::Unused),
        ("備考", Field::Unused),
        ("会員ステータス(ID)", Field::Unused),
        ("会員ステータス(名称)", Field::Named("member_status")),
        ("登録日", Field::Registered),
        ("更新日", Field::Unused),
    ],
    no_purchase: &[],
    product_lines: &[],
    keeps_others: true,
    known_by: KNOWN_BY,
};

pub(super) const ORDERS: Format = Format {
    name: "EC-CUBE",
    kind: Kind::Orders,
    columns: &[
        ("注文ID", Field::OrderId),
        ("注文番号", Field::OrderId),
        ("会員ID", Field::Id),
        ("顧客ID", Field::Id),
        ("メールアドレス", Field::Email),
        ("TEL", Field::Phone),
        ("TEL1", Field::PhonePart),
        ("TEL2", Field::PhonePart),
        ("TEL3", Field::PhonePart),
        ("受注日", Field::At),
        ("注文日時", Field::At),
        ("注文日", Field::At),
        ("支払合計", Field::Total),
        ("お支払い合計", Field::Total),
        ("合計", Field::Total),
        ("対応状況(ID)", Field::Status),
        ("対応状況(名称)", Field::Status),
        ("対応状況", Field::Status),
        ("商品名", Field::Product),
        ("明細区分(ID)", Field::LineKind),
        ("明細区分(名称)", Field::LineKind),
    ],
    // https://github.com/EC-CUBE/ec-cube/blob/4.3/src/Eccube/Resource/doctrine/import_csv/ja/mtb_order_status.csv, and the
    // names of the versions before. What is still being paid or filled in may become a purchase: a later file has it.
    no_purchase: &[
        ("3", "注文取消し"),
        ("注文取消し", "注文取消し"),
        ("取消し", "注文取消し"),
        ("キャンセル", "注文取消し"),
        ("7", "決済処理中"),
        ("決済処理中", "決済処理中"),
        ("8", "購入処理中"),
        ("購入処理中", "購入処理中"),
        ("9", "返品"),
        ("返品", "返品"),
    ],
    // Postage, fees, discounts, taxes and points are lines of their own in version 4 (mtb_order_item_type.csv).
    product_lines: &["1", "商品"],
    keeps_others: false,
    known_by: KNOWN_BY,
};
