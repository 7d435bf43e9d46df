//! The page that confirms an agreement to marketing by e-mail, behind `{{ forms.confirm }}` of a text: the double opt-in.

use anyhow::Result;
use axum::response::{IntoResponse, Response};
use cloud::table::messages::MessageItem;
use domain::consent::{ConsentSaid, Proof, Purpose, Source};
use domain::contact::Channel;
use domain::event::{CONSENT_CONFIRMED, Event, EventId, Properties};
use domain::input::Input;
use domain::money::Yen;

use crate::Link;
use crate::pages;
use crate::visit::Origin;

impl Link {
    /// The e-mail of a code: whoever has it reads what comes to the address.
    async fn emailed(&self, code: &str) -> Result<Option<MessageItem>> {
        Ok(self.find(code).await?.filter(|message| message.channel == Channel::Email))
    }

    /// The page changes nothing, whoever looks at it.
    pub(crate) async fn confirm_page(&self, code: &str) -> Response {
        match self.emailed(code).await {
            Ok(Some(_)) => pages::confirm(&self.shop).into_response(),
            Ok(None) => self.gone(),
            Err(error) => self.busy(&error),
        }
    }

    /// The button was pressed: a consent for the address that the e-mail went to. Pressing it again is harmless.
    pub(crate) async fn confirm(&self, code: &str, origin: &Origin) -> Response {
        let message = match self.emailed(code).await {
            Ok(Some(message)) => message,
            Ok(None) => return self.gone(),
            Err(error) => return self.busy(&error),
        };
        match self.confirmed(&message, origin).await {
            Ok(true) => pages::confirmed(&self.shop).into_response(),
            Ok(false) => self.gone(),
            Err(error) => self.busy(&error),
        }
    }

    /// `false` when the person was erased meanwhile.
    async fn confirmed(&self, message: &MessageItem, origin: &Origin) -> Result<bool> {
        let at = self.clock.now();
        let agreed = (Channel::Email, Purpose::Marketing, true);
        let proof = Proof {
            source: Source::DoubleOptIn,
            address: Some(message.to.clone()),
            ..self.proof(message, origin, agreed)
        };
        let word = ConsentSaid { proof, ..ConsentSaid::new(agreed.0, agreed.1, agreed.2) };
        let event = Event {
            id: EventId::of(&format!("{CONSENT_CONFIRMED} {}", message.code.as_str())),
            name: CONSENT_CONFIRMED.to_owned(),
            at,
            yen: Yen::ZERO,
            properties: Properties::new(),
        };
        if !self.keep(message, vec![word], vec![Input::Track { event }], at).await? {
            return Ok(false);
        }
        self.table.lift(Channel::Email, &message.to, at).await?;
        Ok(true)
    }
}
