//! Rows of customers as `identify` calls.

use csv::StringRecord;
use domain::contact::{Email, Phone, PhoneError};
use domain::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::cells::{Reject, consent, property_list, required};
use crate::columns::Columns;
use crate::customer_id::{customer_id, phone};
use crate::dates::{day, instant};
use crate::formats::Field;
use crate::prefectures::prefecture;
use crate::summary::Summary;

/// When a consent counts as given of which the file does not say when: before every other word, so that importing a
/// file never outranks an opt-out.
const LONG_AGO: &str = "1990-01-01T00:00:00Z";

/// The customer of a row as calls: what is known, as of `as_of`, so that the latest file counts; and what was said about
/// messages, at the time that the file gives. Where it gives none, a refusal counts from `as_of`, and an agreement from
/// [`LONG_AGO`], so that it outranks no refusal.
pub(crate) fn calls(
    columns: &Columns,
    cells: &StringRecord,
    as_of: Timestamp,
    summary: &mut Summary,
) -> Result<Vec<Value>, Reject> {
    let (id, known_by) = customer_id(columns, cells)?;
    let given_at = columns.cell(cells, Field::ConsentAt);
    let given_at = given_at.map(|(text, name)| required(name, text, instant)).transpose()?;
    let (mut traits, fixed_line) = traits(columns, cells)?;
    let (dated, undated): (Vec<_>, Vec<_>) =
        consents(columns, cells)?.into_iter().partition(|(_, given)| *given || given_at.is_some());
    if !undated.is_empty() {
        traits.insert("consents".to_owned(), marketing(undated));
    }
    let mut said =
        vec![json!({ "type": "identify", "userId": id, "timestamp": as_of.to_string(), "traits": traits })];
    if !dated.is_empty() {
        let at = given_at.unwrap_or_else(|| LONG_AGO.to_owned());
        let traits = json!({ "consents": marketing(dated) });
        said.push(json!({ "type": "identify", "userId": id, "timestamp": at, "traits": traits }));
    }
    summary.known(known_by);
    summary.fixed_lines += u64::from(fixed_line);
    Ok(said)
}

/// The traits, and whether the phone number is of no mobile phone.
fn traits(columns: &Columns, cells: &StringRecord) -> Result<(Map<String, Value>, bool), Reject> {
    let mut traits: Map<String, Value> =
        columns.named(cells).map(|(name, text)| (name.to_owned(), text.into())).collect();
    let mut put = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            traits.insert(name.to_owned(), text.into());
        }
    };
    let text = |field| columns.cell(cells, field).map(|(text, _)| text);
    let (last, first) = (text(Field::LastName), text(Field::FirstName));
    put("name", text(Field::Name).map(str::to_owned).or_else(|| whole_name(last, first)).as_deref());
    put("lastName", last);
    put("firstName", first);
    if let Some((email, column)) = columns.cell(cells, Field::Email) {
        Email::parse(email).map_err(|error| Reject::new(column, error.to_string()))?;
        put("email", Some(email));
    }
    for (field, name) in [(Field::Birthday, "birthday"), (Field::Registered, "registered")] {
        if let Some((text, column)) = columns.cell(cells, field) {
            put(name, Some(&required(column, text, day)?));
        }
    }
    let mut fixed_line = false;
    if let Some((number, column)) = phone(columns, cells) {
        match Phone::parse(&number) {
            Ok(_) | Err(PhoneError::Placeholder) => put("phone", Some(&number)),
            // No SMS goes there, but the customer is none the worse for it.
            Err(PhoneError::NotMobile) => {
                fixed_line = true;
                put("fixed_line", Some(&number));
            }
            Err(error @ PhoneError::NotANumber) => return Err(Reject::new(column, error.to_string())),
        }
    }
    if let Some(tags) = text(Field::Tags).map(property_list) {
        traits.insert("tags".to_owned(), tags);
    }
    let address = [
        ("state", text(Field::Prefecture).map(|text| prefecture(text).to_owned())),
        ("city", text(Field::City).map(str::to_owned)),
        ("postalCode", columns.joined(cells, Field::PostalCode)),
    ];
    let address: Map<String, Value> =
        address.into_iter().filter_map(|(part, text)| Some((part.to_owned(), text?.into()))).collect();
    if !address.is_empty() {
        traits.insert("address".to_owned(), address.into());
    }
    Ok((traits, fixed_line))
}

/// A name in the order of its language: the family name first, unless it is all in Latin letters.
fn whole_name(last: Option<&str>, first: Option<&str>) -> Option<String> {
    let mut names: Vec<&str> = [last, first].into_iter().flatten().collect();
    if names.iter().all(|name| name.is_ascii()) {
        names.reverse();
    }
    (!names.is_empty()).then(|| names.join(" "))
}

/// The channels whose columns say something, and whether it is yes.
fn consents(columns: &Columns, cells: &StringRecord) -> Result<Vec<(&'static str, bool)>, Reject> {
    let mut consents = Vec::new();
    for (channel, field) in [("sms", Field::SmsConsent), ("email", Field::EmailConsent)] {
        if let Some((text, name)) = columns.cell(cells, field) {
            consents.push((channel, required(name, text, consent)?));
        }
    }
    Ok(consents)
}

fn marketing(consents: Vec<(&str, bool)>) -> Value {
    consents.into_iter().map(|(channel, given)| (channel.to_owned(), json!({ "marketing": given }))).collect()
}
