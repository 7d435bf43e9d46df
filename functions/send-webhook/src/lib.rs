//! `send-webhook`: takes tasks from its queue and tells the shop's own systems, at least once each. What a receiver took
//! is noted, so that a task that is made again after a crash is not sent again; only an answer that was lost on the way
//! leads to a second request, which has the same id.

mod answer;
mod post;

use std::sync::Arc;

use anyhow::{Result, anyhow};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::batch::{self, Failure, Received};
use cloud::clock::Clock;
use cloud::concurrent;
use cloud::config::Vars;
use cloud::definitions::Cache;
use cloud::lambda::{self, Batches};
use cloud::queue::Queue;
use cloud::table::Table;
use cloud::table::customers::Stored;
use cloud::table::messages::KEPT_SECONDS;
use domain::input::WebhookTask;
use domain::journey::WebhookStep;
use domain::message::CodeKey;
use domain::webhook;

use crate::post::Post;

/// Webhooks under way at once in one invocation.
const CONCURRENCY: usize = 16;

/// What the function needs.
#[derive(Clone, Debug)]
pub struct SendWebhook {
    table: Table,
    definitions: Cache,
    dead_letters: Queue,
    clock: Clock,
    post: Post,
}

impl SendWebhook {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let table = Table::from_vars(aws_sdk_dynamodb::Client::new(config), vars)?;
        let sqs = aws_sdk_sqs::Client::new(config);
        Ok(Self {
            definitions: Cache::new(table.clone(), clock.clone(), CodeKey::none()),
            table,
            dead_letters: Queue::new(sqs, vars.required("DEAD_LETTER_QUEUE_URL")?),
            clock,
            post: Post::from_vars(vars)?,
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

    async fn tasks(
        self: Arc<Self>,
        messages: Vec<Received<WebhookTask>>,
    ) -> Vec<(usize, Result<(), Failure>)> {
        let indexes: Vec<usize> = messages.iter().map(|message| message.index).collect();
        let results = concurrent::map(CONCURRENCY, messages, move |message| {
            let function = Arc::clone(&self);
            async move { function.task(message.body).await }
        });
        let results =
            results.await.into_iter().map(|result| result.unwrap_or_else(|error| Err(Failure::Retry(error))));
        indexes.into_iter().zip(results).collect()
    }

    async fn task(&self, task: WebhookTask) -> Result<(), Failure> {
        // Made again from an enrollment that has been going on for longer than it is noted what was taken.
        if self.clock.now().since(task.at) >= KEPT_SECONDS {
            return Ok(());
        }
        if self.table.is_webhook_taken(&task.code).await.map_err(Failure::Retry)? {
            return Ok(());
        }
        let definitions = self.definitions.at_least(task.definitions).await.map_err(Failure::Retry)?;
        let journey = definitions.version(&task.journey, task.version);
        let Some(step) = journey.and_then(|journey| journey.webhook(task.step)) else {
            let WebhookTask { journey, version, step, .. } = &task;
            return Err(Failure::Fail(anyhow!(
                "version {version} of the journey {journey} has no webhook at its step {step}"
            )));
        };
        self.send(&task, step).await
    }

    async fn send(&self, task: &WebhookTask, step: &WebhookStep) -> Result<(), Failure> {
        let stored = self.table.customer(&task.customer).await.map_err(Failure::Retry)?;
        // Who is not there was erased since: nothing is told of them any more.
        let Some(Stored { customer, erasing: None, .. }) = stored else { return Ok(()) };
        let body = webhook::body(task, step, &customer).map_err(|error| Failure::Fail(error.into()))?;
        let sent = self.post.send(&step.url, task.code.as_str(), self.clock.now(), body).await;
        sent.map_err(|failure| about(failure, task, step))?;
        // It was taken: what is not noted costs a second request at worst, and no other delivery.
        if let Err(error) = self.table.put_webhook_taken(&task.code, self.clock.now()).await {
            tracing::warn!(error = format!("{error:#}"), "a webhook that was taken is not noted");
        }
        Ok(())
    }
}

/// A failure with the step it is of.
fn about(failure: Failure, task: &WebhookTask, step: &WebhookStep) -> Failure {
    let which =
        format!("the webhook {} of the journey {} (version {})", step.name, task.journey, task.version);
    match failure {
        Failure::Retry(error) => Failure::Retry(error.context(which)),
        Failure::Fail(error) => Failure::Fail(error.context(which)),
    }
}
