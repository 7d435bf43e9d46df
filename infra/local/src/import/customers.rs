//! Rows of customers as `identify` calls.

use anyhow::bail;
use csv::StringRecord;
use serde_json::{Map, Value, json};

use super::Import;
use super::cells::{Reject, birthday, cell, consent, instant, is_placeholder, optional, required, text};
use super::header::Header;
use super::message_id::message_id;

const KNOWN: [&str; 9] =
    ["id", "name", "phone", "email", "birthday", "prefecture", "sms_consent", "email_consent", "consent_at"];

/// Which column is where.
pub(super) struct CustomerColumns {
    id: usize,
    name: Option<usize>,
    phone: Option<usize>,
    email: Option<usize>,
    birthday: Option<usize>,
    prefecture: Option<usize>,
    sms_consent: Option<usize>,
    email_consent: Option<usize>,
    consent_at: Option<usize>,
    traits: Vec<(usize, String)>,
}

impl CustomerColumns {
    pub fn new(header: &Header, warnings: &mut Vec<String>) -> anyhow::Result<Self> {
        let id = header.require("id", &KNOWN)?;
        let mut traits = Vec::new();
        for (at, name) in header.others(&KNOWN) {
            let (file, line) = (header.file(), header.line());
            match name {
                "address" => bail!(
                    "{file}: column `address` in line {line} is where `prefecture` is kept; name it `street`, say"
                ),
                "consents" => bail!(
                    "{file}: column `consents` in line {line}: consent is in `sms_consent` and `email_consent`"
                ),
                _ => {}
            }
            if let Some(meant) = header.nearly(name, &KNOWN) {
                warnings.push(format!(
                    "{file}: column `{name}` in line {line} is kept as a trait: did you mean `{meant}`?"
                ));
            }
            traits.push((at, name.to_owned()));
        }
        Ok(Self {
            id,
            name: header.find("name"),
            phone: header.find("phone"),
            email: header.find("email"),
            birthday: header.find("birthday"),
            prefecture: header.find("prefecture"),
            sms_consent: header.find("sms_consent"),
            email_consent: header.find("email_consent"),
            consent_at: header.find("consent_at"),
            traits,
        })
    }

    /// The customer as a call; its timestamp is when consent was given, where the file says so.
    pub fn call(&self, cells: &StringRecord, import: &Import) -> Result<Value, Reject> {
        let id = required(cells, self.id, "id", text)?;
        let given_at = optional(cells, self.consent_at, "consent_at", instant)?;
        let mut call = json!({ "type": "identify", "userId": id, "traits": self.traits(cells, import)? });
        if let Some(at) = given_at {
            call["timestamp"] = at.into();
        }
        call["messageId"] = message_id("customer", &call.to_string()).into();
        Ok(call)
    }

    fn traits(&self, cells: &StringRecord, import: &Import) -> Result<Map<String, Value>, Reject> {
        let phone = |text| if is_placeholder(text) { Ok(None) } else { (import.phones)(text).map(Some) };
        let known = [
            ("name", optional(cells, self.name, "name", |name| Ok(name.to_owned()))?),
            ("phone", optional(cells, self.phone, "phone", phone)?.flatten()),
            ("email", optional(cells, self.email, "email", import.emails)?),
            ("birthday", optional(cells, self.birthday, "birthday", birthday)?),
        ];
        let others =
            self.traits.iter().map(|(at, name)| (name.as_str(), cell(cells, *at).map(str::to_owned)));
        let mut traits: Map<String, Value> = others
            .chain(known)
            .filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))))
            .collect();
        if let Some(prefecture) = self.prefecture.and_then(|at| cell(cells, at)) {
            traits.insert("address".to_owned(), json!({ "state": prefecture }));
        }
        let mut consents = Map::new();
        for (channel, at, column) in
            [("sms", self.sms_consent, "sms_consent"), ("email", self.email_consent, "email_consent")]
        {
            if let Some(given) = optional(cells, at, column, consent)? {
                consents.insert(channel.to_owned(), json!({ "marketing": given }));
            }
        }
        if !consents.is_empty() {
            traits.insert("consents".to_owned(), consents.into());
        }
        Ok(traits)
    }
}
