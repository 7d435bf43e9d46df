//! Reading what providers write: values that are numbers here and texts there, times without a zone, numbers without a
//! country.

use domain::time::Timestamp;
use serde_json::Value;

use crate::receipts::{MAX_NOTICES, Notice, ReceiptError};

/// The country code of Japan in E.164.
const JAPAN: &str = "+81";
/// What numbers within Japan begin with instead of it.
const TRUNK_PREFIX: &str = "0";
/// Digits of a date and time of day.
const DIGITS: usize = 14;

/// A mobile number of Japan as it is dialled there, `09012345678`; none for a number of another country.
pub(crate) fn domestic(number: &str) -> Option<String> {
    number.strip_prefix(JAPAN).map(|rest| format!("{TRUNK_PREFIX}{rest}"))
}

/// Reads a date and time of day in Japan, whatever stands between its digits: `2026/11/22 09:30:00`,
/// `2026年11月22日 09:30:00`, `20261122 093000123`.
pub(crate) fn japan_time(text: &str) -> Option<Timestamp> {
    let digits: String = text.chars().filter(char::is_ascii_digit).take(DIGITS).collect();
    if digits.len() < DIGITS {
        return None;
    }
    let (year, month, day) = (&digits[..4], &digits[4..6], &digits[6..8]);
    let (hour, minute, second) = (&digits[8..10], &digits[10..12], &digits[12..]);
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}+09:00")).ok()
}

/// A text, number or yes and no as text; nothing for what is empty, absent, a list or an object.
pub(crate) fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// One item of a post, whose values are read by their JSON Pointer (RFC 6901). Errors name the place and quote nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) value: &'a Value,
    /// Where the item stands in its post, such as `/results/3`.
    pub(crate) place: &'a str,
}

impl Item<'_> {
    /// What stands at `pointer`, if anything does.
    pub(crate) fn text(&self, pointer: &str) -> Result<Option<String>, ReceiptError> {
        match self.value.pointer(pointer) {
            Some(Value::Array(_) | Value::Object(_)) => Err(self.malformed(pointer)),
            found => Ok(found.and_then(word)),
        }
    }

    /// What stands at `pointer`, and must.
    pub(crate) fn needed(&self, pointer: &str) -> Result<String, ReceiptError> {
        self.text(pointer)?.ok_or_else(|| self.malformed(pointer))
    }

    /// A text with the space around it, which may be empty: what a person wrote.
    pub(crate) fn prose(&self, pointer: &str) -> Result<String, ReceiptError> {
        match self.value.pointer(pointer) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            _ => Err(self.malformed(pointer)),
        }
    }

    /// A whole number that is not negative, if there is one.
    pub(crate) fn count<T: TryFrom<u64>>(&self, pointer: &str) -> Result<Option<T>, ReceiptError> {
        let Some(text) = self.text(pointer)? else { return Ok(None) };
        let count = text.parse::<u64>().ok().and_then(|count| T::try_from(count).ok());
        count.map(Some).ok_or_else(|| self.malformed(pointer))
    }

    /// The instant that `read` finds at `pointer`; `now` where there is nothing.
    pub(crate) fn time(
        &self,
        pointer: &str,
        read: fn(&str) -> Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Timestamp, ReceiptError> {
        match self.text(pointer)? {
            Some(text) => read(&text).ok_or_else(|| self.malformed(pointer)),
            None => Ok(now),
        }
    }

    /// The error for what cannot be read at `pointer`.
    pub(crate) fn malformed(&self, pointer: &str) -> ReceiptError {
        ReceiptError::Malformed { place: format!("{}{pointer}", self.place) }
    }
}

/// What the items of a list tell that stands at `pointer` of a post.
pub(crate) fn each<N: IntoIterator<Item = Notice>>(
    post: &Value,
    pointer: &str,
    read: impl Fn(Item<'_>) -> Result<N, ReceiptError>,
) -> Result<Vec<Notice>, ReceiptError> {
    let mut notices = Vec::new();
    for (place, value) in list(post, pointer)? {
        notices.extend(read(Item { value, place: &place })?);
    }
    Ok(notices)
}

/// The items of a list that stands at `pointer` of a post, each with its place.
pub(crate) fn list<'a>(post: &'a Value, pointer: &str) -> Result<Vec<(String, &'a Value)>, ReceiptError> {
    let malformed = |place: String| ReceiptError::Malformed { place };
    match post.pointer(pointer) {
        Some(Value::Array(items)) if items.len() > MAX_NOTICES => {
            Err(malformed(format!("{pointer}/{MAX_NOTICES}")))
        }
        Some(Value::Array(items)) => {
            Ok(items.iter().enumerate().map(|(index, item)| (format!("{pointer}/{index}"), item)).collect())
        }
        Some(item @ Value::Object(_)) => Ok(vec![(pointer.to_owned(), item)]),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
            Err(malformed(if pointer.is_empty() { "body".to_owned() } else { pointer.to_owned() }))
        }
    }
}

/// A post's body as JSON.
pub(crate) fn json(body: &[u8]) -> Result<Value, ReceiptError> {
    serde_json::from_slice(body).map_err(|_| ReceiptError::Malformed { place: "body".to_owned() })
}

/// The fields of a form, or of a query, as texts; of a name that comes twice, the first.
pub(crate) fn form(encoded: &[u8]) -> serde_json::Map<String, Value> {
    let mut fields = serde_json::Map::new();
    for (name, value) in url::form_urlencoded::parse(encoded) {
        fields.entry(name.into_owned()).or_insert_with(|| Value::String(value.into_owned()));
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_of_japan_are_dialled_with_a_zero() {
        assert_eq!(domestic("+819012345678").as_deref(), Some("09012345678"));
        assert_eq!(domestic("+816012345678").as_deref(), Some("06012345678"));
        assert_eq!(domestic("+14155550100"), None);
        assert_eq!(domestic("09012345678"), None);
    }

    #[test]
    fn times_of_day_in_japan() {
        let expected = Timestamp::parse("2026-11-22T09:30:00+09:00").ok();
        for text in [
            "2026/11/22 09:30:00",
            "2026-11-22 09:30:00",
            "2026年11月22日 09:30:00",
            "20261122 093000123",
            "20261122093000",
        ] {
            assert_eq!(japan_time(text), expected, "{text}");
        }
        for text in ["", "2026/11/22 09:30", "2026/13/22 09:30:00", "2026/11/22 25:30:00", "9:30"] {
            assert_eq!(japan_time(text), None, "{text}");
        }
    }

    #[test]
    fn values_are_read_leniently_and_placed_where_they_cannot_be() {
        let value = json!({ "n": 3, "t": " 3 ", "e": "", "l": [1], "minus": -1, "huge": 4_294_967_296_u64 });
        let item = Item { value: &value, place: "/results/1" };
        assert_eq!(item.text("/n"), Ok(Some("3".to_owned())));
        assert_eq!(item.text("/t"), Ok(Some("3".to_owned())));
        assert_eq!(item.text("/e"), Ok(None));
        assert_eq!(item.text("/absent"), Ok(None));
        assert_eq!(item.prose("/t"), Ok(" 3 ".to_owned()));
        assert_eq!(item.prose("/e"), Ok(String::new()));
        assert_eq!(item.count("/t"), Ok(Some(3_u32)));
        let malformed = |place: &str| ReceiptError::Malformed { place: place.to_owned() };
        assert_eq!(item.text("/l"), Err(malformed("/results/1/l")));
        assert_eq!(item.needed("/e"), Err(malformed("/results/1/e")));
        assert_eq!(item.prose("/absent"), Err(malformed("/results/1/absent")));
        assert_eq!(item.count::<u32>("/minus"), Err(malformed("/results/1/minus")));
        assert_eq!(item.count::<u32>("/huge"), Err(malformed("/results/1/huge")));
    }

    #[test]
    fn of_a_field_that_comes_twice_the_first_counts() {
        assert_eq!(json!(form("a=1+%E5%81%9C&b=2&a=3".as_bytes())), json!({ "a": "1 停", "b": "2" }));
    }
}
