//! What a sandbox is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use providers::receipts::Secret;

use crate::faults::Faults;
use crate::people::PeopleSettings;
use crate::shop::Shop;

/// What a part costs unless told, in yen.
pub const YEN_PER_PART: i64 = 9;
/// How many requests people have in flight at most, unless told.
pub const CONCURRENCY: usize = 32;

/// When a request is looked at by a [`Hook`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It arrived.
    BeforeAccept,
    /// Its message is in the inbox.
    AfterAccept,
}

/// Looks at a request to send, by its reference; when it returns true the request is never answered.
pub type Hook = Arc<dyn Fn(Phase, &str) -> bool + Send + Sync>;

/// What a sandbox is started with. [`Options::new`] has a default for everything a caller need not know.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; loopback only, for anyone who reaches it can read the inbox. Port 0 finds a free one.
    pub listen: SocketAddr,
    /// What people and faults depend on.
    pub seed: u64,
    /// The time, in milliseconds since 1970-01-01T00:00:00Z.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// The base URL of the product's HTTP API: receipts are posted to `{callback_url}/callbacks/sandbox`.
    pub callback_url: String,
    /// What posts are signed with.
    pub secret: Secret,
    /// The key that sends SMS.
    pub sms_key: String,
    /// The key that sends e-mail.
    pub email_key: String,
    /// The key that sends by LINE; that of SMS unless told.
    pub line_key: String,
    /// What people do.
    pub people: PeopleSettings,
    /// What goes wrong.
    pub faults: Faults,
    /// The price of a part of SMS, in yen.
    pub yen_per_part: i64,
    /// Whether texts stay when people have acted. Without it, 100,000 messages need less than 40 MB.
    pub keep_texts: bool,
    /// The file that keeps what was accepted, but for the texts, from one process to the next; without one it is
    /// forgotten with the process.
    pub kept_in: Option<PathBuf>,
    /// What links begin with when that is not `callback_url`, where people find them all the same.
    pub public_base: Option<String>,
    /// A URL in a text that contains this is the link that people follow.
    pub link_base: String,
    /// A `.gif` URL in the HTML that contains this is what opening fetches.
    pub pixel_base: String,
    /// Where carts and purchases go.
    pub shop: Shop,
    /// Looks at every request to send.
    pub on_request: Option<Hook>,
    /// How many requests people have in flight at most.
    pub concurrency: usize,
}

impl Options {
    /// A sandbox on a free port of loopback, by the system's clock, with usual people, no faults and no shop. Links
    /// and pixels are those under `callback_url`.
    pub fn new(callback_url: &str, secret: Secret, sms_key: &str, email_key: &str) -> Self {
        let callback_url = callback_url.trim_end_matches('/').to_owned();
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            clock: Arc::new(system_millis),
            kept_in: None,
            public_base: None,
            link_base: format!("{callback_url}/l/"),
            pixel_base: format!("{callback_url}/p/"),
            callback_url,
            secret,
            sms_key: sms_key.to_owned(),
            email_key: email_key.to_owned(),
            line_key: sms_key.to_owned(),
            people: PeopleSettings::default(),
            faults: Faults::default(),
            yen_per_part: YEN_PER_PART,
            keep_texts: true,
            shop: Shop::Nothing,
            on_request: None,
            concurrency: CONCURRENCY,
        }
    }
}

fn system_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
