//! One request, and what its answer means.

use domain::tariff::Price;
use domain::text::Text;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use liquid::model::Object;
use reqwest::{Client, RequestBuilder, Url};
use serde_json::Value;

use super::settings::{AnswerFormat, Body, Call, CallMethod, Meaning, Rule};
use super::setup::{Holds, PriceAt, Setup, fill};
use crate::account::AccountError;
use crate::answer::{SendError, safe_code, sort_status};
use crate::exchange::{Answer, exchange, with_form};
use crate::reading::{self, word};

/// A request that is ready to be filled in.
#[derive(Clone)]
pub(super) struct Ready {
    method: Method,
    base_url: Url,
    path: Vec<Text>,
    query: Vec<(String, Text)>,
    headers: Vec<(HeaderName, Text)>,
    basic: Option<(Text, Text)>,
    body: Option<ReadyBody>,
    answer: Reads,
}

#[derive(Clone)]
enum ReadyBody {
    Json(Json),
    Form(Vec<(String, Text)>),
    Text(HeaderValue, Text),
}

/// JSON with templates for texts.
#[derive(Clone)]
enum Json {
    Fixed(Value),
    Text(Text),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// How an answer is read.
#[derive(Clone)]
struct Reads {
    format: AnswerFormat,
    rules: Vec<ReadyRule>,
    code: Option<String>,
    id: Option<String>,
    parts: Option<String>,
    price: Option<PriceAt>,
}

#[derive(Clone)]
struct ReadyRule {
    status: Vec<Status>,
    tests: Vec<Holds>,
    means: Meaning,
}

#[derive(Clone, Copy)]
enum Status {
    One(u16),
    /// All of a hundred: 4 for `4xx`.
    Class(u16),
}

/// What a provider told of a message that it took.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Took {
    pub(super) id: Option<String>,
    pub(super) parts: Option<u32>,
    pub(super) price: Option<Price>,
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    Accepted(Took),
    NotAccepted,
}

impl Ready {
    /// `place` is where the call stands, such as `generic.send`.
    pub(super) fn new(
        setup: &Setup<'_>,
        base_url: &str,
        place: &str,
        call: &Call,
    ) -> Result<Self, AccountError> {
        let error = |within: &str, what: &str| setup.account.error(&format!("{place}.{within}"), what);
        let base_url = Url::parse(base_url).map_err(|_| error("url", "is wrong: an https:// URL"))?;
        let path = call.path.strip_prefix('/').ok_or_else(|| error("path", "is wrong: it begins with /"))?;
        let texts = |within: &str, named: &std::collections::BTreeMap<String, String>| {
            let text = |(name, source): (&String, &String)| {
                let text = setup.text(&format!("{place}.{within}.{name}"), source)?;
                Ok((name.clone(), text))
            };
            named.iter().map(text).collect::<Result<Vec<_>, AccountError>>()
        };
        let segments = path.split('/').map(|segment| setup.text(&format!("{place}.path"), segment));
        let basic = call.basic.as_ref().map(|basic| {
            let user = setup.text(&format!("{place}.basic.user"), &basic.user)?;
            Ok((user, setup.text(&format!("{place}.basic.password"), &basic.password)?))
        });
        let ready = Self {
            method: match call.method {
                CallMethod::Get => Method::GET,
                CallMethod::Post => Method::POST,
                CallMethod::Put => Method::PUT,
            },
            base_url,
            path: segments.collect::<Result<_, _>>()?,
            query: texts("query", &call.query)?,
            headers: headers(setup, place, texts("headers", &call.headers)?)?,
            basic: basic.transpose()?,
            body: call
                .body
                .as_ref()
                .map(|body| ready_body(setup, &format!("{place}.body"), body))
                .transpose()?,
            answer: Reads::new(setup, &format!("{place}.answer"), &call.answer)?,
        };
        Ok(ready)
    }

    /// Makes the request, once, and reads its answer.
    pub(super) async fn make(&self, client: &Client, variables: &Object) -> Result<Told, SendError> {
        let answer = exchange(self.request(client, variables)?).await?;
        self.answer.read(&answer)
    }

    fn request(&self, client: &Client, variables: &Object) -> Result<RequestBuilder, SendError> {
        let broken = || SendError::Configuration { reason: "the request cannot be built".to_owned() };
        let named = |named: &[(String, Text)]| -> Result<Vec<(String, String)>, SendError> {
            named.iter().map(|(name, text)| Ok((name.clone(), fill(text, variables)?))).collect()
        };
        let mut url = self.base_url.clone();
        let segments = self.path.iter().map(|text| fill(text, variables)).collect::<Result<Vec<_>, _>>()?;
        url.path_segments_mut().map_err(|()| broken())?.pop_if_empty().extend(segments);
        let query = named(&self.query)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(&query);
        }
        let mut headers = HeaderMap::new();
        for (name, text) in &self.headers {
            let value = HeaderValue::from_str(&fill(text, variables)?).map_err(|_| broken())?;
            headers.insert(name, value);
        }
        let mut request = client.request(self.method.clone(), url).headers(headers);
        if let Some((user, password)) = &self.basic {
            request = request.basic_auth(fill(user, variables)?, Some(fill(password, variables)?));
        }
        Ok(match &self.body {
            None => request,
            Some(ReadyBody::Json(json)) => request.json(&json.fill(variables)?),
            Some(ReadyBody::Form(fields)) => {
                let fields = named(fields)?;
                with_form(request, fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            }
            Some(ReadyBody::Text(content_type, text)) => {
                request.header(CONTENT_TYPE, content_type).body(fill(text, variables)?)
            }
        })
    }
}

/// Headers by their names; each value is checked as far as the account's own part goes.
fn headers(
    setup: &Setup<'_>,
    place: &str,
    named: Vec<(String, Text)>,
) -> Result<Vec<(HeaderName, Text)>, AccountError> {
    let mut headers = Vec::new();
    for (name, text) in named {
        let error = |what: &str| setup.account.error(&format!("{place}.headers.{name}"), what);
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| error("is no name of a header: letters, digits and -"))?;
        let sample = text.render(&setup.sample()).unwrap_or_default();
        HeaderValue::from_str(&sample)
            .map_err(|_| error("has what a header cannot carry: it takes one line of plain letters"))?;
        headers.push((header, text));
    }
    Ok(headers)
}

fn ready_body(setup: &Setup<'_>, place: &str, body: &Body) -> Result<ReadyBody, AccountError> {
    Ok(match body {
        Body::Json(value) => ReadyBody::Json(Json::new(setup, &format!("{place}.json"), value)?),
        Body::Form(fields) => {
            let field = |(name, source): (&String, &String)| {
                Ok((name.clone(), setup.text(&format!("{place}.form.{name}"), source)?))
            };
            ReadyBody::Form(fields.iter().map(field).collect::<Result<_, AccountError>>()?)
        }
        Body::Text { content_type, template } => {
            let what = "is no media type: one such as text/xml; charset=utf-8";
            let content_type = HeaderValue::from_str(content_type)
                .map_err(|_| setup.account.error(&format!("{place}.text.content_type"), what))?;
            ReadyBody::Text(content_type, setup.text(&format!("{place}.text.template"), template)?)
        }
    })
}

impl Json {
    fn new(setup: &Setup<'_>, place: &str, value: &Value) -> Result<Self, AccountError> {
        Ok(match value {
            Value::String(source) => Self::Text(setup.text(place, source)?),
            Value::Array(items) => {
                let numbered = items.iter().enumerate();
                let item = |(index, item)| Self::new(setup, &format!("{place}[{index}]"), item);
                Self::List(numbered.map(item).collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| {
                    Ok((name.clone(), Self::new(setup, &format!("{place}.{name}"), value)?))
                };
                Self::Object(fields.iter().map(field).collect::<Result<_, AccountError>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Fixed(value.clone()),
        })
    }

    fn fill(&self, variables: &Object) -> Result<Value, SendError> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(text) => Value::String(fill(text, variables)?),
            Self::List(items) => {
                Value::Array(items.iter().map(|item| item.fill(variables)).collect::<Result<_, _>>()?)
            }
            Self::Object(fields) => {
                let filled = fields.iter().map(|(name, value)| Ok((name.clone(), value.fill(variables)?)));
                Value::Object(filled.collect::<Result<_, SendError>>()?)
            }
        })
    }
}

impl Reads {
    fn new(
        setup: &Setup<'_>,
        place: &str,
        answer: &super::settings::AnswerSettings,
    ) -> Result<Self, AccountError> {
        let mut rules = Vec::new();
        for (index, rule) in answer.rules.iter().enumerate() {
            rules.push(ready_rule(setup, &format!("{place}.rules[{index}]"), rule)?);
        }
        if !rules.iter().any(|rule| rule.means == Meaning::Accepted) {
            let what =
                "say of nothing that it is accepted; add one such as { status: [200], means: accepted }";
            return Err(setup.account.error(&format!("{place}.rules"), what));
        }
        let pointer =
            |name: &str, text: &Option<String>| setup.pointer_if(&format!("{place}.{name}"), text.as_ref());
        Ok(Self {
            format: answer.format,
            rules,
            code: pointer("code", &answer.code)?,
            id: pointer("id", &answer.id)?,
            parts: pointer("parts", &answer.parts)?,
            price: setup.price(&format!("{place}.price"), answer.price.as_ref())?,
        })
    }

    fn read(&self, answer: &Answer) -> Result<Told, SendError> {
        let body = match self.format {
            AnswerFormat::Json => answer.json(),
            AnswerFormat::Form => Value::Object(reading::form(&answer.body)),
        };
        let at = |pointer: &Option<String>| pointer.as_ref().and_then(|at| body.pointer(at)).and_then(word);
        let code = at(&self.code);
        let fits = |rule: &&ReadyRule| rule.fits(answer.status.as_u16(), &body);
        let Some(rule) = self.rules.iter().find(fits) else {
            return Err(if answer.status.is_success() {
                SendError::Unclear { reason: "an answer that no rule names" }
            } else {
                sort_status(answer.status, code.as_deref())
            });
        };
        match rule.means {
            Meaning::Accepted => Ok(Told::Accepted(Took {
                id: at(&self.id),
                parts: at(&self.parts).and_then(|parts| parts.parse().ok()),
                price: self.price.as_ref().and_then(|price| price.of(&body)),
            })),
            Meaning::NotAccepted => Ok(Told::NotAccepted),
            Meaning::Temporary => Err(SendError::Temporary { reason: "the provider asks to wait" }),
            Meaning::Permanent => Err(SendError::Permanent { code: safe_code(code.as_deref()) }),
            Meaning::Configuration => {
                let reason = format!("HTTP {}: {}", answer.status.as_u16(), safe_code(code.as_deref()));
                Err(SendError::Configuration { reason })
            }
            Meaning::Unclear => Err(SendError::Unclear { reason: "the provider failed" }),
        }
    }
}

fn ready_rule(setup: &Setup<'_>, place: &str, rule: &Rule) -> Result<ReadyRule, AccountError> {
    if rule.status.is_empty() && rule.tests.is_empty() {
        return Err(setup
            .account
            .error(place, "names neither a status nor what stands where: it would fit everything"));
    }
    let statuses = setup.words(&format!("{place}.status"), &rule.status)?;
    let mut status = Vec::new();
    for (index, text) in statuses.iter().enumerate() {
        let what = "is no status of HTTP: a number such as 200, or all of a kind such as 4xx";
        let read = Status::parse(text);
        status.push(read.ok_or_else(|| setup.account.error(&format!("{place}.status[{index}]"), what))?);
    }
    Ok(ReadyRule { status, tests: setup.tests(&format!("{place}.where"), &rule.tests)?, means: rule.means })
}

impl ReadyRule {
    fn fits(&self, status: u16, body: &Value) -> bool {
        let one = |known: &Status| match known {
            Status::One(known) => *known == status,
            Status::Class(class) => *class == status / 100,
        };
        (self.status.is_empty() || self.status.iter().any(one)) && self.tests.iter().all(|test| test.of(body))
    }
}

impl Status {
    fn parse(text: &str) -> Option<Self> {
        let known = |status: &u16| (100..=599).contains(status);
        match text.strip_suffix("xx") {
            Some(class) => class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class),
            None => text.parse().ok().filter(known).map(Self::One),
        }
    }
}
