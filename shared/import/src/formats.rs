//! What the columns of shops' files are called: one table per format and kind of file.

mod ec_cube;
mod own;
mod rakuten;
mod shopify;

use domain::spelling;

use crate::Kind;

/// What a column is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    /// The shop's own id of a customer.
    Id,
    Name,
    LastName,
    FirstName,
    Phone,
    /// A part of a phone number that is spread over several columns.
    PhonePart,
    Email,
    /// A person's LINE user id.
    LineId,
    Birthday,
    /// The day from which on someone is a customer.
    Registered,
    Prefecture,
    City,
    /// What follows the city in an address; several columns are joined.
    Street,
    PostalCode,
    SmsConsent,
    EmailConsent,
    LineConsent,
    /// What looks like consent to SMS by its header: only clear words count.
    SmsWish,
    /// The same for e-mail.
    EmailWish,
    /// The same for LINE.
    LineWish,
    ConsentAt,
    /// A list, between commas.
    Tags,
    OrderId,
    /// A date, with or without a time.
    At,
    /// A date whose time of day is in [`Field::Time`].
    Date,
    Time,
    Total,
    Currency,
    Status,
    /// Anything in it says that the order was cancelled.
    CancelledAt,
    /// The name of what was bought.
    Product,
    /// Whether the line is a product, and no fee.
    LineKind,
    /// What was done.
    Event,
    EventId,
    /// A trait of a customer, or a property of what was done, by this name.
    Named(&'static str),
    /// Known, and of no use here.
    Unused,
}

/// By what a customer is known who has no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownBy {
    Email,
    Phone,
}

/// A kind of file that some program writes.
#[derive(Debug)]
pub(crate) struct Format {
    /// Whose it is; nothing for the format of this program.
    pub name: &'static str,
    pub kind: Kind,
    /// Headers and what they are. Where several are one field, the first one that has anything in it counts.
    pub columns: &'static [(&'static str, Field)],
    /// What is in [`Field::Status`] of an order that is no purchase, and how a person calls it.
    pub no_purchase: &'static [(&'static str, &'static str)],
    /// What is in [`Field::LineKind`] of a line that is a product; without any, every line is.
    pub product_lines: &'static [&'static str],
    /// Whether columns that nobody knows are traits or properties; in files of orders they are of no use.
    pub keeps_others: bool,
    /// By what customers without an id are known, the first choice first.
    pub known_by: [KnownBy; 2],
}

/// All of them. Of two that a header fits equally, the first is meant.
const FORMATS: [&Format; 9] = [
    &own::CUSTOMERS,
    &own::ORDERS,
    &own::EVENTS,
    &ec_cube::CUSTOMERS,
    &ec_cube::ORDERS,
    &rakuten::CUSTOMERS,
    &rakuten::ORDERS,
    &shopify::CUSTOMERS,
    &shopify::ORDERS,
];

impl Format {
    /// The format of this program, whose headers are the names of the fields.
    pub fn own(kind: Kind) -> &'static Self {
        match kind {
            Kind::Customers => &own::CUSTOMERS,
            Kind::Orders => &own::ORDERS,
            Kind::Events => &own::EVENTS,
        }
    }

    /// The format of a file with these headers: the one with which the most of them are understood, and of those the one
    /// that knows the most itself. Where the file has names of this program's fields, what a format knows itself counts
    /// first: `name` is no order's id there. Customers who have an id are read by a format that knows ids.
    pub fn of(kind: Kind, headers: &[String]) -> &'static Self {
        let own = Self::own(kind);
        let has_id = headers.iter().any(|header| own.field(header) == Some(Field::Id));
        let names_ours = headers.iter().any(|header| own.names().any(|name| plain(name) == plain(header)));
        let fit = |format: &Self| {
            let known = headers.iter().filter(|header| format.field(header).is_some()).count();
            let understood = headers.iter().filter(|header| format.field_or_own(header).is_some()).count();
            if names_ours { (known, understood, false) } else { (understood, known, !format.name.is_empty()) }
        };
        FORMATS
            .into_iter()
            .filter(|format| format.kind == kind)
            .filter(|format| kind != Kind::Customers || !has_id || format.knows(Field::Id))
            .fold((own, fit(own)), |(best, most), format| match fit(format) {
                fits if fits > most => (format, fits),
                _ => (best, most),
            })
            .0
    }

    /// Whether it has a column for a field.
    fn knows(&self, field: Field) -> bool {
        self.columns.iter().any(|(_, known)| *known == field)
    }

    /// The columns of this program's own format that go without saying in this one. By what a customer is known is the
    /// format's own matter.
    pub fn fallback(&self) -> impl Iterator<Item = (&'static str, Field)> {
        let ids = self.knows(Field::Id);
        let own = Self::own(self.kind).columns.iter().copied();
        own.filter(move |(_, field)| ids || *field != Field::Id)
    }

    fn field_or_own(&self, header: &str) -> Option<Field> {
        let known = || self.fallback().find(|(name, _)| plain(name) == plain(header));
        self.field(header).or_else(|| known().map(|(_, field)| field))
    }

    /// What the column with this header is.
    pub fn field(&self, header: &str) -> Option<Field> {
        let header = plain(header);
        self.columns.iter().find(|(name, _)| plain(name) == header).map(|(_, field)| *field)
    }

    /// The headers that are to be shown as those to choose from.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let ours = |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        self.columns.iter().map(|(name, _)| *name).filter(ours)
    }
}

/// A header without what differs between two that mean the same: width, case, spaces, brackets and hyphens.
pub(crate) fn plain(header: &str) -> String {
    let narrow = header.chars().map(spelling::narrow);
    narrow.filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_each_column_once() {
        for format in FORMATS {
            let mut names: Vec<String> = format.columns.iter().map(|(name, _)| plain(name)).collect();
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all, "{} {:?}", format.name, format.kind);
            assert!(names.iter().all(|name| !name.is_empty()));
        }
    }

    #[test]
    fn the_headers_tell_the_format() {
        let table: [(Kind, &str, &str); 9] = [
            (Kind::Customers, "id,name,phone,email", ""),
            (Kind::Customers, "会員ID,お名前（姓）,お名前（名）,メールアドレス", "EC-CUBE"),
            (Kind::Customers, "Customer ID,First Name,Last Name,Email,Accepts Email Marketing", "Shopify"),
            (Kind::Customers, "注文番号,注文日,注文者姓,注文者名,注文者メールアドレス", "Rakuten"),
            (Kind::Orders, "order_id,customer_id,ordered_at,total,currency", ""),
            (Kind::Orders, "注文ID,会員ID,受注日,支払合計", "EC-CUBE"),
            (Kind::Orders, "注文番号,注文日,注文時間,請求金額,注文者メールアドレス", "Rakuten"),
            (Kind::Orders, "Name,Email,Financial Status,Total,Currency,Created at", "Shopify"),
            (Kind::Events, "customer_id,event,at", ""),
        ];
        for (kind, headers, name) in table {
            let headers: Vec<String> = headers.split(',').map(str::to_owned).collect();
            assert_eq!(Format::of(kind, &headers).name, name, "{headers:?}");
        }
    }
}
