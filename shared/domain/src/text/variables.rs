//! What a text can speak of, as Liquid takes it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use liquid::model::{Object, Value as Variable};

use super::filters;
use crate::customer::{Customer, Stamped, Value};
use crate::enrollment::Message;
use crate::event::Properties;

/// What a text can speak of of an earlier step's message.
pub const OF_A_STEP: [&str; 5] = ["clicked", "opened", "replied", "reply", "sent_at"];

/// The form that asks for an e-mail address.
pub const EMAIL: &str = "email";

/// The page on which an agreement to marketing by e-mail is confirmed.
pub const CONFIRM: &str = "confirm";

/// The forms that a text can lead to.
pub const FORMS: [&str; 2] = [EMAIL, CONFIRM];

/// What a text can speak of of every shop: its name.
pub const SHOP_NAME: &str = "name";

/// What a text can speak of.
#[derive(Clone, Debug)]
pub struct Variables<'a> {
    /// The customer.
    pub customer: &'a Customer,
    /// What the event said that began the journey.
    pub event: &'a Properties,
    /// The steps that are spoken of, by their names, each with its message if it was reached.
    pub steps: Vec<(&'a str, Option<&'a Message>)>,
    /// Tracked links by the name the step gives them.
    pub links: Vec<(String, String)>,
    /// The page behind which one can opt out.
    pub optout: String,
    /// The page that asks for an e-mail address.
    pub email_form: String,
    /// The page on which an agreement to marketing by e-mail is confirmed.
    pub confirm_form: String,
    /// Who sends.
    pub sender: &'a str,
    /// What the shop says of itself beside its name.
    pub details: &'a BTreeMap<String, String>,
    /// The zone in which filters show instants: the customer's, as [`Customer::zone`] has it.
    pub zone: &'a TimeZone,
}

impl Variables<'_> {
    /// The variables as Liquid takes them: those that are known.
    pub fn object(&self) -> Object {
        let mut customer = Object::new();
        customer.insert("id".into(), Variable::scalar(self.customer.id.as_str().to_owned()));
        for (name, Stamped(value, _)) in &self.customer.traits {
            if let Some(value) = variable(value) {
                customer.insert(name.clone().into(), value);
            }
        }
        let said =
            self.event.iter().filter_map(|(name, value)| Some((name.clone().into(), variable(value)?)));
        let steps = self.steps.iter().map(|(name, message)| ((*name).to_owned().into(), step(*message)));
        let links = self.links.iter().map(|(name, url)| (name.clone().into(), Variable::scalar(url.clone())));
        let forms = [(EMAIL, &self.email_form), (CONFIRM, &self.confirm_form)];
        let forms = forms.map(|(name, page)| (name.into(), Variable::scalar(page.clone())));
        let named = [(SHOP_NAME.into(), Variable::scalar(self.sender.to_owned()))];
        let details = self.details.iter();
        let details = details.map(|(name, said)| (name.clone().into(), Variable::scalar(said.clone())));
        let mut object = Object::from_iter([
            ("customer".into(), Variable::Object(customer)),
            ("event".into(), Variable::Object(said.collect())),
            ("steps".into(), Variable::Object(steps.collect())),
            ("links".into(), Variable::Object(links.collect())),
            ("forms".into(), Variable::Object(Object::from_iter(forms))),
            ("shop".into(), Variable::Object(details.chain(named).collect())),
            ("optout".into(), Variable::scalar(self.optout.clone())),
            ("sender".into(), Variable::scalar(self.sender.to_owned())),
        ]);
        object.extend(filters::zone_variable(self.zone).map(|(name, zone)| (name.into(), zone)));
        object
    }
}

/// What became of a message: of one that was never reached, nothing did.
fn step(message: Option<&Message>) -> Variable {
    let done = |what: fn(&Message) -> bool| Variable::scalar(message.is_some_and(what));
    let mut known = Object::from_iter([
        ("clicked".into(), done(|message| message.clicked.is_some())),
        ("opened".into(), done(|message| message.opened.is_some())),
        ("replied".into(), done(|message| message.replied.is_some())),
    ]);
    if let Some(message) = message.filter(|message| message.status.left()) {
        known.insert("sent_at".into(), Variable::scalar(message.at.to_string()));
    }
    if let Some(reply) = message.and_then(|message| message.reply.as_ref()) {
        known.insert("reply".into(), Variable::scalar(reply.clone()));
    }
    Variable::Object(known)
}

fn variable(value: &Value) -> Option<Variable> {
    match value {
        Value::Absent => None,
        Value::Boolean(value) => Some(Variable::scalar(*value)),
        Value::Integer(value) => Some(Variable::scalar(*value)),
        Value::Number(value) => Some(Variable::scalar(*value)),
        Value::Text(value) => Some(Variable::scalar(value.clone())),
        Value::List(values) => Some(Variable::Array(values.iter().cloned().map(Variable::scalar).collect())),
    }
}
