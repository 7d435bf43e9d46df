//! Shopify: the exports of customers and of orders (one row per line item, what is of the whole order in its first row).
//!
//! <https://help.shopify.com/en/manual/customers/import-export-customers> and
//! <https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders>. The export of orders has no id of the
//! customer, so customers are known by their e-mail address in both, and `Customer ID` is kept as a trait. Of an order that
//! was refunded in part the whole total counts.

use super::{Field, Format, KnownBy};
use crate::Kind;

const KNOWN_BY: [KnownBy; 2] = [KnownBy::Email, KnownBy::Phone];

pub(super) const CUSTOMERS: Format = Format {
    name: "Shopify",
    kind: Kind::Customers,
    columns: &[
        ("Customer ID", Field::Named("shopify_customer_id")),
        ("First Name", Field::FirstName),
        ("Last Name", Field::LastName),
        ("Email", Field::Email),
        ("Accepts Email Marketing", Field::EmailConsent),
        ("Accepts Marketing", Field::EmailConsent),
        ("Accepts SMS Marketing", Field::SmsConsent),
        ("Phone", Field::Phone),
        ("Default Address Phone", Field::Phone),
        ("Company", Field::Named("company")),
        ("Default Address Company", Field::Named("company")),
        ("Default Address Province Code", Field::Prefecture),
        ("Province Code", Field::Prefecture),
        ("Province", Field::Prefecture),
        ("Default Address City", Field::City),
        ("City", Field::City),
        ("Default Address Zip", Field::PostalCode),
        ("Zip", Field::PostalCode),
        ("Tags", Field::Tags),
        ("Default Address Address1", Field::Street),
        ("Default Address Address2", Field::Street),
        ("Default Address Country Code", Field::Unused),
        ("Address1", Field::Street),
        ("Address2", Field::Street),
        ("Country", Field::Unused),
        ("Country Code", Field::Unused),
        ("Total Spent", Field::Unused),
        ("Total Orders", Field::Unused),
        ("Note", Field::Unused),
        ("Tax Exempt", Field::Unused),
    ],
    no_purchase: &[],
    product_lines: &[],
    keeps_others: true,
    known_by: KNOWN_BY,
};

pub(super) const ORDERS: Format = Format {
    name: "Shopify",
    kind: Kind::Orders,
    columns: &[
        ("Name", Field::OrderId),
        ("Email", Field::Email),
        ("Phone", Field::Phone),
        ("Billing Phone", Field::Phone),
        ("Shipping Phone", Field::Phone),
        ("Financial Status", Field::Status),
        ("Cancelled at", Field::CancelledAt),
        ("Canceled at", Field::CancelledAt),
        ("Created at", Field::At),
        ("Total", Field::Total),
        ("Currency", Field::Currency),
        ("Lineitem name", Field::Product),
    ],
    no_purchase: &[("refunded", "refunded"), ("voided", "voided"), ("expired", "expired")],
    product_lines: &[],
    keeps_others: false,
    known_by: KNOWN_BY,
};
