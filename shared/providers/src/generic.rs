//! A provider that has no adapter of its own, reached and read as its settings say.

mod call;
mod posts;
mod settings;
mod setup;
mod signed;

use std::fmt;

use domain::parts::{Route, parts};
use domain::time::Timestamp;
use liquid::model::{Object, Value as Variable};

use self::call::{Ready, Told, Took};
use self::posts::Posts;
pub use self::settings::*;
use self::setup::Setup;
use crate::account::{Account, AccountError};
use crate::answer::{Accepted, CANNOT_BE_ASKED, LookUp, SendError, inconclusive};
use crate::post::Post;
use crate::reading::domestic;
use crate::receipts::{Notice, ReceiptError};
use crate::sms::SmsRequest;

/// The name by which configuration and callbacks call it.
pub const NAME: &str = "generic";

/// A reference that no message has.
const NO_REFERENCE: &str = "tsunagi-check";

/// A provider as its settings describe it.
#[derive(Clone)]
pub struct Generic {
    client: reqwest::Client,
    account: String,
    variables: Object,
    repeatable: bool,
    max_characters: Option<usize>,
    send: Ready,
    look_up: Option<Ready>,
    check: Option<Ready>,
    posts: Option<Posts>,
}

impl fmt::Debug for Generic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generic").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Generic {
    pub(crate) fn new(account: &Account, settings: &GenericSettings) -> Result<Self, AccountError> {
        let setup = Setup::of(account)?;
        let base_url = account.base_url(&settings.url)?;
        let call = |name: &str, call: &Call| Ready::new(&setup, &base_url, &format!("generic.{name}"), call);
        if let Some(place) = never_asked(&settings.send) {
            let what = "means not_accepted, which only a look-up can find; say temporary, permanent or configuration";
            return Err(account.error(&place, what));
        }
        Ok(Self {
            client: crate::http::client(),
            account: account.name.clone(),
            repeatable: settings.repeatable,
            max_characters: settings.max_characters,
            send: call("send", &settings.send)?,
            look_up: settings.look_up.as_ref().map(|ask| call("look_up", ask)).transpose()?,
            check: settings.check.as_ref().map(|ask| call("check", ask)).transpose()?,
            posts: settings.receipts.as_ref().map(|posts| Posts::new(&setup, posts)).transpose()?,
            variables: setup.variables,
        })
    }

    /// Whether a request that is repeated after its fate was not known sends no second message.
    pub(crate) fn repeatable(&self) -> bool {
        self.repeatable
    }

    pub(crate) async fn send(&self, request: &SmsRequest<'_>) -> Result<Accepted, SendError> {
        if self.max_characters.is_some_and(|limit| request.text.encode_utf16().count() > limit) {
            return Err(SendError::Permanent { code: "text-too-long".to_owned() });
        }
        let mut variables = self.variables.clone();
        let mut known = |name: &'static str, value: &str| {
            variables.insert(name.into(), Variable::scalar(value.to_owned()));
        };
        known("reference", request.reference);
        known("to", request.to);
        known("text", request.text);
        known("purpose", request.purpose.name());
        if let Some(number) = domestic(request.to) {
            known("to_domestic", &number);
        }
        match self.send.make(&self.client, &variables).await? {
            Told::Accepted(took) => {
                Ok(accepted(took, request.reference, || parts(request.text, Route::Docomo)))
            }
            Told::NotAccepted => Err(SendError::Unclear { reason: "an answer to a question not asked" }),
        }
    }

    pub(crate) async fn look_up(&self, reference: &str) -> Result<LookUp, SendError> {
        let Some(look_up) = &self.look_up else {
            return Err(CANNOT_BE_ASKED);
        };
        let told = look_up.make(&self.client, &self.about(reference)).await.map_err(inconclusive)?;
        Ok(match told {
            Told::Accepted(took) => LookUp::Accepted(accepted(took, reference, || 1)),
            Told::NotAccepted => LookUp::NotAccepted,
        })
    }

    pub(crate) fn notices(&self, post: &Post<'_>, now: Timestamp) -> Result<Vec<Notice>, ReceiptError> {
        self.posts.as_ref().ok_or(ReceiptError::Forged)?.notices(post, now)
    }

    pub(crate) async fn check(&self) -> Result<String, SendError> {
        let Some(check) = self.check.as_ref().or(self.look_up.as_ref()) else {
            return Ok("the settings can be read; there is no harmless request to try them with".to_owned());
        };
        check.make(&self.client, &self.about(NO_REFERENCE)).await?;
        Ok("the provider answers, and takes the account".to_owned())
    }

    /// What is known when a message is asked after.
    fn about(&self, reference: &str) -> Object {
        let mut variables = self.variables.clone();
        let told = [("reference", reference), ("to", ""), ("to_domestic", ""), ("text", ""), ("purpose", "")];
        variables.extend(told.map(|(name, value)| (name.into(), Variable::scalar(value.to_owned()))));
        variables
    }
}

/// Where a rule of a request that sends means what only a look-up can find.
fn never_asked(send: &Call) -> Option<String> {
    let index = send.answer.rules.iter().position(|rule| rule.means == Meaning::NotAccepted)?;
    Some(format!("generic.send.answer.rules[{index}].means"))
}

fn accepted(took: Took, reference: &str, estimate: impl Fn() -> u32) -> Accepted {
    Accepted {
        provider_id: took.id.unwrap_or_else(|| reference.to_owned()),
        parts: took.parts.unwrap_or_else(estimate),
        price: took.price,
    }
}

#[cfg(test)]
mod tests;
