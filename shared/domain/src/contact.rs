//! Where a person is reached: mobile numbers, e-mail addresses, LINE, channels.

use std::fmt;

use rlibphonenumber::{PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spelling::narrow;

/// A way to reach a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Short message to a mobile number.
    Sms,
    /// E-mail.
    Email,
    /// A push message of LINE.
    Line,
}

impl Channel {
    /// All, in the order they are written.
    pub const ALL: [Self; 3] = [Self::Sms, Self::Email, Self::Line];

    /// The name in keys and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Line => "line",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A mobile number in E.164, such as `+819012345678`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(String);

/// Numbers that shops export for "no phone".
const PLACEHOLDERS: [&str; 4] = ["09000000000", "08000000000", "07000000000", "0000000000"];

impl Phone {
    /// Reads a number as people write it (full-width digits, brackets, separators, with or without the country code);
    /// one without a country code is Japanese.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let digits: String = text.chars().map(narrow).filter(char::is_ascii_digit).collect();
        if PLACEHOLDERS.contains(&digits.as_str()) || (!digits.is_empty() && digits.chars().all(|c| c == '0'))
        {
            return Err(PhoneError::Placeholder);
        }
        // `+81 090 …` keeps the trunk prefix that the international form drops.
        let digits_text = match digits.strip_prefix("810") {
            Some(rest) => format!("+81{rest}"),
            None if digits.starts_with("81") && digits.len() == 12 => format!("+{digits}"),
            None => text.to_owned(),
        };
        let number = PhoneNumber::parse(digits_text, Some(Region::JP)).map_err(|_| PhoneError::NotANumber)?;
        if !number.is_valid() {
            return Err(PhoneError::NotANumber);
        }
        let kind = number.get_type();
        if matches!(kind, PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile) {
            Ok(Self(number.format_as(PhoneNumberFormat::E164).into_owned()))
        } else {
            Err(PhoneError::NotMobile)
        }
    }

    /// A number that was parsed before, read back from where it was kept.
    pub fn kept(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The number in E.164.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no number an SMS can go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// A number that shops write when there is none.
    #[error("a placeholder for no number; leave it empty")]
    Placeholder,
    /// Not a number of any country.
    #[error("not a phone number; write it as 090-1234-5678 or +819012345678")]
    NotANumber,
    /// A fixed line, toll-free or other number without SMS.
    #[error("not a mobile number; SMS needs 060, 070, 080 or 090, or a mobile number with its country code")]
    NotMobile,
}

/// An e-mail address, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Checks the shape only: whether a mailbox exists is known by its bounces. At most 254 bytes (RFC 5321, 4.5.3.1.3).
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let (local, host) = text.rsplit_once('@').ok_or(EmailError)?;
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\"\\".contains(c);
        let host_fits = host.contains('.')
            && host
                .split('.')
                .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
            && host.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-');
        if local.is_empty()
            || local.len() > 64
            || text.len() > 254
            || !host_fits
            || !local.chars().all(|c| plain(c) && c != '@')
        {
            return Err(EmailError);
        }
        // One mailbox, however it is written: an opt-out must hold for all of them.
        Ok(Self(text.to_lowercase()))
    }

    /// An address that was parsed before, read back from where it was kept.
    pub fn kept(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address; write it as name@example.jp")]
pub struct EmailError;

/// A person's LINE user id, as the shop's official account knows them: `U` and 32 hexadecimal digits in lower case
/// (<https://developers.line.biz/en/docs/messaging-api/getting-user-ids/>). Another account knows them by another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineId(String);

impl LineId {
    /// Reads an id as LINE writes it; ids of groups (`C…`) and rooms (`R…`) are nobody's.
    pub fn parse(text: &str) -> Result<Self, LineIdError> {
        let text = text.trim();
        let hexadecimal = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        let fits =
            text.len() == 33 && text.strip_prefix('U').is_some_and(|rest| rest.bytes().all(hexadecimal));
        if fits { Ok(Self(text.to_owned())) } else { Err(LineIdError) }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no LINE user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a LINE user id; it is U and 32 digits or letters a to f, as the webhook of your official account has it, and not \
     the LINE ID that people tell each other"
)]
pub struct LineIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ids_are_those_of_persons() {
        let id = "U4af4980629f1b2c3d4e5f60718293a4b";
        assert_eq!(
            LineId::parse(" U4af4980629f1b2c3d4e5f60718293a4b\n").as_ref().map(LineId::as_str),
            Ok(id)
        );
        for text in [
            "",
            "hanako",
            "@216ru",
            "U4af4980629",
            "C4af4980629f1b2c3d4e5f60718293a4b",
            "U4AF4980629F1B2C3D4E5F60718293A4B",
            "U4af4980629f1b2c3d4e5f60718293a4bc",
            "U4af4980629f1b2c3d4e5f60718293a4g",
        ] {
            assert_eq!(LineId::parse(text), Err(LineIdError), "{text}");
        }
    }

    #[test]
    fn numbers_as_people_write_them() {
        for text in [
            "０９０－１２３４－５６７８",
            "(090)1234-5678",
            "+81 090 1234 5678",
            "819012345678",
            "+819012345678",
            "09012345678",
        ] {
            assert_eq!(Phone::parse(text).as_ref().map(Phone::as_str), Ok("+819012345678"), "{text}");
        }
        assert_eq!(Phone::parse("06012345678").as_ref().map(Phone::as_str), Ok("+816012345678"));
    }

    #[test]
    fn numbers_that_take_no_sms() {
        assert_eq!(Phone::parse("090-0000-0000"), Err(PhoneError::Placeholder));
        assert_eq!(Phone::parse("000-0000-0000"), Err(PhoneError::Placeholder));
        assert_eq!(Phone::parse("03-1234-5678"), Err(PhoneError::NotMobile));
        assert_eq!(Phone::parse("0120-123-456"), Err(PhoneError::NotMobile));
        assert_eq!(Phone::parse("050-1234-5678"), Err(PhoneError::NotMobile));
        assert_eq!(Phone::parse("090-12"), Err(PhoneError::NotANumber));
        assert_eq!(Phone::parse(""), Err(PhoneError::NotANumber));
        assert_eq!(Phone::parse("x@y.jp"), Err(PhoneError::NotANumber));
    }

    #[test]
    fn e_mail_addresses() {
        assert_eq!(Email::parse(" Hana@Example.JP ").as_ref().map(Email::as_str), Ok("hana@example.jp"));
        for text in [
            "",
            "hana",
            "@example.jp",
            "hana@",
            "hana@jp",
            "ha na@example.jp",
            "a@b@c.jp ,",
            "hana@-x.jp",
            "x\r\nBcc: y@example.jp",
        ] {
            assert_eq!(Email::parse(text), Err(EmailError), "{text}");
        }
    }
}
