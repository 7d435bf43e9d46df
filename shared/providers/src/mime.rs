//! An e-mail as it travels: headers by RFC 5322, their Japanese by RFC 2047, text and HTML by RFC 2045 and 2046.
//!
//! Nothing of it is left to chance: the same message is the same bytes whenever it is made.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;

use crate::answer::SendError;
use crate::email::EmailRequest;

/// The header that names our message.
pub(crate) const CODE_HEADER: &str = "X-Tsunagi-Code";

/// How many bytes of text one encoded word holds: with what stands around them they make 75 characters at most.
const WORD_BYTES: usize = 45;

/// The longest value of a header that is written as it is: with its name, less than the 998 of RFC 5322, 2.1.1.
const RAW_LIMIT: usize = 900;

/// An e-mail, made.
pub(crate) struct Letter {
    /// All of it, each line ended by CR LF; ASCII only.
    pub(crate) bytes: Vec<u8>,
    /// The sender's address, for the envelope.
    pub(crate) from: String,
    /// The receiver's address, for the envelope.
    pub(crate) to: String,
    /// Its Message-ID, in angle brackets.
    pub(crate) message_id: String,
}

/// Makes an e-mail of a request. An address that cannot be written is the message's fault if it is the receiver's, and that of
/// the configuration if it is the sender's.
pub(crate) fn letter(request: &EmailRequest<'_>) -> Result<Letter, SendError> {
    let (name, from) = sender(request.from).ok_or_else(|| wrong("the sender's address cannot be written"))?;
    let to = address(request.to)
        .ok_or_else(|| SendError::Permanent { code: "address_cannot_be_written".to_owned() })?;
    let message_id = format!("{}@{}", request.reference, domain_of(&from));
    let mut builder = MessageBuilder::new()
        .date(request.at.seconds())
        .header("From", mailbox(name, &from))
        .header("To", mailbox(None, &to))
        .message_id(MessageId::new(message_id.clone()))
        .header("Subject", subject(request.subject));
    for (name, value) in request.headers {
        if let Some(value) = header(name, value)? {
            builder = builder.header(name.clone(), value);
        }
    }
    builder = builder.header(CODE_HEADER, Raw::new(request.reference));
    let text = MimePart::new("text/plain", lines(request.text));
    let body = match request.html.filter(|html| !html.trim().is_empty()) {
        None => text,
        Some(html) => {
            // No line of base64 or quoted-printable begins like this, and the code is not to be guessed.
            let boundary = format!("=_{}", request.reference);
            let kind = ContentType::new("multipart/alternative").attribute("boundary", boundary);
            MimePart::new(kind, vec![text, MimePart::new("text/html", lines(html))])
        }
    };
    let mut bytes = Vec::new();
    builder.body(body).serialize(&mut bytes);
    Ok(Letter { bytes, from, to, message_id: format!("<{message_id}>") })
}

/// The part of an address after its `@`.
pub(crate) fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

/// `Name <address>`, `"Name" <address>` or an address: the name, if there is one, and the address as it is written.
pub(crate) fn sender(text: &str) -> Option<(Option<String>, String)> {
    let text = text.trim();
    let Some((name, rest)) = text.rsplit_once('<') else { return Some((None, address(text)?)) };
    let name = plain(name.trim());
    let name = match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => unquoted(quoted),
        None => name,
    };
    Some((Some(name).filter(|name| !name.is_empty()), address(rest.strip_suffix('>')?)?))
}

/// What stands in quotes, without the backslashes that take the next character as it is.
fn unquoted(text: &str) -> String {
    let mut taken = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        taken.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    taken
}

/// An address as mail writes it: the domain in ASCII, and the part before it in quotes where it needs them. Mobile carriers
/// in Japan gave away addresses such as `a..b.@docomo.ne.jp`, which are none without quotes (RFC 5321, 4.1.2).
pub(crate) fn address(text: &str) -> Option<String> {
    let (local, domain) = text.trim().rsplit_once('@')?;
    let Ok(url::Host::Domain(domain)) = url::Host::parse(domain) else { return None };
    let local = match local.strip_prefix('"').and_then(|local| local.strip_suffix('"')) {
        Some(quoted) => unquoted(quoted),
        None => local.to_owned(),
    };
    if local.is_empty() || !local.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let special = |c: char| "()<>[]:;@\\,\"".contains(c);
    let atoms = local.split('.').all(|atom| !atom.is_empty()) && !local.contains(special);
    if atoms {
        return Some(format!("{local}@{domain}"));
    }
    let mut quoted = String::new();
    for c in local.chars() {
        if c == '"' || c == '\\' {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    Some(format!("\"{quoted}\"@{domain}"))
}

/// A header of its own; none for an address that is none.
fn header<'a>(name: &str, value: &str) -> Result<Option<HeaderType<'a>>, SendError> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.is_empty() || !name.bytes().all(token) {
        return Err(wrong("a header's name cannot be written"));
    }
    if name.eq_ignore_ascii_case("Reply-To") {
        let Some((name, address)) = sender(value) else { return Ok(None) };
        return Ok(Some(mailbox(name, &address)));
    }
    // Addresses of the web are not to be encoded: RFC 2369, 2.
    if name.len() > 5 && name.as_bytes()[..5].eq_ignore_ascii_case(b"List-") {
        let plain = value.len() <= RAW_LIMIT && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !plain {
            return Err(wrong("a header's address cannot be written"));
        }
        return Ok(Some(Raw::new(value.to_owned()).into()));
    }
    Ok(Some(Text::new(plain(value)).into()))
}

/// A person and their address. A name that looks encoded already would be read as another, quotes or not, and is encoded.
fn mailbox<'a>(name: Option<String>, address: &str) -> HeaderType<'a> {
    match name {
        Some(name) if name.contains("=?") => Raw::new(format!("{} <{address}>", encoded(&name))).into(),
        name => Address::new_address(name, address.to_owned()).into(),
    }
}

/// One that looks encoded already would be read as something else, and is encoded.
fn subject<'a>(subject: &str) -> HeaderType<'a> {
    let subject = plain(subject);
    if subject.contains("=?") { Raw::new(encoded(&subject)).into() } else { Text::new(subject).into() }
}

/// A text as encoded words, whole characters in each.
fn encoded(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(WORD_BYTES);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (word, after) = rest.split_at(end);
        let separator = if words.is_empty() { "" } else { " " };
        let _ = write!(words, "{separator}=?utf-8?B?{}?=", STANDARD.encode(word));
        rest = after;
    }
    words
}

/// A text for a header: one line, nothing that steers a terminal or a parser.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text for a body: its lines end by CR LF (RFC 2046, 4.1.1), and it has no other control characters than tabs.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: Cow<'_, str> = if text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect::<String>().into()
    } else {
        Cow::Borrowed(&text)
    };
    kept.replace('\n', "\r\n")
}

fn wrong(reason: &str) -> SendError {
    SendError::Configuration { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
