//! `send-code`: sends the SMS of one-time codes. They come by a queue of their own, so that no campaign delays them.
//!
//! A code is derived here, from the verification's name, and only its hash is written. Of all deliveries of a task one at
//! most calls the provider. What may have been taken is never sent again: the person asks for another code, which is a
//! verification of its own.

mod purse;
mod send;

use std::sync::Arc;

use anyhow::Result;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::batch::{self, Failure, Received};
use cloud::clock::Clock;
use cloud::concurrent;
use cloud::config::Vars;
use cloud::definitions::{Cache, code_key};
use cloud::lambda::{self, Batches};
use cloud::queue::Queue;
use cloud::table::Table;
use domain::contact::Channel;
use domain::message::CodeKey;
use domain::verification::CodeTask;
use providers::account::{Account, AccountError};
use providers::sms::SmsProvider;
use sending::ways::{Opened, Ways};

/// SMS under way at once in one invocation.
const CONCURRENCY: usize = 16;

/// What the function needs.
#[derive(Debug)]
pub struct SendCode {
    ways: Ways<Provider>,
    table: Table,
    definitions: Cache,
    codes: Queue,
    dead_letters: Queue,
    clock: Clock,
    key: CodeKey,
    link_base: String,
    /// The shop's name in messages.
    sender: String,
}

/// An account's provider.
#[derive(Debug)]
struct Provider(SmsProvider);

impl Opened for Provider {
    const CHANNEL: Channel = Channel::Sms;

    fn open(provider: &str, account: &Account, vars: &Vars) -> Result<Self, AccountError> {
        SmsProvider::open(provider, account, vars).map(Self)
    }
}

impl SendCode {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let table = Table::keyed(aws_sdk_dynamodb::Client::new(config), vars)?;
        let sqs = aws_sdk_sqs::Client::new(config);
        // Where the shop defines its accounts, none need be configured.
        let usual = vars.get("SMS_PROVIDER").map(|_| SmsProvider::from_vars(vars)).transpose()?;
        Ok(Self {
            ways: Ways::new(usual.map(Provider), vars)?,
            definitions: Cache::new(table.clone(), clock.clone(), CodeKey::none()),
            table,
            codes: Queue::new(sqs.clone(), vars.required("CODES_QUEUE_URL")?),
            dead_letters: Queue::new(sqs, vars.required("DEAD_LETTER_QUEUE_URL")?),
            clock,
            key: code_key(vars)?,
            link_base: vars.required("LINK_BASE_URL")?.trim_end_matches('/').to_owned(),
            sender: vars.required("SENDER_NAME")?,
        })
    }

    /// Takes batches of its queue.
    pub fn batches(self) -> Batches {
        lambda::batches(self, Self::handle)
    }

    async fn handle(self: Arc<Self>, event: SqsEvent) -> SqsBatchResponse {
        let dead_letters = self.dead_letters.clone();
        batch::run(event, &dead_letters, |messages| self.tasks(messages)).await
    }

    async fn tasks(self: Arc<Self>, messages: Vec<Received<CodeTask>>) -> Vec<(usize, Result<(), Failure>)> {
        let indexes: Vec<usize> = messages.iter().map(|message| message.index).collect();
        let results = concurrent::map(CONCURRENCY, messages, move |message| {
            let function = Arc::clone(&self);
            async move { function.task(&message.body.id).await }
        });
        let results = results.await.into_iter().map(|result| result.and_then(|result| result));
        indexes.into_iter().zip(results.map(|result| result.map_err(Failure::Retry))).collect()
    }
}
