//! `advance`: takes what the inbox brings, steps each customer, writes it, and does what follows from it. The only
//! writer of customers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::batch::{self, Failure, Received};
use cloud::bus::Bus;
use cloud::clock::Clock;
use cloud::concurrent;
use cloud::config::Vars;
use cloud::definitions::{Cache, code_key};
use cloud::inbox::Inbox;
use cloud::lambda::{self, Batches};
use cloud::queue::Queue;
use cloud::table::customers::{Committed, Stored, due_key};
use cloud::table::erasures::Erasure;
use cloud::table::ledger::LedgerRow;
use cloud::table::{Reading, Row as TableRow, Table};
use domain::consent::{ConsentSaid, Purpose};
use domain::contact::Channel;
use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::erasure;
use domain::input::{Announced, Announcement, Effect, Input, List, SendTask, WebhookTask};
use domain::ledger::Row;
use domain::names::CustomerId;
use domain::project;
use domain::step::step;
use domain::time::Timestamp;

/// Customers under way at once.
const CONCURRENCY: usize = 16;

/// How often a customer is stepped anew because another write came first.
const CONFLICTS_LIMIT: usize = 8;

/// What the function needs.
#[derive(Clone, Debug)]
pub struct Advance {
    table: Table,
    definitions: Cache,
    sms: Queue,
    email: Queue,
    line: Queue,
    webhooks: Queue,
    dead_letters: Queue,
    bus: Bus,
    clock: Clock,
}

/// Inputs for one customer out of a batch.
#[derive(Clone, Debug)]
struct Group {
    customer: CustomerId,
    inputs: Vec<Input>,
    /// When each of the inputs was sent, where that is known.
    sent: Vec<Option<Timestamp>>,
    redelivered: bool,
    indexes: Vec<usize>,
}

/// What leaves once a customer is written, for many customers together.
#[derive(Debug, Default)]
struct Outgoing {
    rows: Vec<TableRow>,
    sms: Vec<SendTask>,
    email: Vec<SendTask>,
    line: Vec<SendTask>,
    webhooks: Vec<WebhookTask>,
    news: Vec<Announcement>,
}

impl Advance {
    /// Wires the function.
    pub fn new(config: &aws_types::SdkConfig, vars: &Vars, clock: Clock) -> Result<Self> {
        let table = Table::keyed(aws_sdk_dynamodb::Client::new(config), vars)?;
        let sqs = aws_sdk_sqs::Client::new(config);
        Ok(Self {
            definitions: Cache::new(table.clone(), clock.clone(), code_key(vars)?),
            table,
            sms: Queue::new(sqs.clone(), vars.required("SMS_QUEUE_URL")?),
            email: Queue::new(sqs.clone(), vars.required("EMAIL_QUEUE_URL")?),
            line: Queue::new(sqs.clone(), vars.required("LINE_QUEUE_URL")?),
            webhooks: Queue::new(sqs.clone(), vars.required("WEBHOOK_QUEUE_URL")?),
            dead_letters: Queue::new(sqs, vars.required("DEAD_LETTER_QUEUE_URL")?),
            bus: Bus::new(aws_sdk_eventbridge::Client::new(config), vars.required("BUS_NAME")?),
            clock,
        })
    }

    /// Takes batches of its queue.
    pub fn batches(self) -> Batches {
        lambda::batches(self, Self::handle)
    }

    async fn handle(self: Arc<Self>, event: SqsEvent) -> SqsBatchResponse {
        let dead_letters = self.dead_letters.clone();
        batch::run(event, &dead_letters, |messages| self.advance(messages)).await
    }

    async fn advance(self: Arc<Self>, messages: Vec<Received<Inbox>>) -> Vec<(usize, Result<(), Failure>)> {
        let groups = group(messages);
        let ids: Vec<CustomerId> = groups.iter().map(|group| group.customer.clone()).collect();
        // A reader that lags behind costs half; what it misses, the write's condition finds.
        let mut stored = match self.table.customers(&ids, Reading::Eventual).await {
            Ok(stored) => stored,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "customers could not be read");
                return Vec::new();
            }
        };
        let new = |(id, read): (&CustomerId, &Result<Stored>)| {
            read.as_ref().is_ok_and(|read| read.revision == 0).then(|| id.clone())
        };
        let new: Vec<CustomerId> = stored.iter().filter_map(new).collect();
        let mut erasures = match self.table.erasures(&new).await {
            Ok(erasures) => erasures,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "erasures could not be read");
                return Vec::new();
            }
        };
        let mut outcomes = Vec::new();
        let (mut work, mut members) = (Vec::new(), Vec::new());
        for group in groups {
            let absent = || Ok(Stored::absent(group.customer.clone()));
            match stored.remove(&group.customer).unwrap_or_else(absent) {
                Ok(read) => {
                    members.push(group.indexes.clone());
                    let erasure = erasures.remove(&group.customer);
                    work.push((group, read, erasure));
                }
                Err(error) => outcomes.extend(failed(&group.indexes, &error)),
            }
        }
        let advance = Arc::clone(&self);
        let results = concurrent::map(CONCURRENCY, work, move |(group, read, erasure)| {
            let advance = Arc::clone(&advance);
            async move { advance.customer(group, read, erasure).await }
        });
        let mut outgoing = Outgoing::default();
        let mut leaving = Vec::new();
        for (result, indexes) in results.await.into_iter().zip(members) {
            match result.and_then(|result| result) {
                Ok(out) => {
                    outgoing.rows.extend(out.rows);
                    outgoing.sms.extend(out.sms);
                    outgoing.email.extend(out.email);
                    outgoing.line.extend(out.line);
                    outgoing.webhooks.extend(out.webhooks);
                    outgoing.news.extend(out.news);
                    leaving.extend(indexes);
                }
                Err(error) => outcomes.extend(failed(&indexes, &error)),
            }
        }
        let sent = self.leave(outgoing).await.map_err(|error| format!("{error:#}"));
        outcomes.extend(
            leaving
                .into_iter()
                .map(|index| (index, sent.clone().map_err(|error| Failure::Retry(anyhow!(error))))),
        );
        outcomes
    }

    /// Steps one customer, writes it, and writes the rows that follow; what goes to queues is returned, so that a batch
    /// needs few requests.
    async fn customer(&self, all: Group, read: Stored, erasure: Option<Erasure>) -> Result<Outgoing> {
        let mut stored = read;
        let mut erasure = Some(erasure).filter(|_| stored.revision == 0);
        let mut fresh = false;
        for _ in 0..CONFLICTS_LIMIT {
            let now = self.clock.now();
            if stored.revision == 0 && erasure.is_none() {
                erasure = Some(self.table.erasure(&all.customer).await?);
            }
            let Some(group) = told_since(&all, &mut stored, erasure.take().flatten())? else {
                return Ok(Outgoing::default());
            };
            let needed = needed(&stored.customer, &group.inputs);
            let mut definitions = self.definitions.at_least(needed).await?;
            // Whoever asks for a journey may have applied it a moment ago.
            if asks_for_unknown(&group.inputs, &definitions) {
                definitions = self.definitions.current(needed).await?;
            }
            let stepped = step(&stored.customer, &group.inputs, now, &definitions);
            let due_at = due_key(stored.due_at, stepped.next.as_ref(), now);
            if !stepped.changed && !fresh && group.inputs.iter().any(tells) {
                // Nothing to write means nothing to find out by writing: perhaps the reader lags behind.
                fresh = true;
                if let Some(current) = self.table.customer(&group.customer).await?
                    && current.revision != stored.revision
                {
                    stored = current;
                    continue;
                }
            }
            let mut revision = stored.revision;
            if stepped.changed || due_at != stored.due_at {
                revision = match self.table.commit(&stored, &stepped.customer, due_at).await? {
                    Committed::Written(revision) => revision,
                    Committed::Conflict(current) => {
                        fresh = true;
                        stored = *current;
                        continue;
                    }
                };
            }
            // What an earlier delivery wrote it may not have sent on: everything is made again, harmlessly.
            let effects = if group.redelivered { project::all(&stepped.customer) } else { stepped.effects };
            let mut outgoing = self.follow(effects, &stepped.customer, revision).await?;
            let (said, again) = consents(&group, &stored.customer)?;
            outgoing.rows.extend(said);
            outgoing.rows.extend(self.table.missing(again).await?);
            return Ok(outgoing);
        }
        Err(anyhow!("another write came first {CONFLICTS_LIMIT} times"))
    }

    /// Writes the rows that are tied to the customer's revision and returns the rest.
    async fn follow(&self, effects: Vec<Effect>, customer: &Customer, revision: u64) -> Result<Outgoing> {
        let mut outgoing = Outgoing::default();
        for effect in effects {
            match effect {
                Effect::Send { channel: Channel::Sms, task } => outgoing.sms.push(task),
                Effect::Send { channel: Channel::Email, task } => outgoing.email.push(task),
                Effect::Send { channel: Channel::Line, task } => outgoing.line.push(task),
                Effect::Webhook(task) => outgoing.webhooks.push(task),
                Effect::Announce(news) => outgoing.news.push(news),
                Effect::Ledger { journey, entered, key } => {
                    let mut all = customer.enrollments.iter();
                    let found =
                        all.find(|it| it.journey == journey && it.entered == entered && it.key == key);
                    let enrollment = found.context("a ledger row without its enrollment")?;
                    let row = LedgerRow { customer: customer.id.clone(), entered, row: Row::of(enrollment) };
                    self.table.put_row(&journey, &row, revision).await?;
                }
                Effect::Member { list, member, since } => {
                    self.table.put_member(&list, &customer.id, member, since, revision).await?;
                }
                Effect::Alias { channel, address } => {
                    let key = self.table.address_key()?;
                    outgoing.rows.extend(TableRow::alias(key, channel, &address, &customer.id));
                }
            }
        }
        Ok(outgoing)
    }

    async fn leave(&self, outgoing: Outgoing) -> Result<()> {
        self.table.put_all(outgoing.rows).await?;
        self.sms.send(&outgoing.sms).await?;
        self.email.send(&outgoing.email).await?;
        self.line.send(&outgoing.line).await?;
        self.webhooks.send(&outgoing.webhooks).await?;
        let news: Vec<(&str, &Announcement)> =
            outgoing.news.iter().map(|news| (detail_type(news), news)).collect();
        self.bus.put(&news).await
    }
}

/// What counts of a group: nothing of what was told before an erasure. What is told of someone who is being erased waits
/// until that is over; `None` where nothing is left to do.
fn told_since<'a>(
    group: &'a Group,
    stored: &mut Stored,
    erasure: Option<Erasure>,
) -> Result<Option<Cow<'a, Group>>> {
    let (until, over) = match (stored.erasing, erasure, stored.customer.erased_until) {
        (Some(until), _, _) => (until, false),
        (None, Some(erasure), _) => (erasure.until, erasure.finished.is_some()),
        (None, None, Some(until)) => (until, true),
        (None, None, None) => return Ok(Some(Cow::Borrowed(group))),
    };
    let anew = stored.revision > 0 && stored.erasing.is_none();
    let sent_since = |sent: &Option<Timestamp>| sent.is_none_or(|sent| sent >= until);
    let all = group.inputs.iter().zip(&group.sent);
    let (inputs, sent): (Vec<Input>, Vec<_>) = all
        .filter(|(input, sent)| erasure::counts(input, until, anew) && (anew || sent_since(sent)))
        .map(|(input, sent)| (input.clone(), *sent))
        .unzip();
    if !over && !inputs.is_empty() {
        bail!("the person is being erased: what is told since waits until that is over");
    }
    if !anew {
        if inputs.is_empty() {
            return Ok(None);
        }
        stored.customer.erased_until = Some(until);
    }
    Ok(Some(Cow::Owned(Group { inputs, sent, ..group.clone() })))
}

/// Every message of a group is to be retried for the same reason.
fn failed(indexes: &[usize], error: &anyhow::Error) -> Vec<(usize, Result<(), Failure>)> {
    indexes.iter().map(|index| (*index, Err(Failure::Retry(anyhow!("{error:#}"))))).collect()
}

/// Whether an input says something that must not be lost; a mere look may come to nothing, for the sweep looks again.
fn tells(input: &Input) -> bool {
    !matches!(input, Input::Timer)
}

/// What people said about messages, for the record that only grows: what is to be written, and what the customer seems to
/// have said before, in other words perhaps.
fn consents(group: &Group, before: &Customer) -> Result<(Vec<TableRow>, Vec<TableRow>)> {
    let (mut said, mut again) = (Vec::new(), Vec::new());
    for input in &group.inputs {
        let (opted_out, opted_in);
        let (words, at) = match input {
            Input::Identify { consents, at, .. } => (consents.as_slice(), *at),
            Input::OptOut { channel, at, proof } => {
                let refused = ConsentSaid::new(*channel, Purpose::Marketing, false);
                opted_out = [ConsentSaid { proof: proof.clone(), ..refused }];
                (opted_out.as_slice(), *at)
            }
            Input::OptIn { channel, at, proof } => {
                let given = ConsentSaid::new(*channel, Purpose::Marketing, true);
                opted_in = [ConsentSaid { proof: proof.clone(), ..given }];
                (opted_in.as_slice(), *at)
            }
            Input::Track { .. }
            | Input::Timer
            | Input::Evaluate { .. }
            | Input::Outcome { .. }
            | Input::Receipt { .. }
            | Input::SoftBounce { .. }
            | Input::Click { .. }
            | Input::Open { .. }
            | Input::Reply { .. }
            | Input::Enroll { .. }
            | Input::Remove { .. } => continue,
        };
        for word in words {
            let known = before.consents.get(&word.channel).and_then(|said| said.get(&word.purpose));
            let repeated = known.is_some_and(|known| known.0 == word.given && known.1 == at);
            let row = TableRow::consent(&group.customer, word, at)?;
            match (repeated && !group.redelivered, word.proof.is_bare()) {
                (false, _) => said.push(row),
                (true, false) => again.push(row),
                (true, true) => {}
            }
        }
    }
    Ok((said, again))
}

/// Whether a journey is asked for that these definitions do not have in force.
fn asks_for_unknown(inputs: &[Input], definitions: &Definitions) -> bool {
    let unknown = |input: &Input| matches!(input, Input::Enroll { journey, .. } if definitions.current(journey).is_none());
    inputs.iter().any(unknown)
}

/// The number of the definitions that must be known to judge this customer.
fn needed(customer: &Customer, inputs: &[Input]) -> u32 {
    let asked = inputs.iter().filter_map(|input| match input {
        Input::Evaluate { definitions } => Some(*definitions),
        Input::Identify { .. }
        | Input::Track { .. }
        | Input::Timer
        | Input::Outcome { .. }
        | Input::Receipt { .. }
        | Input::Click { .. }
        | Input::Open { .. }
        | Input::Reply { .. }
        | Input::Enroll { .. }
        | Input::Remove { .. }
        | Input::SoftBounce { .. }
        | Input::OptIn { .. }
        | Input::OptOut { .. } => None,
    });
    asked.chain([customer.definitions]).max().unwrap_or(0)
}

/// Puts the messages of a batch together by customer, in the order in which each first came.
fn group(messages: Vec<Received<Inbox>>) -> Vec<Group> {
    let mut places: BTreeMap<CustomerId, usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for Received { index, redelivered, sent, body } in messages {
        let place = *places.entry(body.customer.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group {
                customer: body.customer,
                inputs: Vec::new(),
                sent: Vec::new(),
                redelivered: false,
                indexes: Vec::new(),
            });
        }
        let group = &mut groups[place];
        group.sent.resize(group.inputs.len() + body.inputs.len(), sent);
        group.inputs.extend(body.inputs);
        group.redelivered |= redelivered;
        group.indexes.push(index);
    }
    groups
}

fn detail_type(news: &Announcement) -> &'static str {
    match &news.what {
        Announced::Membership { list: List::Segment(_), member: true } => "Segment Entered",
        Announced::Membership { list: List::Segment(_), member: false } => "Segment Left",
        Announced::Membership { list: List::Audience(_), member: true } => "Audience Entered",
        Announced::Membership { list: List::Audience(_), member: false } => "Audience Left",
        Announced::GoalReached { .. } => "Goal Reached",
    }
}
