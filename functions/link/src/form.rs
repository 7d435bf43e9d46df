//! The form for an e-mail address, behind `{{ forms.email }}` of a text.

use std::collections::BTreeMap;

use anyhow::Result;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cloud::inbox::Inbox;
use cloud::table::customers::Stored;
use cloud::table::messages::MessageItem;
use domain::contact::Email;
use domain::customer::Value;
use domain::event::{ADDRESS_UPDATED, Event, EventId, Properties};
use domain::input::Input;
use domain::message::Code;
use domain::money::Yen;
use domain::time::Timestamp;

use crate::Link;
use crate::pages::{self, Wrong};

/// The most bytes of a filled-in form: an address has 254 at most, each of which may be written as three.
pub(crate) const BODY_LIMIT: usize = 4 * 1024;

/// The field of the form, and the trait it is kept as.
const FIELD: &str = "email";

const NO_ADDRESS: (&str, &str) = (
    "メールアドレスとして読めません。半角で、name@example.jp のようにご入力ください。",
    "This is not an e-mail address; write it as name@example.jp.",
);

/// A form as it came, if it reads.
pub(crate) type Typed = Result<Form<BTreeMap<String, String>>, FormRejection>;

impl Link {
    /// The message of a code, when it asks for an e-mail address.
    async fn asking(&self, code: &str) -> Result<Option<MessageItem>> {
        Ok(self.find(code).await?.filter(|message| message.asks_email))
    }

    /// The page changes nothing, whoever looks at it.
    pub(crate) async fn email_form(&self, code: &str) -> Response {
        match self.asking(code).await {
            Ok(Some(_)) => pages::email_form(&self.shop, None).into_response(),
            Ok(None) => self.gone(),
            Err(error) => self.busy(&error),
        }
    }

    /// Acknowledged only once the inbox has the address. Sending the same again is harmless.
    pub(crate) async fn take_email(&self, code: &str, typed: Typed) -> Response {
        let message = match self.asking(code).await {
            Ok(Some(message)) => message,
            Ok(None) => return self.gone(),
            Err(error) => return self.busy(&error),
        };
        let (typed, status) = match typed {
            Ok(Form(mut fields)) => {
                (fields.remove(FIELD).unwrap_or_default(), StatusCode::UNPROCESSABLE_ENTITY)
            }
            Err(rejection) => (String::new(), rejection.status()),
        };
        let Ok(email) = Email::parse(&typed) else {
            let wrong = Wrong { typed: &typed, why: NO_ADDRESS };
            return (status, pages::email_form(&self.shop, Some(&wrong))).into_response();
        };
        // An address that is told while its person is erased would make a customer of it again.
        match self.table.customer(&message.customer).await {
            Ok(Some(Stored { erasing: Some(_), .. })) => return self.gone(),
            Ok(_) => {}
            Err(error) => return self.busy(&error),
        }
        let news = Inbox::new(message.customer, told(&message.code, &email, self.clock.now()));
        if let Err(error) = self.inbox.send(&[news]).await {
            return self.busy(&error);
        }
        pages::email_taken(&self.shop).into_response()
    }
}

/// The address, as `ingest` tells it, and after it the event that a journey can wait for. The event is the same however
/// often one address is sent.
fn told(code: &Code, email: &Email, at: Timestamp) -> Vec<Input> {
    let traits = BTreeMap::from([(FIELD.to_owned(), Value::Text(email.as_str().to_owned()))]);
    let event = Event {
        id: EventId::of(&format!("{ADDRESS_UPDATED} {} {}", code.as_str(), email.as_str())),
        name: ADDRESS_UPDATED.to_owned(),
        at,
        yen: Yen::ZERO,
        properties: Properties::new(),
    };
    vec![Input::Identify { traits, consents: Vec::new(), at }, Input::Track { event }]
}
