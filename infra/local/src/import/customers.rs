//! Rows of customers as `identify` calls.

use anyhow::bail;
use csv::StringRecord;
use serde_json::{Map, Value, json};

use super::cells::{Reject, birthday, cell, consent, instant, optional, required, text};
use super::header::Header;

const KNOWN: [&str; 9] =
    ["id", "name", "phone", "email", "birthday", "prefecture", "sms_consent", "email_consent", "consent_at"];

/// When a consent counts as given of which the file does not say when: before every other word, so that importing a
/// file again never outranks an opt-out.
const LONG_AGO: &str = "1990-01-01T00:00:00Z";

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

    /// The customer as calls: what is known now, without a timestamp, so that the latest file counts; and what was said
    /// about messages, at the time that the file gives. Where it gives none, a refusal counts from now, and an agreement
    /// from [`LONG_AGO`], so that it outranks no refusal.
    pub fn calls(&self, cells: &StringRecord) -> Result<Vec<Value>, Reject> {
        let id = required(cells, self.id, "id", text)?;
        let given_at = optional(cells, self.consent_at, "consent_at", instant)?;
        let mut traits = self.traits(cells)?;
        let (dated, undated): (Vec<_>, Vec<_>) =
            self.consents(cells)?.into_iter().partition(|(_, given)| *given || given_at.is_some());
        if !undated.is_empty() {
            traits.insert("consents".to_owned(), marketing(undated));
        }
        let mut said = vec![json!({ "type": "identify", "userId": id, "traits": traits })];
        if !dated.is_empty() {
            let mut call =
                json!({ "type": "identify", "userId": id, "traits": { "consents": marketing(dated) } });
            call["timestamp"] = given_at.unwrap_or_else(|| LONG_AGO.to_owned()).into();
            said.push(call);
        }
        Ok(said)
    }

    fn traits(&self, cells: &StringRecord) -> Result<Map<String, Value>, Reject> {
        let as_it_is = |at: Option<usize>| at.and_then(|at| cell(cells, at)).map(str::to_owned);
        let known = [
            ("name", as_it_is(self.name)),
            ("phone", as_it_is(self.phone)),
            ("email", as_it_is(self.email)),
            ("birthday", optional(cells, self.birthday, "birthday", birthday)?),
        ];
        let others = self.traits.iter().map(|(at, name)| (name.as_str(), as_it_is(Some(*at))));
        let mut traits: Map<String, Value> = others
            .chain(known)
            .filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))))
            .collect();
        if let Some(prefecture) = as_it_is(self.prefecture) {
            traits.insert("address".to_owned(), json!({ "state": prefecture }));
        }
        Ok(traits)
    }

    /// The channels whose columns say something, and whether it is yes.
    fn consents(&self, cells: &StringRecord) -> Result<Vec<(&'static str, bool)>, Reject> {
        let mut consents = Vec::new();
        for (channel, at, column) in
            [("sms", self.sms_consent, "sms_consent"), ("email", self.email_consent, "email_consent")]
        {
            if let Some(given) = optional(cells, at, column, consent)? {
                consents.push((channel, given));
            }
        }
        Ok(consents)
    }
}

fn marketing(consents: Vec<(&str, bool)>) -> Value {
    consents.into_iter().map(|(channel, given)| (channel.to_owned(), json!({ "marketing": given }))).collect()
}
