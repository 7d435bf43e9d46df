//! What is written of a provider that has no adapter of its own.
//!
//! Texts are templates: `{{ reference }}`, `{{ to }}`, `{{ to_domestic }}`, `{{ text }}`, `{{ purpose }}` and every setting
//! and secret of the account by its name, `{{ sender }}` among them. Places are JSON Pointers (RFC 6901) such as
//! `/messages/0/id`, or the name of a field; of a form, the name of a field.

use std::collections::BTreeMap;

use domain::tariff::Currency;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A provider that is reached by one request over HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenericSettings {
    /// Where its API is reached, unless the account says otherwise: `https://api.example.jp`.
    pub url: String,
    /// Whether it takes a reference once, so that a request may be repeated after its fate was not known.
    #[serde(default)]
    pub repeatable: bool,
    /// The longest text, in UTF-16 code units; a longer one is refused here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_characters: Option<usize>,
    /// How a message is sent.
    pub send: Call,
    /// How it is asked whether a reference was taken. It knows of no text, number and purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_up: Option<Call>,
    /// A harmless request that shows whether the account is right; without one, a look-up of a reference that never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Call>,
    /// What it posts of messages and replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipts: Option<ReceiptSettings>,
}

/// A request and what its answers mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The method.
    #[serde(default)]
    pub method: CallMethod,
    /// The path behind the URL: `/api/{{ tenant_id }}/messages`.
    pub path: String,
    /// What stands in the query.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// Headers: `authorization: Bearer {{ token }}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// User and password, where they are asked for by HTTP's basic authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<Basic>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// What its answers mean.
    pub answer: AnswerSettings,
}

/// The method of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CallMethod {
    /// GET.
    #[serde(alias = "get")]
    Get,
    /// POST, if nothing is said.
    #[default]
    #[serde(alias = "post")]
    Post,
    /// PUT.
    #[serde(alias = "put")]
    Put,
}

/// HTTP's basic authentication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The user: `{{ username }}`.
    pub user: String,
    /// The password: `{{ password }}`.
    pub password: String,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// JSON, whose texts are templates; what they are filled with is escaped.
    Json(Value),
    /// A form, whose values are templates.
    Form(BTreeMap<String, String>),
    /// Anything else. Nothing is escaped: in XML, write `{{ text | escape }}`.
    Text {
        /// Its media type, such as `text/xml; charset=utf-8`.
        content_type: String,
        /// The template.
        template: String,
    },
}

/// What answers mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerSettings {
    /// How they are written.
    #[serde(default)]
    pub format: AnswerFormat,
    /// What means what; the first that fits counts. Where none fits, the status of HTTP tells: 429 is temporary, 400, 413
    /// and 422 are permanent, other 4xx are the configuration's, and whatever else proves nothing.
    pub rules: Vec<Rule>,
    /// Where the provider's code for a refusal stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Where the provider's id of the message stands; without one it is the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where the parts stand that will be billed; without them they are counted as docomo does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<String>,
    /// Where the price of all parts stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceSettings>,
}

/// A price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceSettings {
    /// Where the amount stands.
    pub at: String,
    /// Where its currency stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency_at: Option<String>,
    /// The currency where none stands.
    #[serde(default = "Currency::yen")]
    pub currency: Currency,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFormat {
    /// JSON.
    #[default]
    Json,
    /// A form: `status=0&id=7`.
    Form,
}

/// What an answer means if all of this is so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The status of HTTP is one of these: `200`, `4xx`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<Value>,
    /// The body says all of these.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
    /// What that means.
    pub means: Meaning,
}

/// What stands at one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Where.
    pub at: String,
    /// It is one of these. Without `is` and `contains`, there is something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<Value>,
    /// It contains one of these, in capitals or small letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contains: Vec<String>,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The message was taken, by this request or one before.
    Accepted,
    /// Of a look-up: it was never taken.
    NotAccepted,
    /// It was certainly not taken, and may be sent again.
    Temporary,
    /// This message is refused.
    Permanent,
    /// Nothing can be sent until someone corrects the account.
    Configuration,
    /// It proves neither.
    Unclear,
}

/// What the provider posts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptSettings {
    /// How a post is written.
    pub format: PostFormat,
    /// The field of the form or query that holds JSON, where one does: the places are in that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_field: Option<String>,
    /// Where the list of items stands; without it, the post is an item or a list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// How posts are signed; without it they come by the secret segment of the path, the account's secret `callback`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureSettings>,
    /// What became of a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptItem>,
    /// What a person answered. Items that are neither, or are not meant, are no matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyItem>,
}

/// How a post is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostFormat {
    /// A body of JSON.
    Json,
    /// A body that is a form.
    Form,
    /// The query of the URL.
    Query,
}

/// The signature of a post: an HMAC of the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureSettings {
    /// The header it stands in.
    pub header: String,
    /// How it is made.
    pub algorithm: Algorithm,
    /// How it is written.
    pub encoding: Encoding,
    /// What stands before it, such as `sha256=`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// The name of the account's secret it is made with.
    pub secret: String,
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// HMAC-SHA256.
    HmacSha256,
    /// HMAC-SHA1.
    HmacSha1,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Hexadecimal digits, small or capital.
    Hex,
    /// Base64.
    Base64,
}

/// Where an item says what became of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptItem {
    /// An item is a receipt if all of these are so.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
    /// Where our reference stands.
    pub reference: String,
    /// What became of it.
    pub status: StatusSettings,
    /// Where the provider's word stands for why it was not delivered; without it, the status is the word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeSettings>,
    /// Where the parts billed stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<String>,
    /// Where the price of all parts stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceSettings>,
}

/// What became of a message, by the provider's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusSettings {
    /// Where it stands.
    pub at: String,
    /// These mean that it reached the person.
    pub delivered: Vec<Value>,
    /// These mean that it did not, and will not.
    pub undelivered: Vec<Value>,
    /// These mean that no message ever will: the number is none, or none any longer. Nothing more is sent to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invalid: Vec<Value>,
    /// These mean neither, yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_its_way: Vec<Value>,
    /// What any other means; without it, such a post cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Otherwise>,
}

/// What a status means that is not named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// It did not reach the person.
    Undelivered,
    /// Not yet anything.
    OnItsWay,
}

/// Where and how a time is written; what has none happened when it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSettings {
    /// Where it stands.
    pub at: String,
    /// How it is written.
    pub format: TimeFormat,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// `2026-11-22T09:30:00+09:00`.
    Rfc3339,
    /// The time of day in Japan, with anything between its digits: `2026/11/22 09:30:00`.
    Japan,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMillis,
}

/// Where an item says what a person answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyItem {
    /// An item is a reply if all of these are so.
    #[serde(rename = "where")]
    pub tests: Vec<Test>,
    /// Where the person's number stands.
    pub from: String,
    /// Where the text stands.
    pub text: String,
    /// Where our reference of the message they answered stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeSettings>,
    /// Where the provider's id of the reply stands; without it, it is known by all that stands in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}
