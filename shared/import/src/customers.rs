//! Rows of customers as `identify` calls.

use csv::StringRecord;
use domain::contact::{Email, LineId, Phone, PhoneError};
use domain::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::cells::{clear_consent, consent, property_list, required};
use crate::columns::Columns;
use crate::customer_id::{customer_id, phone};
use crate::dates::{day, instant};
use crate::formats::Field;
use crate::orders::at;
use crate::prefectures::prefecture;
use crate::reject::{Reject, Wrong};
use crate::said::Said;

/// When a consent counts as given of which the file does not say when: before every other word, so that importing a
/// file never outranks an opt-out.
const LONG_AGO: &str = "1990-01-01T00:00:00Z";

/// The customer of a row as calls: what is known, as of `as_of`, so that the latest file counts; and what was said about
/// messages, at the time that the file gives. Where it gives none, a refusal counts from `as_of`, and an agreement from
/// [`LONG_AGO`], so that it outranks no refusal.
///
/// Where customers are read from orders, what is known is as of the order: the latest one counts.
pub(crate) fn customer(columns: &Columns, cells: &StringRecord, as_of: Timestamp) -> Result<Said, Reject> {
    let mut wrong = Wrong::default();
    let known = wrong.sort(customer_id(columns, cells));
    let given_at = columns.cell(cells, Field::ConsentAt);
    let given_at = given_at.and_then(|(text, name)| wrong.sort(required(name, text, instant)));
    let of_order = columns.cell(cells, Field::At).or_else(|| columns.cell(cells, Field::Date)).is_some();
    let ordered = if of_order { wrong.sort(at(columns, cells)) } else { None };
    let (mut traits, fixed_line) = traits(columns, cells, &mut wrong);
    let (consents, unclear) = consents(columns, cells, &mut wrong);
    let (id, known_by) = wrong.all(known)?;
    let as_of = as_of.to_string();
    let (dated, undated): (Vec<_>, Vec<_>) =
        consents.into_iter().partition(|(_, given)| *given || given_at.is_some());
    let mut said = Vec::new();
    if !undated.is_empty() && ordered.is_none() {
        traits.insert("consents".to_owned(), marketing(undated));
    } else if !undated.is_empty() {
        said.push((as_of.clone(), Map::from_iter([("consents".to_owned(), marketing(undated))])));
    }
    if !dated.is_empty() {
        let at = given_at.unwrap_or_else(|| LONG_AGO.to_owned());
        said.push((at, Map::from_iter([("consents".to_owned(), marketing(dated))])));
    }
    said.insert(0, (ordered.unwrap_or(as_of), traits));
    let identify = |(at, traits): (String, Map<String, Value>)| json!({ "type": "identify", "userId": id, "timestamp": at, "traits": traits });
    Ok(Said {
        calls: said.into_iter().map(identify).collect(),
        known_by,
        fixed_line,
        unclear,
        ..Said::default()
    })
}

/// The traits, and whether the phone number is of no mobile phone.
fn traits(columns: &Columns, cells: &StringRecord, wrong: &mut Wrong) -> (Map<String, Value>, bool) {
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
        wrong.sort(Email::parse(email).map_err(|error| Reject::new(column, error.to_string())));
        put("email", Some(email));
    }
    if let Some((id, column)) = columns.cell(cells, Field::LineId) {
        wrong.sort(LineId::parse(id).map_err(|error| Reject::new(column, error.to_string())));
        put("line_id", Some(id));
    }
    for (field, name) in [(Field::Birthday, "birthday"), (Field::Registered, "registered")] {
        if let Some((text, column)) = columns.cell(cells, field) {
            put(name, wrong.sort(required(column, text, day)).as_deref());
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
            Err(error @ PhoneError::NotANumber) => {
                wrong.sort::<()>(Err(Reject::new(column, error.to_string())));
            }
        }
    }
    if let Some(tags) = text(Field::Tags).map(property_list) {
        traits.insert("tags".to_owned(), tags);
    }
    let address = address(columns, cells);
    if !address.is_empty() {
        traits.insert("address".to_owned(), address.into());
    }
    (traits, fixed_line)
}

/// Of an address, what is needed to choose people by, and to write to them by post.
fn address(columns: &Columns, cells: &StringRecord) -> Map<String, Value> {
    let text = |field| columns.cell(cells, field).map(|(text, _)| text);
    let address = [
        ("state", text(Field::Prefecture).map(|text| prefecture(text).to_owned())),
        ("city", text(Field::City).map(str::to_owned)),
        ("street", columns.joined(cells, Field::Street, " ")),
        ("postalCode", columns.joined(cells, Field::PostalCode, "-")),
    ];
    address.into_iter().filter_map(|(part, text)| Some((part.to_owned(), text?.into()))).collect()
}

/// A name in the order of its language: the family name first, unless it is all in Latin letters.
fn whole_name(last: Option<&str>, first: Option<&str>) -> Option<String> {
    let mut names: Vec<&str> = [last, first].into_iter().flatten().collect();
    if names.iter().all(|name| name.is_ascii()) {
        names.reverse();
    }
    (!names.is_empty()).then(|| names.join(" "))
}

/// The channels whose columns say something, and whether it is yes; and the columns that only look like consent, and say
/// neither yes nor no clearly. Those are no word on it.
fn consents(
    columns: &Columns,
    cells: &StringRecord,
    wrong: &mut Wrong,
) -> (Vec<(&'static str, bool)>, Vec<String>) {
    let (mut said, mut unclear) = (Vec::new(), Vec::new());
    for (channel, meant, alike) in [
        ("sms", Field::SmsConsent, Field::SmsWish),
        ("email", Field::EmailConsent, Field::EmailWish),
        ("line", Field::LineConsent, Field::LineWish),
    ] {
        if let Some((text, name)) = columns.cell(cells, meant) {
            said.extend(wrong.sort(required(name, text, consent)).map(|given| (channel, given)));
            continue;
        }
        let words = columns.cells(cells, alike).map(|(text, name)| (clear_consent(text), name));
        let words: Vec<(Option<bool>, &str)> = words.collect();
        unclear.extend(words.iter().filter(|(word, _)| word.is_none()).map(|(_, name)| (*name).to_owned()));
        // One column that says no outweighs another that says yes, and so does one that nobody understands.
        if words.iter().any(|(word, _)| *word == Some(false)) {
            said.push((channel, false));
        } else if !words.is_empty() && words.iter().all(|(word, _)| *word == Some(true)) {
            said.push((channel, true));
        }
    }
    (said, unclear)
}

fn marketing(consents: Vec<(&str, bool)>) -> Value {
    consents.into_iter().map(|(channel, given)| (channel.to_owned(), json!({ "marketing": given }))).collect()
}
