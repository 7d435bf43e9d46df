//! What is asked: the fields of a call.

use std::net::IpAddr;

use domain::contact::Phone;
use domain::verification::{Host, Id, Locale, Shape};
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The most bytes of a call.
pub(crate) const BODY_LIMIT: usize = 8 * 1024;

/// The most characters of what is typed as a code: more are none.
const TYPED_LIMIT: usize = 64;

/// A code is to be sent.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) to: Phone,
    pub(crate) shape: Shape,
    pub(crate) locale: Locale,
    pub(crate) host: Option<Host>,
    /// Who asks for it, when the shop's server says so.
    pub(crate) ip: Option<IpAddr>,
}

/// A code was typed; none where the page behind a link was to confirm it.
pub(crate) struct Check {
    /// None when it can't be a verification's.
    pub(crate) id: Option<Id>,
    pub(crate) code: Option<String>,
}

/// The fields of a call.
struct Fields(Map<String, Value>);

impl Start {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = Fields::read(body)?;
        let to = fields.text("to")?.ok_or_else(|| missing("to", "a mobile number such as 090-1234-5678"))?;
        let start = Self {
            to: Phone::parse(&to).map_err(|error| wrong("to", &error.to_string()))?,
            shape: fields.named("shape", Shape::ALL, Shape::name)?,
            locale: fields.named("locale", Locale::ALL, Locale::name)?,
            host: fields.parsed("domain", |text| Host::parse(text).map_err(|error| error.to_string()))?,
            ip: fields.parsed("ip", |text| text.parse().map_err(|_| IP.to_owned()))?,
        };
        fields.end(&["to", "shape", "locale", "domain", "ip"])?;
        Ok(start)
    }
}

const IP: &str = "not an IP address; write it as 192.0.2.1 or 2001:db8::1, or leave it out";

impl Check {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = Fields::read(body)?;
        let id = fields.text("id")?.ok_or_else(|| missing("id", "what the call for the code answered"))?;
        let typed = fields.text("code")?;
        fields.end(&["id", "code"])?;
        // Digits as people type them: full-width, in groups.
        let plain = |typed: String| -> String {
            let narrow = typed.chars().take(TYPED_LIMIT).map(domain::spelling::narrow);
            narrow.filter(|c| !c.is_whitespace() && *c != '-').collect()
        };
        Ok(Self { id: Id::parse(&id), code: typed.map(plain) })
    }
}

impl Fields {
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Refusal::Malformed("the body is no object".to_owned())),
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                Err(Refusal::Malformed(format!("the body is not JSON: line {line} column {column}")))
            }
        }
    }

    /// A text; nothing where it is null or not there.
    fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "not a text; put it in quotation marks")),
        }
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Refusal> {
        let text = self.text(name)?;
        text.map(|text| parse(text.trim()).map_err(|error| wrong(name, &error))).transpose()
    }

    /// One of a few words; the first where nothing is said.
    fn named<T: Copy + Default, const N: usize>(
        &mut self,
        name: &str,
        all: [T; N],
        word: fn(T) -> &'static str,
    ) -> Result<T, Refusal> {
        let found = self.parsed(name, |text| {
            let found = all.into_iter().find(|one| word(*one) == text);
            found.ok_or_else(|| format!("not one of {}", all.map(word).join(", ")))
        })?;
        Ok(found.unwrap_or_default())
    }

    /// What is left is a mistake: a field that nobody reads would be one that somebody relies on.
    fn end(self, known: &[&str]) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Refusal::Malformed(format!("there are fields beside {}; leave them out", known.join(", "))))
    }
}

fn missing(field: &str, expected: &str) -> Refusal {
    Refusal::Malformed(format!("`{field}` is missing: {expected}"))
}

fn wrong(field: &str, what: &str) -> Refusal {
    Refusal::Malformed(format!("`{field}` is {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        match Start::read(body.as_bytes()) {
            Err(Refusal::Malformed(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_call_is_read_or_its_mistake_is_told_without_the_number() {
        let start = Start::read(r#"{"to":"０９０−1234−5678","shape":"link","ip":"192.0.2.1"}"#.as_bytes());
        let start = start.unwrap();
        assert_eq!(
            (start.to.as_str(), start.shape, start.locale),
            ("+819012345678", Shape::Link, Locale::Ja)
        );
        assert_eq!(refused("{}"), "`to` is missing: a mobile number such as 090-1234-5678");
        assert_eq!(refused("[1]"), "the body is no object");
        assert_eq!(refused("{"), "the body is not JSON: line 1 column 1");
        for (body, field) in [
            (r#"{"to":"03-1234-5678"}"#, "`to` is not a mobile number"),
            (r#"{"to":9012345678}"#, "`to` is not a text"),
            (r#"{"to":"09012345678","shape":"x"}"#, "`shape` is not one of code, code_with_help, link"),
            (r#"{"to":"09012345678","domain":"https://a.jp"}"#, "`domain` is not the name of a site"),
            (r#"{"to":"09012345678","ip":"here"}"#, "`ip` is not an IP address"),
            (r#"{"to":"09012345678","code":"1"}"#, "there are fields beside to, shape"),
        ] {
            let error = refused(body);
            assert!(error.starts_with(field) && !error.contains("1234567"), "{error}");
        }
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = |body: &str| Check::read(body.as_bytes()).unwrap().code;
        assert_eq!(code(r#"{"id":"x","code":" １２３-456 "}"#).as_deref(), Some("123456"));
        assert_eq!(code(r#"{"id":"x"}"#), None);
        assert!(Check::read(br#"{"id":"k3Jd02aB9xYz"}"#).unwrap().id.is_some());
        assert!(Check::read(br#"{"code":"1"}"#).is_err());
    }
}
