//! One task: whether the message may leave, the claim, the call, the record.

use std::sync::Arc;

use anyhow::{Result, bail};
use cloud::table::messages::{Claimed, KEPT_SECONDS, MessageItem, Recorded};
use cloud::table::new_attempt;
use cloud::table::people::Stopped;
use domain::chance::draw;
use domain::customer::Customer;
use domain::enrollment::Status;
use domain::input::{Outcome, SendTask};
use domain::message::{Code, HoldReason, Permission, SkipReason};
use domain::money::Yen;
use domain::names::AccountName;
use domain::time::{DAY, MINUTE, Timestamp};
use domain::walk::check_at_sending;
use providers::answer::{Accepted, LookUp, SendError};

use crate::render::{Cost, Rendered, render};
use crate::ways::Way;
use crate::{Sender, Transport};

/// The most milliseconds between the reads of a check and the call that follows it.
const CHECK_MILLIS: i64 = 2_000;

/// How often a check is made again because the call did not follow in time.
const CHECKS_LIMIT: usize = 3;

/// Seconds after which an invocation that holds a claim is gone for sure, and its request with it: longer than a
/// provider's time-out, shorter than the queue's visibility.
pub const SETTLE_SECONDS: i64 = 60;

/// Seconds after which a claim is given up as unknown when the provider can't be asked: before the queue, which hides a
/// task for three minutes at a time and ten times at most, gives the task up.
const GIVE_UP_SECONDS: i64 = 20 * 60;

/// For how long a claim waits for an account that takes no calls before it is asked all the same.
const DOWN_SECONDS: i64 = DAY;

/// How soon a message is tried again that no account can take, in seconds.
const NO_WAY_SECONDS: i64 = 30 * MINUTE;

/// What a message failed for on a channel that the shop has no account for.
const NO_ACCOUNT: &str = "no_account";

/// Over how many seconds those are spread that are tried again.
const SPREAD_SECONDS: u32 = 300;

/// A task and what its check rests on.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) task: SendTask,
    pub(crate) customer: Customer,
    pub(crate) stopped: Option<Stopped>,
    /// When the reads began, in milliseconds.
    pub(crate) read_at: i64,
}

/// What became of a task.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) code: Code,
    pub(crate) outcome: Outcome,
}

/// A message that may leave, or why it may not.
enum Ready {
    Send(Box<Rendered>),
    Not(Outcome),
}

fn skipped(reason: SkipReason) -> Outcome {
    Outcome::Settled { status: Status::Skipped(reason), parts: None, yen: None }
}

impl<T: Transport> Sender<T> {
    /// Carries a task to its outcome. An error means: deliver it again.
    pub(crate) async fn task(&self, checked: Checked) -> Result<Settled> {
        let code = checked.task.code.clone();
        let outcome = match self.ready(&checked).await? {
            Ready::Send(message) => self.claim(checked, *message).await?,
            // An earlier delivery may have called the provider before the reason not to came up.
            Ready::Not(outcome) => match self.table.message(&code).await? {
                Some(taken) => self.taken(taken, checked, None).await?,
                None => outcome,
            },
        };
        Ok(Settled { code, outcome })
    }

    async fn ready(&self, checked: &Checked) -> Result<Ready> {
        let Checked { task, customer, stopped, .. } = checked;
        let definitions = self.definitions.at_least(customer.definitions).await?;
        let now = self.clock.now();
        match check_at_sending(customer, &task.code, &definitions, now) {
            Permission::Skip(reason) => return Ok(Ready::Not(skipped(reason))),
            Permission::Hold(until, why) => return Ok(Ready::Not(Outcome::Held { until, why })),
            Permission::Send => {}
        }
        Ok(match render(customer, &task.code, &definitions, self.sender(), now) {
            Ok(message)
                if !message.to_somebody_else
                    && stopped.is_some_and(|stopped| stopped.stops(message.purpose)) =>
            {
                Ready::Not(skipped(SkipReason::Suppressed))
            }
            Ok(message) => Ready::Send(Box::new(message)),
            Err(reason) => Ready::Not(skipped(reason)),
        })
    }

    async fn claim(&self, checked: Checked, message: Rendered) -> Result<Outcome> {
        let now = self.clock.now();
        let ways = self.ways_of(&checked, &message).await?;
        let first = ways.iter().position(|way| way.allows(now));
        let Some(first) = first else {
            // A claim of before may rest on a call; it is asked about like any other.
            return match self.table.message(&checked.task.code).await? {
                Some(taken) => self.taken(taken, checked, Some(message)).await,
                None if !self.has_account(&checked).await? => {
                    let status = Status::Failed(NO_ACCOUNT.to_owned());
                    Ok(Outcome::Settled { status, parts: None, yen: None })
                }
                None => Ok(put_off(&ways, &checked.task.code, now)),
            };
        };
        let claim = MessageItem {
            code: checked.task.code.clone(),
            customer: checked.task.customer.clone(),
            channel: T::CHANNEL,
            to: message.to.clone(),
            links: message.links.clone(),
            asks_email: message.asks_email,
            claimed_at: now,
            attempt: new_attempt(),
            account: ways[first].name.clone(),
            outcome: None,
            expires: now.plus(KEPT_SECONDS),
        };
        match self.table.claim(&claim).await? {
            Claimed::Ours => self.call(checked, message, &claim.attempt, &ways[first..]).await,
            Claimed::Taken(taken) => self.taken(*taken, checked, Some(message)).await,
        }
    }

    async fn ways_of(&self, checked: &Checked, message: &Rendered) -> Result<Vec<Arc<Way<T>>>> {
        let definitions = self.definitions.at_least(checked.customer.definitions).await?;
        let ways = self.ways.of(&definitions, message);
        if ways.is_empty() {
            tracing::error!("no account can take a message: add a route, or the secrets of its accounts");
        }
        Ok(ways)
    }

    /// Whether anything can ever take a message of this channel.
    async fn has_account(&self, checked: &Checked) -> Result<bool> {
        let definitions = self.definitions.at_least(checked.customer.definitions).await?;
        Ok(self.ways.has_account(&definitions))
    }

    /// There is a claim already: its outcome is reported again, or found out.
    async fn taken(
        &self,
        taken: MessageItem,
        checked: Checked,
        message: Option<Rendered>,
    ) -> Result<Outcome> {
        if let Some(recorded) = taken.outcome {
            return Ok(report(recorded));
        }
        let now = self.clock.now();
        if now.since(taken.claimed_at) < SETTLE_SECONDS {
            bail!("another delivery holds the claim");
        }
        let definitions = self.definitions.at_least(checked.customer.definitions).await?;
        let way = self.ways.named(&definitions, taken.account.as_ref());
        let age = now.since(taken.claimed_at);
        if let Some(way) = way.as_ref().filter(|way| age < DOWN_SECONDS && !way.allows(now)) {
            return Ok(put_off(std::slice::from_ref(way), &taken.code, now));
        }
        let attempt = new_attempt();
        let looked = match &way {
            Some(way) => {
                let looked = way.transport.look_up(taken.code.as_str()).await;
                way.record(&looked, now);
                // One that takes a code once is asked by sending it again, while it surely knows the code; a message that
                // may not leave any more is not.
                let first = taken.expires.plus(-KEPT_SECONDS);
                let known = now.since(first) < way.transport.known_seconds();
                if known && message.is_some() && way.transport.is_repeatable() {
                    looked.or(Ok(LookUp::NotAccepted))
                } else {
                    looked
                }
            }
            None => Err(SendError::Unknown { reason: "its account is gone" }),
        };
        match (looked, way) {
            (Ok(LookUp::Accepted(accepted)), _) => {
                self.record(&taken.code, &taken.attempt, accept(accepted)).await
            }
            (Ok(LookUp::NotAccepted), way) => {
                if !self.table.take_over(&taken, &attempt, now).await? {
                    bail!("another delivery took the claim over");
                }
                if let Some(message) = message {
                    return self.call(checked, message, &attempt, way.as_slice()).await;
                }
                self.table.release(&taken.code, &attempt).await?;
                bail!("a claim without a call was cleared; the check is made again")
            }
            (Err(error), _) if age >= GIVE_UP_SECONDS => {
                tracing::warn!(error = %error, "a claim is given up as unknown");
                self.record(&taken.code, &taken.attempt, lone(Status::Unknown)).await
            }
            (Err(error), _) => bail!("the provider could not be asked: {error}"),
        }
    }

    /// Calls an account, no later than two seconds after a check; when it has certainly not taken the message, the next one.
    async fn call(
        &self,
        mut checked: Checked,
        mut message: Rendered,
        attempt: &str,
        ways: &[Arc<Way<T>>],
    ) -> Result<Outcome> {
        let code = checked.task.code.clone();
        let mut cost = message.cost.clone();
        if !self.affords(cost.as_ref()).await? {
            self.table.release(&code, attempt).await?;
            return Ok(skipped(SkipReason::BudgetSpent));
        }
        let mut refusal = None;
        for (index, way) in ways.iter().enumerate() {
            if index > 0 {
                let now = self.clock.now();
                if !way.allows(now) {
                    continue;
                }
                if !self.table.go_through(&code, attempt, way.name.as_ref(), now).await? {
                    bail!("another delivery took the claim over");
                }
            }
            way.turn().await;
            if let Some(outcome) = self.freshen(&mut checked, &mut message, &mut cost, attempt).await? {
                return Ok(outcome);
            }
            let result = way.transport.send(&message).await;
            way.record(&result, self.clock.now());
            match result {
                Ok(accepted) => {
                    let price = accepted.price_yen.map(Yen);
                    let outcome = self.record(&code, attempt, accept(accepted)).await?;
                    if let Some(price) = price {
                        self.charge(cost.as_ref(), price).await;
                    }
                    return Ok(outcome);
                }
                Err(SendError::Permanent { code: refusal }) => {
                    self.charge(cost.as_ref(), Yen::ZERO).await;
                    return self.record(&code, attempt, lone(Status::Failed(refusal))).await;
                }
                // The claim stays, as below.
                Err(error @ SendError::Unknown { .. }) if way.transport.is_repeatable() => bail!("{error}"),
                Err(SendError::Unknown { reason }) => {
                    tracing::warn!(reason, "a message is unknown: it left and was not answered");
                    return self.record(&code, attempt, lone(Status::Unknown)).await;
                }
                // The claim stays: the next delivery finds it without an outcome, and asks.
                Err(error @ SendError::Unclear { .. }) => bail!("{error}"),
                Err(error @ (SendError::Temporary { .. } | SendError::Configuration { .. })) => {
                    tracing::warn!(%error, account = way.name.as_ref().map(AccountName::as_str), "an account did not take a message");
                    refusal = Some(error);
                }
            }
        }
        self.charge(cost.as_ref(), Yen::ZERO).await;
        self.table.release(&code, attempt).await?;
        let now = self.clock.now();
        match refusal {
            // One that only this message met is tried again by its queue, soon.
            Some(error) if ways.iter().all(|way| way.again_in(now).is_none()) => bail!("{error}"),
            Some(_) | None => Ok(put_off(ways, &code, now)),
        }
    }

    /// Sees to it that the check is no older than two seconds, by another one where it is. Returns why the message may not
    /// leave after all.
    async fn freshen(
        &self,
        checked: &mut Checked,
        message: &mut Rendered,
        cost: &mut Option<Cost>,
        attempt: &str,
    ) -> Result<Option<Outcome>> {
        let code = checked.task.code.clone();
        let mut checks = 0;
        while self.clock.now_millis() - checked.read_at > CHECK_MILLIS {
            checks += 1;
            if checks > CHECKS_LIMIT {
                self.charge(cost.as_ref(), Yen::ZERO).await;
                self.table.release(&code, attempt).await?;
                bail!("the table is too slow to send within {CHECK_MILLIS} ms of a check");
            }
            // Whoever was away for so long may have been taken for dead.
            if !self.table.keep_claim(&code, attempt, self.clock.now()).await? {
                bail!("another delivery took the claim over");
            }
            *checked = self.recheck(checked.task.clone()).await?;
            match self.ready(checked).await? {
                Ready::Send(ready) => {
                    // What is known of the person by now may have made it another text.
                    if ready.cost != *cost {
                        self.charge(cost.as_ref(), Yen::ZERO).await;
                        cost.clone_from(&ready.cost);
                        if !self.affords(cost.as_ref()).await? {
                            self.table.release(&code, attempt).await?;
                            return Ok(Some(skipped(SkipReason::BudgetSpent)));
                        }
                    }
                    *message = *ready;
                }
                Ready::Not(outcome) => {
                    self.charge(cost.as_ref(), Yen::ZERO).await;
                    self.table.release(&code, attempt).await?;
                    return Ok(Some(outcome));
                }
            }
        }
        Ok(None)
    }

    /// Takes what a message may cost out of its journey's budget, when it has one; whether there was enough.
    async fn affords(&self, cost: Option<&Cost>) -> Result<bool> {
        let Some(Cost { journey, month, yen, budget }) = cost else { return Ok(true) };
        self.table.take_from_budget(journey, month, *yen, *budget).await
    }

    /// Sets right what was taken for a message. What can't be set right stays taken: the budget ends early, not late.
    async fn charge(&self, cost: Option<&Cost>, price: Yen) {
        let Some(Cost { journey, month, yen, .. }) = cost.filter(|cost| cost.yen != price) else { return };
        if let Err(error) = self.table.correct_budget(journey, month, Yen(price.0 - yen.0)).await {
            tracing::warn!(error = format!("{error:#}"), "a budget could not be set right");
        }
    }

    async fn recheck(&self, task: SendTask) -> Result<Checked> {
        let read_at = self.clock.now_millis();
        let Some(stored) = self.table.customer(&task.customer).await? else { bail!("the customer is gone") };
        let address = stored.customer.address(T::CHANNEL).map(ToOwned::to_owned);
        let stopped = match address {
            Some(address) => self.table.suppressed(T::CHANNEL, &[address]).await?.into_values().next(),
            None => None,
        };
        Ok(Checked { task, customer: stored.customer, stopped, read_at })
    }

    async fn record(&self, code: &Code, attempt: &str, recorded: Recorded) -> Result<Outcome> {
        if self.table.record(code, attempt, &recorded).await? {
            return Ok(report(recorded));
        }
        match self.table.message(code).await?.and_then(|message| message.outcome) {
            Some(standing) => Ok(report(standing)),
            None => bail!("another delivery took the claim over"),
        }
    }
}

fn accept(accepted: Accepted) -> Recorded {
    Recorded {
        status: Status::Accepted,
        provider_id: Some(accepted.provider_id),
        parts: Some(accepted.parts),
        yen: accepted.price_yen.map(Yen),
    }
}

/// Puts a message back that no account takes now, so that not all come at once when one does again.
fn put_off<T>(ways: &[Arc<Way<T>>], code: &Code, now: Timestamp) -> Outcome {
    let soonest = ways.iter().filter_map(|way| way.again_in(now)).min().unwrap_or(NO_WAY_SECONDS);
    let spread = i64::from(draw(&[code.as_str(), "again"], SPREAD_SECONDS));
    Outcome::Held { until: now.plus(soonest + spread), why: HoldReason::ProviderDown }
}

fn lone(status: Status) -> Recorded {
    Recorded { status, provider_id: None, parts: None, yen: None }
}

fn report(recorded: Recorded) -> Outcome {
    Outcome::Settled { status: recorded.status, parts: recorded.parts, yen: recorded.yen }
}
