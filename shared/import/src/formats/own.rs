//! This program's own headers, which are the names of the fields that `--map` leads to, and their plain Japanese.

use super::{Field, Format, KnownBy};
use crate::Kind;

const KNOWN_BY: [KnownBy; 2] = [KnownBy::Email, KnownBy::Phone];

pub(super) const CUSTOMERS: Format = Format {
    name: "",
    kind: Kind::Customers,
    columns: &[
        ("id", Field::Id),
        ("name", Field::Name),
        ("last_name", Field::LastName),
        ("first_name", Field::FirstName),
        ("phone", Field::Phone),
        ("email", Field::Email),
        ("birthday", Field::Birthday),
        ("prefecture", Field::Prefecture),
        ("city", Field::City),
        ("postal_code", Field::PostalCode),
        ("sms_consent", Field::SmsConsent),
        ("email_consent", Field::EmailConsent),
        ("consent_at", Field::ConsentAt),
        ("顧客ID", Field::Id),
        ("氏名", Field::Name),
        ("名前", Field::Name),
        ("姓", Field::LastName),
        ("名", Field::FirstName),
        ("携帯電話", Field::Phone),
        ("電話番号", Field::Phone),
        ("メールアドレス", Field::Email),
        ("生年月日", Field::Birthday),
        ("誕生日", Field::Birthday),
        ("都道府県", Field::Prefecture),
        ("市区町村", Field::City),
        ("郵便番号", Field::PostalCode),
    ],
    no_purchase: &[],
    product_lines: &[],
    keeps_others: true,
    known_by: KNOWN_BY,
};

pub(super) const ORDERS: Format = Format {
    name: "",
    kind: Kind::Orders,
    columns: &[
        ("order_id", Field::OrderId),
        ("customer_id", Field::Id),
        ("ordered_at", Field::At),
        ("total", Field::Total),
        ("currency", Field::Currency),
        ("ordered_on", Field::Date),
        ("ordered_time", Field::Time),
        ("email", Field::Email),
        ("phone", Field::Phone),
        ("product", Field::Product),
        ("status", Field::Status),
        ("cancelled_at", Field::CancelledAt),
    ],
    no_purchase: &[
        ("cancelled", "cancelled"),
        ("canceled", "cancelled"),
        ("キャンセル", "キャンセル"),
        ("取消", "キャンセル"),
        ("取消し", "キャンセル"),
        ("refunded", "refunded"),
        ("返金", "refunded"),
        ("returned", "returned"),
        ("返品", "returned"),
    ],
    product_lines: &[],
    keeps_others: false,
    known_by: KNOWN_BY,
};

pub(super) const EVENTS: Format = Format {
    name: "",
    kind: Kind::Events,
    columns: &[
        ("customer_id", Field::Id),
        ("event", Field::Event),
        ("at", Field::At),
        ("event_id", Field::EventId),
        ("total", Field::Total),
        ("yen", Field::Total),
        ("currency", Field::Currency),
        ("email", Field::Email),
        ("phone", Field::Phone),
    ],
    no_purchase: &[],
    product_lines: &[],
    keeps_others: true,
    known_by: KNOWN_BY,
};
