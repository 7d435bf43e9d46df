//! One task: whether the message may leave, the claim, the call, the record.
//!
//! One file of more than 500 lines: that no way through it calls a provider twice is seen only where all of them stand.

use std::sync::Arc;

use anyhow::{Result, bail};
use cloud::table::customers::Stored;
use cloud::table::messages::{Claimed, KEPT_SECONDS, MessageItem, Recorded};
use cloud::table::new_attempt;
use cloud::table::people::Stopped;
use cloud::table::spending::Charge;
use domain::chance::draw;
use domain::customer::Customer;
use domain::enrollment::Status;
use domain::input::{Outcome, SendTask};
use domain::message::{Code, HoldReason, Permission, SkipReason};
use domain::money::Yen;
use domain::names::AccountName;
use domain::time::{DAY, MINUTE, Timestamp};
use domain::walk::check_at_sending;
use providers::answer::{Accepted, CANNOT_BE_ASKED, LookUp, SendError};
use tokio::time::Instant;

use crate::pace::Late;
use crate::render::{Rendered, render};
use crate::spending::{Bill, Took};
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

/// How soon a message is sent again, by the account that may have taken it, in seconds.
const ASK_AGAIN_SECONDS: i64 = 5 * MINUTE;

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
pub(crate) enum Done {
    /// There is something to report.
    Settled(Outcome),
    /// The contract's pace leaves no room for it in this invocation; nothing was done.
    Late(Late),
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
    pub(crate) async fn task(&self, checked: Checked) -> Result<Done> {
        let code = checked.task.code.clone();
        Ok(match self.ready(&checked).await? {
            Ready::Send(message) => self.claim(checked, *message).await?,
            // An earlier delivery may have called the provider before the reason not to came up.
            Ready::Not(outcome) => Done::Settled(match self.table.message(&code).await? {
                Some(taken) => self.taken(taken, checked, None).await?,
                None => outcome,
            }),
        })
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

    async fn claim(&self, checked: Checked, message: Rendered) -> Result<Done> {
        let now = self.clock.now();
        let definitions = self.definitions.at_least(checked.customer.definitions).await?;
        let ways = self.ways.of(&definitions, &message);
        if ways.is_empty() {
            tracing::error!("no account can take a message: add a route, or the secrets of its accounts");
        }
        let Some(first) = ways.iter().position(|way| way.allows(now)) else {
            // A claim of before may rest on a call; it is asked about like any other.
            return match self.table.message(&checked.task.code).await? {
                Some(taken) => self.taken(taken, checked, Some(message)).await.map(Done::Settled),
                None if !self.ways.has_account(&definitions) => {
                    Ok(Done::Settled(report(lone(Status::Failed(NO_ACCOUNT.to_owned())))))
                }
                None => Ok(Done::Settled(put_off(&ways, &checked.task.code, now))),
            };
        };
        let turn = match ways[first].turn() {
            Ok(turn) => turn,
            Err(late) => return Ok(Done::Late(late)),
        };
        let bill = Bill::of(&definitions, ways[first].name.as_ref(), &message, now);
        // Before the claim says so: whoever finds the claim may give back what it says.
        let took = self.take(&bill).await?;
        if took == Took::BudgetSpent {
            return match self.table.message(&checked.task.code).await? {
                Some(taken) => self.taken(taken, checked, Some(message)).await.map(Done::Settled),
                None => Ok(Done::Settled(skipped(SkipReason::BudgetSpent))),
            };
        }
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
            charge: bill.charge().filter(|_| took == Took::All),
            outcome: None,
            expires: now.plus(KEPT_SECONDS),
        };
        let outcome = match self.table.claim(&claim).await? {
            Claimed::Ours => {
                self.call(checked, message, &claim.attempt, &ways, Some((first, turn, bill, took))).await
            }
            Claimed::Taken(taken) => {
                if took == Took::All {
                    self.give_back(&bill).await;
                }
                self.taken(*taken, checked, Some(message)).await
            }
        };
        outcome.map(Done::Settled)
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
        if let Some(way) = way.as_ref().filter(|way| age < DOWN_SECONDS && !way.answers(now)) {
            return Ok(put_back(way.asked_again_in(now), &taken.code, now));
        }
        let attempt = new_attempt();
        let looked = match &way {
            Some(way) => {
                let looked = way.transport.look_up(taken.code.as_str()).await;
                way.record_answer(&looked, now);
                // One that takes a code once is asked by sending it again, while it surely knows the code; a message that
                // may not leave any more is not.
                let first = taken.expires.plus(-KEPT_SECONDS);
                let known = now.since(first) < way.transport.known_seconds().min(DOWN_SECONDS);
                if looked.is_err() && known && message.is_some() && way.transport.is_repeatable() {
                    return self.repeat(&taken, checked, way, &attempt).await;
                }
                looked
            }
            None => Err(SendError::Unknown { reason: "its account is gone" }),
        };
        match (looked, way) {
            (Ok(LookUp::Accepted(accepted)), way) => {
                let told = way.and_then(|way| way.price(&accepted, now));
                let price = told.or(taken.charge.as_ref().map(Charge::likely));
                self.record(&taken.code, &taken.attempt, accept(accepted, price)).await
            }
            // It would be sent to where nothing is taken now.
            (Ok(LookUp::NotAccepted), Some(way))
                if message.is_some() && age < DOWN_SECONDS && !way.allows(now) =>
            {
                Ok(put_off(std::slice::from_ref(&way), &taken.code, now))
            }
            (Ok(LookUp::NotAccepted), way) => {
                if !self.table.take_over(&taken, &attempt, now).await? {
                    bail!("another delivery took the claim over");
                }
                if let Some(message) = message {
                    let bill = Bill::of(&definitions, taken.account.as_ref(), &message, taken.claimed_at);
                    if let Some(bill) = bill.claimed(taken.charge) {
                        self.give_back(&bill).await;
                    }
                    return self.call(checked, message, &attempt, way.as_slice(), None).await;
                }
                self.table.release(&taken.code, &attempt).await?;
                bail!("a claim without a call was cleared; the check is made again")
            }
            (Err(_), Some(way)) if age < DOWN_SECONDS && way.asked_again_in(now).is_some() => {
                Ok(put_back(way.asked_again_in(now), &taken.code, now))
            }
            // It has troubles, and will answer when they are over.
            (Err(error), Some(_))
                if error != CANNOT_BE_ASKED && (GIVE_UP_SECONDS..DOWN_SECONDS).contains(&age) =>
            {
                tracing::warn!(%error, "a provider was asked in vain");
                Ok(put_back(None, &taken.code, now))
            }
            (Err(error), _) if age >= GIVE_UP_SECONDS => {
                tracing::warn!(error = %error, "a claim is given up as unknown");
                self.record(&taken.code, &taken.attempt, lone(Status::Unknown)).await
            }
            (Err(error), _) => bail!("the provider could not be asked: {error}"),
        }
    }

    /// Sends a message once more by the account that may have taken it, which knows it by its code. The claim stays until the
    /// account says what it did: whatever else it answers proves nothing of the first time.
    async fn repeat(
        &self,
        taken: &MessageItem,
        checked: Checked,
        way: &Way<T>,
        attempt: &str,
    ) -> Result<Outcome> {
        let (code, now) = (&taken.code, self.clock.now());
        let turn = way.allows(now).then(|| way.turn().ok()).flatten();
        let Some(turn) = turn else { return Ok(put_back(way.again_in(now), code, now)) };
        if !self.table.take_over(taken, attempt, now).await? {
            bail!("another delivery took the claim over");
        }
        tokio::time::sleep_until(turn).await;
        // To ask took its time: what was checked before is too old.
        let checked = self.recheck(checked.task).await?;
        let message = match self.ready(&checked).await? {
            Ready::Send(message) => message,
            Ready::Not(_) => return Ok(put_back(None, code, now)),
        };
        let result = way.transport.send(&message).await;
        way.record(&result, self.clock.now());
        match result {
            Ok(accepted) => {
                let price = way.price(&accepted, now).or(taken.charge.as_ref().map(Charge::likely));
                self.record(code, attempt, accept(accepted, price)).await
            }
            Err(SendError::Permanent { code: refusal }) => {
                if way.transport.is_gone(&refusal) {
                    self.give_up(&message.to).await;
                }
                self.record(code, attempt, lone(Status::Failed(refusal))).await
            }
            Err(error) => {
                tracing::warn!(%error, "a message that may have left is asked about later");
                let now = self.clock.now();
                Ok(put_back(way.again_in(now).or(Some(ASK_AGAIN_SECONDS)), code, now))
            }
        }
    }

    /// Calls an account, no later than two seconds after a check; when it has certainly not taken the message, the next one.
    /// `claimed` is which of them the claim names, the turn at it and what was taken for it; none where the claim is an earlier
    /// one, and nothing is taken.
    async fn call(
        &self,
        mut checked: Checked,
        mut message: Rendered,
        attempt: &str,
        ways: &[Arc<Way<T>>],
        mut claimed: Option<(usize, Instant, Bill, Took)>,
    ) -> Result<Outcome> {
        let code = checked.task.code.clone();
        let (mut refusal, mut spent) = (None, 0);
        // What the claim says was taken for a message that was not. It is given back once the claim says so no longer.
        let mut refused: Option<Bill> = None;
        let first = claimed.as_ref().map_or(0, |(first, ..)| *first);
        for (index, way) in ways.iter().enumerate().skip(first) {
            let (turn, bill, took) = if let Some((_, turn, bill, took)) = claimed.take() {
                (turn, bill, took)
            } else {
                let now = self.clock.now();
                // An account whose turn is too far off is passed over like one that takes nothing.
                let Some(turn) = (index == first || way.allows(now)).then(|| way.turn().ok()).flatten()
                else {
                    continue;
                };
                let bill = self.bill(&checked, way, &message).await?;
                let took = self.take(&bill).await?;
                if took == Took::All {
                    let way = (message.to.as_str(), way.name.as_ref());
                    if !self.go_through(&code, attempt, way, &bill).await? {
                        self.give_back(&bill).await;
                        bail!("another delivery took the claim over");
                    }
                    if let Some(refused) = refused.take() {
                        self.give_back(&refused).await;
                    }
                }
                (turn, bill, took)
            };
            match took {
                Took::All => {}
                Took::BudgetSpent => {
                    self.table.release(&code, attempt).await?;
                    if let Some(refused) = refused {
                        self.give_back(&refused).await;
                    }
                    return Ok(skipped(SkipReason::BudgetSpent));
                }
                Took::LimitSpent => {
                    spent += 1;
                    continue;
                }
            }
            tokio::time::sleep_until(turn).await;
            if let Some(outcome) = self.freshen(&mut checked, &mut message, (way, &bill), attempt).await? {
                return Ok(outcome);
            }
            let result = way.transport.send(&message).await;
            way.record(&result, self.clock.now());
            match result {
                Ok(accepted) => {
                    let (parts, told) = (accepted.parts, way.price(&accepted, self.clock.now()));
                    let price = told.or(bill.likely());
                    let outcome = self.record(&code, attempt, accept(accepted, price)).await?;
                    self.charge(&bill, &code, parts, told).await;
                    return Ok(outcome);
                }
                Err(SendError::Permanent { code: refusal }) => {
                    if way.transport.is_gone(&refusal) {
                        self.give_up(&message.to).await;
                    }
                    let outcome = self.record(&code, attempt, lone(Status::Failed(refusal))).await?;
                    self.give_back(&bill).await;
                    return Ok(outcome);
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
                    refused = Some(bill);
                    refusal = Some(error);
                }
            }
        }
        self.table.release(&code, attempt).await?;
        if let Some(refused) = refused {
            self.give_back(&refused).await;
        }
        let now = self.clock.now();
        match refusal {
            // One that only this message met, or of few: too few to tell how the account is.
            Some(_) if ways.iter().all(|way| way.again_in(now).is_none()) => {
                Ok(put_back(Some(ASK_AGAIN_SECONDS), &code, now))
            }
            // Those that were passed over may take it later.
            None if spent > 0 && spent == ways.len() => {
                tracing::warn!(
                    spend.limit = 1,
                    "a message is left out: the monthly limit of every account is spent"
                );
                Ok(skipped(SkipReason::LimitSpent))
            }
            Some(_) | None => Ok(put_off(ways, &code, now)),
        }
    }

    /// What a message may cost by one way.
    async fn bill(&self, checked: &Checked, way: &Way<T>, message: &Rendered) -> Result<Bill> {
        let definitions = self.definitions.at_least(checked.customer.definitions).await?;
        Ok(Bill::of(&definitions, way.name.as_ref(), message, self.clock.now()))
    }

    /// Has the claim say by which account the message goes and what is taken for it; `false` when it is no longer ours.
    async fn go_through(
        &self,
        code: &Code,
        attempt: &str,
        (to, account): (&str, Option<&AccountName>),
        bill: &Bill,
    ) -> Result<bool> {
        let charge = bill.charge();
        self.table.go_through(code, attempt, to, account, charge.as_ref(), self.clock.now()).await
    }

    /// Sees to it that the check is no older than two seconds, by another one where it is. Returns why the message may not
    /// leave after all.
    async fn freshen(
        &self,
        checked: &mut Checked,
        message: &mut Rendered,
        (way, bill): (&Way<T>, &Bill),
        attempt: &str,
    ) -> Result<Option<Outcome>> {
        let code = checked.task.code.clone();
        let mut checks = 0;
        while self.clock.now_millis() - checked.read_at > CHECK_MILLIS {
            checks += 1;
            if checks > CHECKS_LIMIT {
                self.table.release(&code, attempt).await?;
                self.give_back(bill).await;
                bail!("the table is too slow to send within {CHECK_MILLIS} ms of a check");
            }
            // Whoever was away for so long may have been taken for dead.
            if !self.table.keep_claim(&code, attempt, self.clock.now()).await? {
                bail!("another delivery took the claim over");
            }
            *checked = self.recheck(checked.task.clone()).await?;
            match self.ready(checked).await? {
                Ready::Send(ready) => {
                    let same = ready.to == message.to && self.bill(checked, way, &ready).await? == *bill;
                    *message = *ready;
                    if !same {
                        self.table.release(&code, attempt).await?;
                        self.give_back(bill).await;
                        bail!("what is known by now makes it another message: it is begun anew");
                    }
                }
                Ready::Not(outcome) => {
                    self.table.release(&code, attempt).await?;
                    self.give_back(bill).await;
                    return Ok(Some(outcome));
                }
            }
        }
        Ok(None)
    }

    /// Suppresses an address that is none. Where that fails, the next message to it is refused as well.
    async fn give_up(&self, to: &str) {
        let (now, why) = (self.clock.now(), "no such number");
        if let Err(error) = self.table.suppress(T::CHANNEL, to, Stopped::Everything, why, now).await {
            tracing::warn!(error = format!("{error:#}"), "an address that is none is not suppressed");
        }
    }

    async fn recheck(&self, task: SendTask) -> Result<Checked> {
        let read_at = self.clock.now_millis();
        // Someone who was erased is in no journey: the check that follows says so.
        let stored = self.table.customer(&task.customer).await?;
        let stored = stored.unwrap_or_else(|| Stored::absent(task.customer.clone()));
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

fn accept(accepted: Accepted, price: Option<Yen>) -> Recorded {
    Recorded {
        status: Status::Accepted,
        provider_id: Some(accepted.provider_id),
        parts: Some(accepted.parts),
        yen: price,
    }
}

/// Puts a message back that no account takes now, so that not all come at once when one does again.
fn put_off<T>(ways: &[Arc<Way<T>>], code: &Code, now: Timestamp) -> Outcome {
    put_back(ways.iter().filter_map(|way| way.again_in(now)).min(), code, now)
}

fn put_back(again_in: Option<i64>, code: &Code, now: Timestamp) -> Outcome {
    let soonest = again_in.unwrap_or(NO_WAY_SECONDS);
    let spread = i64::from(draw(&[code.as_str(), "again"], SPREAD_SECONDS));
    Outcome::Held { until: now.plus(soonest + spread), why: HoldReason::ProviderDown }
}

fn lone(status: Status) -> Recorded {
    Recorded { status, provider_id: None, parts: None, yen: None }
}

fn report(recorded: Recorded) -> Outcome {
    Outcome::Settled { status: recorded.status, parts: recorded.parts, yen: recorded.yen }
}
