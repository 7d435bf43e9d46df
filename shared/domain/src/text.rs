//! Texts with variables, in Liquid.

use std::fmt;
use std::sync::{Arc, LazyLock};

use liquid::model::{Object, Value as Variable};
use liquid::{Parser, ParserBuilder, Template};

use crate::customer::{Customer, Stamped, Value};

static PARSER: LazyLock<Option<Parser>> = LazyLock::new(|| ParserBuilder::with_stdlib().build().ok());

/// A text that was parsed: `{{ customer.name }}`, `{{ links.shop }}`, `{{ optout }}`, `{{ sender }}`.
#[derive(Clone)]
pub struct Text {
    source: String,
    template: Arc<Template>,
}

impl Text {
    /// Parses a text; the error says what is wrong and where.
    pub fn parse(source: &str) -> Result<Self, String> {
        let parser = PARSER.as_ref().ok_or("the text parser could not be built")?;
        let template = parser.parse(source).map_err(|error| error.to_string().trim().to_owned())?;
        Ok(Self { source: source.to_owned(), template: Arc::new(template) })
    }

    /// Fills in the variables; the error names what is missing, never a value.
    pub fn render(&self, variables: &Object) -> Result<String, MissingValue> {
        self.template.render(variables).map_err(|_| MissingValue)
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the text mentions the variable.
    pub fn mentions(&self, variable: &str) -> bool {
        self.source.contains(variable)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.source, f)
    }
}

/// A variable of a text is not known of this person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a variable of the text has no value for this customer; give it a default: {{{{ customer.name | default: 'お客さま' }}}}")]
pub struct MissingValue;

/// What a text can speak of.
#[derive(Clone, Debug)]
pub struct Variables<'a> {
    /// The customer.
    pub customer: &'a Customer,
    /// Tracked links by the name the step gives them.
    pub links: Vec<(String, String)>,
    /// The page behind which one can opt out.
    pub optout: String,
    /// Who sends.
    pub sender: &'a str,
}

impl Variables<'_> {
    /// The variables as Liquid takes them. Every trait the text may ask for is there, absent ones as nil, so that
    /// `default` works.
    pub fn object(&self) -> Object {
        let mut customer = Object::new();
        customer.insert("name".into(), Variable::Nil);
        for (name, Stamped(value, _)) in &self.customer.traits {
            customer.insert(name.clone().into(), variable(value));
        }
        let mut links = Object::new();
        for (name, url) in &self.links {
            links.insert(name.clone().into(), Variable::scalar(url.clone()));
        }
        let mut object = Object::new();
        object.insert("customer".into(), Variable::Object(customer));
        object.insert("links".into(), Variable::Object(links));
        object.insert("optout".into(), Variable::scalar(self.optout.clone()));
        object.insert("sender".into(), Variable::scalar(self.sender.to_owned()));
        object
    }
}

fn variable(value: &Value) -> Variable {
    match value {
        Value::Absent => Variable::Nil,
        Value::Boolean(value) => Variable::scalar(*value),
        Value::Integer(value) => Variable::scalar(*value),
        Value::Number(value) => Variable::scalar(*value),
        Value::Text(value) => Variable::scalar(value.clone()),
        Value::List(values) => Variable::Array(values.iter().cloned().map(Variable::scalar).collect()),
    }
}
