//! Rakuten RMS: 受注データ (通常購入データ), one row per line of an order, date and time in columns of their own.
//!
//! Headers are those of the data of 楽天ペイ受注, and of the ones before it where they differ; the states are those of the
//! order API (<https://webservice.rms.rakuten.co.jp/merchant-portal/view/ja/common/1-1_service_index/rakutenpayorderapi/getorder>,
//! `orderProgress`). The file has no id of the customer, and in place of the e-mail address a mask that Rakuten issues: the
//! phone number comes first. There is no file of customers: it is read from the orders as well.

use super::{Field, Format, KnownBy};
use crate::Kind;

const KNOWN_BY: [KnownBy; 2] = [KnownBy::Phone, KnownBy::Email];

pub(super) const CUSTOMERS: Format = Format {
    name: "Rakuten",
    kind: Kind::Customers,
    columns: &[
        ("注文番号", Field::Unused),
        ("受注番号", Field::Unused),
        ("注文日時", Field::At),
        ("注文日", Field::Date),
        ("注文時間", Field::Time),
        ("注文者姓", Field::LastName),
        ("注文者名", Field::FirstName),
        ("注文者姓カナ", Field::Named("lastNameKana")),
        ("注文者名カナ", Field::Named("firstNameKana")),
        ("注文者名字", Field::LastName),
        ("注文者名前", Field::FirstName),
        ("注文者名字フリガナ", Field::Named("lastNameKana")),
        ("注文者名前フリガナ", Field::Named("firstNameKana")),
        ("注文者郵便番号1", Field::PostalCode),
        ("注文者郵便番号2", Field::PostalCode),
        ("注文者住所都道府県", Field::Prefecture),
        ("注文者住所郡市区", Field::City),
        ("注文者住所都市区", Field::City),
        ("注文者住所それ以降の住所", Field::Street),
        ("注文者電話番号1", Field::PhonePart),
        ("注文者電話番号2", Field::PhonePart),
        ("注文者電話番号3", Field::PhonePart),
        ("注文者メールアドレス", Field::Email),
        ("メールアドレス", Field::Email),
        ("注文者性別", Field::Named("gender")),
        ("注文者誕生日", Field::Birthday),
    ],
    no_purchase: &[],
    product_lines: &[],
    keeps_others: false,
    known_by: KNOWN_BY,
};

pub(super) const ORDERS: Format = Format {
    name: "Rakuten",
    kind: Kind::Orders,
    columns: &[
        ("注文番号", Field::OrderId),
        ("受注番号", Field::OrderId),
        ("注文日時", Field::At),
        ("注文日", Field::Date),
        ("注文時間", Field::Time),
        // Before points and coupons, which Rakuten mostly pays for; 請求金額 is what is left for the customer to pay.
        ("合計金額", Field::Total),
        ("請求金額", Field::Total),
        ("注文者電話番号1", Field::PhonePart),
        ("注文者電話番号2", Field::PhonePart),
        ("注文者電話番号3", Field::PhonePart),
        ("注文者メールアドレス", Field::Email),
        ("メールアドレス", Field::Email),
        ("ステータス", Field::Status),
        ("受注ステータス", Field::Status),
        ("商品名", Field::Product),
        ("注文者姓", Field::Unused),
        ("注文者名", Field::Unused),
        ("注文者名字", Field::Unused),
        ("注文者名前", Field::Unused),
    ],
    no_purchase: &[
        ("800", "キャンセル確定待ち"),
        ("キャンセル確定待ち", "キャンセル確定待ち"),
        ("900", "キャンセル確定"),
        ("キャンセル確定", "キャンセル確定"),
        ("キャンセル", "キャンセル確定"),
    ],
    product_lines: &[],
    keeps_others: false,
    known_by: KNOWN_BY,
};
