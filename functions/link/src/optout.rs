//! The page behind every marketing message: one tap opts out, and below it a person chooses per channel and purpose.
//!
//! It needs the table only. What is said is written there, as a suppression, as a row of the record and as a row that
//! `schedule` tells the inbox of should nobody have done so, before anything is acknowledged.

use std::collections::BTreeMap;

use anyhow::Result;
use axum::Form;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cloud::inbox::Inbox;
use cloud::table::Row;
use cloud::table::messages::MessageItem;
use cloud::table::people::Stopped;
use domain::consent::{ConsentSaid, Proof, Purpose, Source};
use domain::contact::Channel;
use domain::customer::Customer;
use domain::input::Input;
use domain::time::Timestamp;

use crate::Link;
use crate::form::Typed;
use crate::pages::{self, Choice};
use crate::visit::Origin;

/// How far back the record is looked at for what the inbox may not have heard of yet.
const LAST_WORDS: i32 = 25;

/// What a mailbox posts by itself when its owner opts out there (RFC 8058, 3.1).
const ONE_CLICK: &[u8] = b"List-Unsubscribe=One-Click";

impl Link {
    /// The page changes nothing: what fetches links ahead must not opt anyone out.
    pub(crate) async fn optout_page(&self, code: &str) -> Response {
        let message = match self.find(code).await {
            Ok(Some(message)) => message,
            Ok(None) => return self.gone(),
            Err(error) => return self.busy(&error),
        };
        // To opt out must not depend on what else can be chosen.
        let choices = self.choices(&message).await.unwrap_or_else(|error| {
            tracing::warn!(error = format!("{error:#}"), "an opt-out page shows no choices");
            Vec::new()
        });
        pages::optout(&self.shop, message.channel, code, &choices).into_response()
    }

    /// What the customer of a message can choose, and how it stands. Whoever has the address no longer chooses nothing.
    async fn choices(&self, message: &MessageItem) -> Result<Vec<Choice>> {
        let Some(stored) = self.table.customer(&message.customer).await? else { return Ok(Vec::new()) };
        let mut customer = stored.customer;
        if !is_for(message, &customer) {
            return Ok(Vec::new());
        }
        let confirmed_first = self.definitions.at_least(0).await?.has_double_opt_in();
        for said in self.table.last_consents(&message.customer, LAST_WORDS).await? {
            if !said.word.needs_confirmation() {
                customer.said(&said.word.counting(confirmed_first), said.at);
            }
        }
        let mut choices = Vec::new();
        for channel in Channel::ALL {
            let Some(address) = customer.address(channel).map(ToOwned::to_owned) else { continue };
            let stopped = self.table.suppressed(channel, &[address]).await?.into_values().next();
            if stopped == Some(Stopped::Everything) {
                continue;
            }
            choices.extend(Purpose::ALL.map(|purpose| {
                let stopped = stopped.is_some_and(|stopped| stopped.stops(purpose));
                Choice { channel, purpose, on: customer.consents_to(channel, purpose) && !stopped }
            }));
        }
        Ok(choices)
    }

    /// One tap, by a person or by the mailbox in their name: acknowledged once the address is suppressed.
    pub(crate) async fn optout(
        &self,
        code: &str,
        origin: &Origin,
        body: Result<Bytes, BytesRejection>,
    ) -> Response {
        let message = match self.find(code).await {
            Ok(Some(message)) => message,
            Ok(None) => return self.gone(),
            Err(error) => return self.busy(&error),
        };
        let channel = message.channel;
        let by_mailbox = body.is_ok_and(|body| body.windows(ONE_CLICK.len()).any(|part| part == ONE_CLICK));
        let mut proof = self.proof(&message, origin, (channel, Purpose::Marketing, false));
        if by_mailbox {
            proof.wording = None;
            proof.evidence = proof.evidence.map(|evidence| format!("{evidence}, one click in the mailbox"));
        }
        let word = ConsentSaid { proof, ..ConsentSaid::new(channel, Purpose::Marketing, false) };
        match self.stop(&message, &message.to, word).await {
            Ok(()) => {
                let off = Choice { channel, purpose: Purpose::Marketing, on: false };
                pages::saved(&self.shop, off, message.code.as_str()).into_response()
            }
            Err(error) => self.busy(&error),
        }
    }

    async fn stop(&self, message: &MessageItem, address: &str, word: ConsentSaid) -> Result<()> {
        let at = self.clock.now();
        if word.purpose == Purpose::Marketing {
            let why = "opted out on the page";
            self.table.suppress(word.channel, address, Stopped::Marketing, why, at).await?;
        }
        // Of someone who was erased meanwhile the suppression is all that is kept.
        self.keep(message, vec![word], Vec::new(), at).await.map(|_| ())
    }

    /// Takes a choice. What is to come again does so as a consent, with the words that it was given by.
    pub(crate) async fn prefer(&self, code: &str, origin: &Origin, typed: Typed) -> Response {
        let message = match self.find(code).await {
            Ok(Some(message)) => message,
            Ok(None) => return self.gone(),
            Err(error) => return self.busy(&error),
        };
        let Some(choice) = typed.ok().and_then(|Form(fields)| Choice::read(&fields)) else {
            return (StatusCode::UNPROCESSABLE_ENTITY, pages::unreadable(&self.shop)).into_response();
        };
        let customer = match self.table.customer(&message.customer).await {
            Ok(stored) => stored.map(|stored| stored.customer).filter(|customer| is_for(&message, customer)),
            Err(error) => return self.busy(&error),
        };
        let Choice { channel, purpose, on } = choice;
        let Some(address) =
            customer.as_ref().and_then(|customer| customer.address(channel)).map(ToOwned::to_owned)
        else {
            return self.gone();
        };
        let mut proof = self.proof(&message, origin, (channel, purpose, on));
        // Who reads the messages to an address says it through the address.
        proof.address = Some(address.clone()).filter(|_| channel == message.channel);
        let word = ConsentSaid { proof, ..ConsentSaid::new(channel, purpose, on) };
        let done = if on {
            self.resume(&message, &address, word).await
        } else {
            self.stop(&message, &address, word).await.map(|()| true)
        };
        match done {
            Ok(false) => self.gone(),
            Ok(true) => {
                let back = format!("../{}", message.code.as_str());
                pages::saved(&self.shop, choice, &back).into_response()
            }
            Err(error) => self.busy(&error),
        }
    }

    /// The suppression goes last: what comes before it can be said again. `false` when the person was erased meanwhile.
    async fn resume(&self, message: &MessageItem, address: &str, word: ConsentSaid) -> Result<bool> {
        let (channel, purpose) = (word.channel, word.purpose);
        let confirmed_later =
            word.needs_confirmation() && self.definitions.at_least(0).await?.has_double_opt_in();
        let at = self.clock.now();
        if !self.keep(message, vec![word], Vec::new(), at).await? {
            return Ok(false);
        }
        match purpose {
            // The confirmation lifts it.
            Purpose::Marketing if confirmed_later => {}
            Purpose::Marketing => self.table.lift(channel, address, at).await?,
            Purpose::Transactional => {}
        }
        Ok(true)
    }

    /// What there is to show for a word on a page behind a message.
    pub(crate) fn proof(
        &self,
        message: &MessageItem,
        origin: &Origin,
        (channel, purpose, given): (Channel, Purpose, bool),
    ) -> Proof {
        let (japanese, english) = pages::wording(&self.shop, channel, purpose, given);
        let mut evidence = format!("message {}", message.code.as_str());
        if let Some(address) = &origin.0 {
            evidence.extend([", from ", address]);
        }
        Proof {
            source: Source::Link,
            wording: Some(format!("{japanese} / {english}")),
            evidence: Some(evidence),
            address: None,
        }
    }

    /// Keeps what a person said: on the record at once, and in the customer's document through the inbox; where the inbox
    /// does not take it, `schedule` tells it later. `false`, and nothing is kept, when the message went with its person
    /// meanwhile.
    pub(crate) async fn keep(
        &self,
        message: &MessageItem,
        words: Vec<ConsentSaid>,
        happened: Vec<Input>,
        at: Timestamp,
    ) -> Result<bool> {
        let customer = &message.customer;
        let rows = words.iter().map(|word| Row::consent(customer, word, at));
        let mut rows = rows.collect::<Result<Vec<_>>>()?;
        let said = Input::Identify { traits: BTreeMap::new(), consents: words, at };
        let inputs: Vec<Input> = [said].into_iter().chain(happened).collect();
        let (row, sort) = self.table.untold_row(customer, &inputs, at)?;
        rows.push(row);
        if !self.table.put_behind(&message.code, rows).await? {
            return Ok(false);
        }
        if self.tell(Inbox::new(customer.clone(), inputs)).await
            && let Err(error) = self.table.told(customer, &sort).await
        {
            tracing::warn!(error = format!("{error:#}"), "what a person said will be told twice");
        }
        Ok(true)
    }
}

/// Whether a message went to the customer, at an address that is theirs still.
fn is_for(message: &MessageItem, customer: &Customer) -> bool {
    customer.address(message.channel) == Some(message.to.as_str())
}
