//! The running sandbox and what it holds.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use domain::time::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::act;
use crate::agenda::{Agenda, Errand, Target};
use crate::chance::hash;
use crate::faults::{Fate, Faults};
use crate::inbox::{Acceptance, Inbox, Incoming};
use crate::kept::{Kept, Line};
use crate::listing::{Channel, Entry, InboxQuery, Stats};
use crate::options::Options;
use crate::people::{Action, Addressed, plan};
use crate::people_stats::PeopleStats;
use crate::{parts, server, urls};

/// The longest that people sleep without looking at the clock, which may run faster than ours.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// How long before the start a message was accepted at most for its receipt to be posted again, in milliseconds: the
/// process before may have ended with receipts to post, and one that comes twice changes nothing.
const RECEIPTS_AGAIN_MS: i64 = 3_600_000;

/// A running provider and its people. The server stops when this is dropped.
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Listens and answers. People act when [`Sandbox::act`] or [`Sandbox::run_people`] makes them.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        options.faults.check()?;
        ensure!(options.concurrency > 0, "people need at least one request in flight");
        let listen = options.listen;
        ensure!(
            listen.ip().is_loopback(),
            "the sandbox shows its inbox to whoever asks: listen on 127.0.0.1, not {listen}"
        );
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("the sandbox cannot listen on {listen}"))?;
        let address = listener.local_addr().context("the sandbox has no address")?;
        let shared = Arc::new(Shared::new(options)?);
        let router = server::router(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(error = %error, "the sandbox stopped");
            }
        });
        Ok(Self { shared, address, server })
    }

    /// The base URL for `SMS_PROVIDER_URL` and `EMAIL_PROVIDER_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// When people act next, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn next_action_at(&self) -> Option<i64> {
        self.shared.state().agenda.next().map(|at| at.seconds().saturating_mul(1000))
    }

    /// Does everything that is due at `now_ms`, and returns how many actions that were. They are done in rounds of
    /// whole seconds; in each, first receipts and replies, then opens and clicks, then carts and purchases, and each
    /// of these by time, reference and action.
    pub async fn act(&self, now_ms: i64) -> usize {
        act::act(&self.shared, seconds(now_ms)).await
    }

    /// Acts whenever something is due by the clock; never returns.
    pub async fn run_people(self: Arc<Self>) {
        loop {
            let now = (self.shared.options.clock)();
            match self.next_action_at() {
                Some(at) if at <= now => {
                    self.act(now).await;
                }
                Some(at) => {
                    let wait = Duration::from_millis(at.saturating_sub(now).unsigned_abs());
                    tokio::time::sleep(wait.min(LONGEST_SLEEP)).await;
                }
                None => self.shared.scheduled.notified().await,
            }
        }
    }

    /// Changes what goes wrong, for messages that arrive after this.
    pub fn set_faults(&self, faults: Faults) -> anyhow::Result<()> {
        self.shared.set_faults(faults)
    }

    /// The accepted messages.
    pub fn inbox(&self, query: &InboxQuery) -> Vec<Entry> {
        self.shared.state().inbox.list(query)
    }

    /// Counts of what was accepted.
    pub fn stats(&self) -> Stats {
        self.shared.state().inbox.stats()
    }

    /// Counts of what people did.
    pub fn people_stats(&self) -> PeopleStats {
        self.shared.state().people.clone()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What the server and the people share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) client: reqwest::Client,
    pub(crate) scheduled: Notify,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) inbox: Inbox,
    kept: Option<Kept>,
    pub(crate) agenda: Agenda,
    pub(crate) people: PeopleStats,
    pub(crate) faults: Faults,
    /// How often a message was refused for a temporary fault.
    refusals: HashMap<u64, i64>,
}

impl Shared {
    fn new(options: Options) -> anyhow::Result<Self> {
        let mut inbox = Inbox::new(options.yen_per_part, options.keep_texts);
        let kept = match &options.kept_in {
            Some(path) => Some(Kept::open(path, |line| inbox.restore(line))?),
            None => None,
        };
        let mut state = State {
            inbox,
            kept,
            agenda: Agenda::default(),
            people: PeopleStats::default(),
            faults: options.faults,
            refusals: HashMap::new(),
        };
        for index in state.inbox.since((options.clock)() - RECEIPTS_AGAIN_MS) {
            state.schedule_receipt(index, &options);
        }
        Ok(Self {
            options,
            client: providers::http::client(),
            scheduled: Notify::new(),
            state: Mutex::new(state),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_faults(&self, faults: Faults) -> anyhow::Result<()> {
        faults.check()?;
        self.state().faults = faults;
        Ok(())
    }

    /// What becomes of this request; a temporary fault ends after its number of refusals.
    pub(crate) fn fate(&self, channel: Channel, reference: &str) -> Fate {
        let mut state = self.state();
        let fate = state.faults.fate(self.options.seed, reference);
        match fate {
            Fate::Unavailable { refusals } | Fate::Throttled { refusals } => {
                let refused = state.refusals.entry(hash(0, &[channel.name(), reference])).or_default();
                *refused += 1;
                if *refused > refusals { Fate::Accepted } else { fate }
            }
            Fate::Accepted | Fate::Refused | Fate::Misreported | Fate::Unanswered | Fate::CutOff => fate,
        }
    }

    /// Where a link is found that begins with the public base.
    fn reach(&self, url: String) -> String {
        let rest = self.options.public_base.as_ref().and_then(|base| url.strip_prefix(base.as_str()));
        rest.map(|rest| format!("{}{rest}", self.options.callback_url)).unwrap_or(url)
    }

    /// Puts a message into the inbox. Its people act on the first acceptance of its reference only. On an error it is
    /// not accepted.
    pub(crate) fn accept(&self, channel: Channel, incoming: Incoming) -> std::io::Result<Acceptance> {
        let now_ms = (self.options.clock)();
        let addressed = Addressed { channel, to: &incoming.to, reference: &incoming.reference };
        let deeds = plan(self.options.seed, &self.options.people, addressed, seconds(now_ms));
        let wants = |wanted: Action| deeds.iter().any(|(_, action)| *action == wanted);
        let html = incoming.html.as_deref().unwrap_or_default();
        let link_base = &self.options.link_base;
        let link = (wants(Action::Click) || wants(Action::Scan))
            .then(|| {
                urls::first_with(&incoming.text, link_base).or_else(|| urls::first_with(html, link_base))
            })
            .flatten();
        let pixel =
            wants(Action::Open).then(|| urls::first_gif_with(html, &self.options.pixel_base)).flatten();
        let (link, pixel) = (link.map(|url| self.reach(url)), pixel.map(|url| self.reach(url)));
        let parts = parts::of(channel, &incoming.text);
        let mut state = self.state();
        if let Some(kept) = &mut state.kept {
            let (reference, to) = (incoming.reference.as_str().into(), incoming.to.as_str().into());
            kept.add(&Line { channel, reference, to, parts, accepted_at: now_ms })?;
        }
        let delays = state.faults.receipt_delays(self.options.seed, &incoming.reference);
        let acceptance = state.inbox.accept(channel, incoming, parts, now_ms);
        if acceptance.times == 1 {
            let of = |action| link.clone().filter(|_| wants(action));
            state.agenda.set_target(acceptance.index, Target::Link, of(Action::Click));
            state.agenda.set_target(acceptance.index, Target::Scanned, of(Action::Scan));
            state.agenda.set_target(acceptance.index, Target::Pixel, pixel);
            state.schedule(acceptance.index, &deeds, &delays);
            self.scheduled.notify_one();
        }
        Ok(acceptance)
    }
}

impl State {
    /// Only the receipt of a message that an earlier process accepted: what else people do is of its time.
    fn schedule_receipt(&mut self, index: u32, options: &Options) {
        let entry = self.inbox.entry(index);
        let Entry { channel, to, reference, accepted_at, .. } = &entry;
        let addressed = Addressed { channel: *channel, to, reference };
        let mut deeds = plan(options.seed, &options.people, addressed, seconds(*accepted_at));
        deeds.retain(|(_, action)| action.is_receipt());
        let delays = self.faults.receipt_delays(options.seed, reference);
        self.schedule(index, &deeds, &delays);
    }

    fn schedule(&mut self, index: u32, deeds: &[(Timestamp, Action)], receipt_delays: &[i64]) {
        let mut awaited = 0;
        for (at, action) in deeds {
            let errand = Errand { due: *at, at: *at, action: *action, index, failures: 0 };
            match action {
                Action::Delivered | Action::Undelivered | Action::Bounced { .. } => {
                    awaited += receipt_delays.len();
                    for delay in receipt_delays {
                        self.agenda.push(Errand { due: at.plus(*delay), ..errand });
                    }
                }
                Action::Scan | Action::Open | Action::Click | Action::Reply(_) => {
                    awaited += 1;
                    self.agenda.push(errand);
                }
                Action::StartCheckout { .. } | Action::Buy { .. } => self.agenda.push(errand),
            }
        }
        self.inbox.await_actions(index, awaited);
    }
}

fn seconds(millis: i64) -> Timestamp {
    Timestamp::from_seconds(millis.div_euclid(1000))
}
