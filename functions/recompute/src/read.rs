//! How far one invocation reads, and whom it puts in the inbox.

use std::time::Duration;

use anyhow::Result;
use cloud::inbox::Inbox;
use cloud::table::customers::{Stored, due_key};
use cloud::table::due::Page;
use cloud::table::runs::{Part, PartState, Run, RunKind};
use domain::definitions::Definitions;
use domain::input::Input;
use domain::population::Survey;
use domain::step::step;
use domain::time::Timestamp;
use tokio::time::Instant;

use crate::Recompute;
use crate::pages::Pages;
use crate::survey::found;

/// Seconds after the beginning of a run when nobody is left who knows earlier definitions only: they are kept in memory
/// for 30, and an invocation that was handed a customer lasts 30.
const SETTLED_SECONDS: i64 = 90;

/// Pages an invocation reads before it hands the rest on: a second of reading at most, so that being killed now and then, even
/// every few seconds, keeps no part from going on.
pub const PAGES_LIMIT: usize = 5;

/// How long an invocation goes on to read: well below the function's time-out, within which the rest is handed on.
const READING: Duration = Duration::from_secs(25);

/// Messages in the inbox from which on a part waits: what customers do comes first, and stays within seconds.
pub const BACKLOG_LIMIT: u64 = 10_000;

/// Messages of the inbox that are taken in a second at least; by it a part that waits knows when to look again.
const TAKEN_A_SECOND: u64 = 4_000;

/// The longest that a part waits before it looks again, in seconds.
const WAIT_LIMIT: u64 = 60;

/// Customers evaluated at a stretch before requests that are under way may go on.
const STRETCH: usize = 50;

/// What comes after an invocation's reading.
pub(crate) enum Next {
    /// The rest, at once.
    Rest,
    /// The rest, in so many seconds: the inbox is full.
    Wait(i64),
    /// A second time from the beginning, in so many seconds.
    Again(i64),
    /// Nothing.
    End,
}

/// What comes next within an invocation's reading.
enum Turn {
    /// A page.
    Page(Page),
    /// Nothing: as many pages were read as one invocation reads.
    Enough,
    /// Nothing: the inbox is full, and may be less so in so many seconds.
    Full(i64),
}

impl Recompute {
    /// Reads pages until there were enough of them, the inbox is full, or the part is through.
    pub(crate) async fn read(&self, run: &Run, part: &mut Part) -> Result<Next> {
        let pages = Pages::read(&self.table, part.part, run.parts, part.after.clone(), PAGES_LIMIT);
        match run.id.kind {
            RunKind::Recompute => self.recompute(run, part, pages).await,
            RunKind::Survey => {
                let mut survey = found(part)?;
                let next = self.look(part, pages, &mut survey).await?;
                part.learnt = Some(survey.into());
                Ok(next)
            }
        }
    }

    /// Puts in the inbox whom the definitions change.
    async fn recompute(&self, run: &Run, part: &mut Part, mut pages: Pages) -> Result<Next> {
        let definitions = self.definitions.at_least(run.id.number).await?;
        let began = Instant::now();
        while began.elapsed() < READING {
            let asked_at = self.clock.now();
            let page = match self.turn(&mut pages).await? {
                Turn::Page(page) => page,
                Turn::Enough => break,
                Turn::Full(seconds) => return Ok(Next::Wait(seconds)),
            };
            let (read, changed) = self.evaluate(&page, &definitions).await?;
            part.changed += changed;
            part.after.clone_from(&page.next);
            if part.state == PartState::Again {
                if page.next.is_none() || part.settled.as_ref().is_some_and(|last| page.holds(last)) {
                    return Ok(Next::End);
                }
                continue;
            }
            part.items += page.items;
            part.read += read;
            // The pages after this one are asked for after `asked_at`.
            let settled = run.begun.plus(SETTLED_SECONDS);
            if part.settled.is_none() && asked_at >= settled {
                part.settled = page.last().map(ToOwned::to_owned);
            }
            if page.next.is_none() {
                return Ok(Next::Again(settled.since(self.clock.now()).max(0)));
            }
        }
        Ok(Next::Rest)
    }

    /// Adds customers to a survey.
    async fn look(&self, part: &mut Part, mut pages: Pages, survey: &mut Survey) -> Result<Next> {
        let began = Instant::now();
        while began.elapsed() < READING {
            let page = match self.turn(&mut pages).await? {
                Turn::Page(page) => page,
                Turn::Enough => break,
                Turn::Full(seconds) => return Ok(Next::Wait(seconds)),
            };
            part.items += page.items;
            for (place, stored) in page.customers().enumerate() {
                survey.add(&stored.customer, self.clock.now());
                part.read += 1;
                if place % STRETCH == 0 {
                    tokio::task::yield_now().await;
                }
            }
            part.after.clone_from(&page.next);
            if page.next.is_none() {
                return Ok(Next::End);
            }
        }
        Ok(Next::Rest)
    }

    /// The next page, unless the inbox is full.
    async fn turn(&self, pages: &mut Pages) -> Result<Turn> {
        let (page, backlog) = tokio::try_join!(pages.next(), self.inbox.backlog())?;
        Ok(match (page, backlog.checked_sub(BACKLOG_LIMIT)) {
            (_, Some(excess)) => Turn::Full(i64::try_from((1 + excess / TAKEN_A_SECOND).min(WAIT_LIMIT))?),
            (Some(page), None) => Turn::Page(page),
            (None, None) => Turn::Enough,
        })
    }

    /// Puts in the inbox whom the definitions change; returns how many customers there were, and how many of those.
    async fn evaluate(&self, page: &Page, definitions: &Definitions) -> Result<(u64, u64)> {
        let (now, number) = (self.clock.now(), definitions.number);
        let (mut read, mut affected) = (0, Vec::new());
        for (place, stored) in page.customers().enumerate() {
            read += 1;
            if is_affected(&stored, definitions, now) {
                let inputs = vec![Input::Evaluate { definitions: number }];
                affected.push(Inbox::new(stored.customer.id, inputs));
            }
            if place % STRETCH == 0 {
                tokio::task::yield_now().await;
            }
        }
        self.inbox.send(&affected).await?;
        Ok((read, affected.len() as u64))
    }
}

/// Whether the definitions change anything about a customer, or when it must be looked at.
fn is_affected(stored: &Stored, definitions: &Definitions, now: Timestamp) -> bool {
    let stepped = step(&stored.customer, &[], now, definitions);
    stepped.changed || due_key(stored.due_at, stepped.next.as_ref(), now) != stored.due_at
}
