//! Whom a row is about.

use csv::StringRecord;
use domain::contact::{Email, Phone, PhoneError};

use crate::cells::narrow;
use crate::columns::Columns;
use crate::formats::{Field, KnownBy};
use crate::reject::Reject;

/// The customer's id in plain characters (１００１ is 1001), and by what else the customer is known where there is no id: the
/// e-mail address in lower case, or the phone number in E.164, the same in files of customers, orders and events.
pub(crate) fn customer_id(
    columns: &Columns,
    cells: &StringRecord,
) -> Result<(String, Option<KnownBy>), Reject> {
    if let Some((id, _)) = columns.cell(cells, Field::Id) {
        return Ok((narrow(id), None));
    }
    let mut wrong = None;
    for known_by in columns.format.known_by {
        let found = match known_by {
            KnownBy::Email => columns.cell(cells, Field::Email).map(|(text, name)| {
                let email = Email::parse(text).map(|email| email.as_str().to_owned());
                email.map_err(|error| Some(Reject::new(name, error.to_string())))
            }),
            KnownBy::Phone => phone(columns, cells).map(|(text, name)| match Phone::parse(&text) {
                Ok(phone) => Ok(phone.as_str().to_owned()),
                Err(error @ PhoneError::NotANumber) => Err(Some(Reject::new(name, error.to_string()))),
                Err(PhoneError::Placeholder | PhoneError::NotMobile) => Err(None),
            }),
        };
        match found {
            Some(Ok(id)) => return Ok((id, Some(known_by))),
            Some(Err(reject)) => wrong = wrong.or(reject),
            None => {}
        }
    }
    let known = columns.has(Field::Email) || columns.has(Field::Phone) || columns.has(Field::PhonePart);
    Err(wrong.unwrap_or_else(|| {
        let problem = if known {
            "missing, and no e-mail address or mobile number to know the customer by"
        } else {
            "missing; every row needs one"
        };
        Reject::new(columns.name(Field::Id), problem)
    }))
}

/// The phone number of a row, whole or put together, and its header: of several the first one of a mobile phone.
pub(crate) fn phone<'a>(columns: &'a Columns, cells: &'a StringRecord) -> Option<(String, &'a str)> {
    let mut mobile = columns.cells(cells, Field::Phone).filter(|(text, _)| Phone::parse(text).is_ok());
    let whole = mobile.next().or_else(|| columns.cell(cells, Field::Phone));
    let parts = || Some((columns.joined(cells, Field::PhonePart, "-")?, columns.name(Field::PhonePart)));
    whole.map(|(text, name)| (text.to_owned(), name)).or_else(parts)
}
