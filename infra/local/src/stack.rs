//! Everything together on this machine: the runtime, its HTTP API, and the sandbox as provider.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use cloud::clock::Clock;
use cloud::table::Table;
use providers::receipts::Secret;
use sandbox::{PeopleSettings, Purchase, PurchaseSink, Sandbox, Shop};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::control;
use crate::faults::Faults;
use crate::http;
use crate::region::Durability;
use crate::runtime::{self, Runtime};
use crate::template::Given;

/// How a stack is started.
#[derive(Clone)]
pub struct Setup {
    /// The directory of its data.
    pub data: PathBuf,
    /// When a write counts as done.
    pub durability: Durability,
    /// The time.
    pub clock: Clock,
    /// Where the HTTP API listens; port 0 finds a free one.
    pub listen: SocketAddr,
    /// What links in messages begin with; the HTTP API's own address when none is given.
    pub link_base: Option<String>,
    /// The shop's name in messages.
    pub sender: String,
    /// What the law asks for on the page behind an advertisement.
    pub particulars: Particulars,
    /// Keys and secrets.
    pub secrets: Secrets,
    /// The provider.
    pub provider: Provider,
    /// What goes wrong between functions and services.
    pub faults: Option<Arc<dyn Faults>>,
}

/// What the law asks a sender to say of itself beside its name.
#[derive(Clone, Debug, Default)]
pub struct Particulars {
    /// The postal address.
    pub address: String,
    /// Where complaints and questions go.
    pub contact: String,
}

/// Keys and secrets of a stack.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Secrets {
    /// What clients of the API present.
    pub write_key: String,
    /// What message codes are derived with.
    pub code_key: String,
    /// What receipts are signed with.
    pub callback_secret: String,
    /// What the sandbox asks for.
    pub provider_key: String,
    /// What webhooks are signed with; none where it was kept before there were any.
    #[serde(default)]
    pub webhook_secret: String,
    /// What addresses and ids are hashed under; none where it was kept before they were.
    #[serde(default)]
    pub address_key: String,
    /// What reading and erasing people asks for; none where it was kept before that could be done.
    #[serde(default)]
    pub admin_key: String,
    /// What accounts at providers ask for, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub providers: BTreeMap<String, BTreeMap<String, String>>,
}

impl Secrets {
    /// Secrets that follow from a seed, for runs that are to be repeated.
    pub fn from_seed(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        Self::draw(|| random.u64(..))
    }

    /// Secrets of this machine.
    pub fn random() -> Result<Self> {
        let mut source = std::fs::File::open("/dev/urandom").context("opening the system's random source")?;
        let mut bytes = [0; 8 * 20];
        source.read_exact(&mut bytes).context("reading the system's random source")?;
        let mut numbers = bytes
            .chunks_exact(8)
            .map(|chunk| chunk.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
        Ok(Self::draw(|| numbers.next().unwrap_or_default()))
    }

    fn draw(mut next: impl FnMut() -> u64) -> Self {
        let mut hex = |prefix: &str| format!("{prefix}{:016x}{:016x}", next(), next());
        let (write_key, code_key, provider_key) = (hex("wk_"), hex(""), hex("pk_"));
        let mut secret = || {
            let mut bytes = [0; 32];
            for chunk in bytes.chunks_mut(8) {
                chunk.copy_from_slice(&next().to_le_bytes());
            }
            Secret::from_bytes(bytes).reveal()
        };
        let (callback_secret, webhook_secret) = (secret(), secret());
        let providers = BTreeMap::new();
        let mut hex = |prefix: &str| format!("{prefix}{:016x}{:016x}", next(), next());
        let (address_key, admin_key) = (hex("") + &hex(""), hex("ak_"));
        Self {
            write_key,
            code_key,
            callback_secret,
            provider_key,
            webhook_secret,
            address_key,
            admin_key,
            providers,
        }
    }
}

/// Who takes the messages.
#[derive(Clone)]
pub enum Provider {
    /// A sandbox in this process.
    Sandbox(Box<SandboxSetup>),
    /// A sandbox in another process, at this address.
    Elsewhere(String),
}

/// How the sandbox in this process is started.
#[derive(Clone)]
pub struct SandboxSetup {
    /// Where it listens; port 0 finds a free one.
    pub listen: SocketAddr,
    /// The file that keeps what it accepted from one process to the next, if any does.
    pub kept_in: Option<PathBuf>,
    /// What people and faults depend on.
    pub seed: u64,
    /// What people do.
    pub people: PeopleSettings,
    /// What goes wrong at the provider.
    pub faults: sandbox::Faults,
    /// Requests that people have under way; 1 makes a run repeatable.
    pub concurrency: usize,
    /// Whether texts stay to be looked at.
    pub keep_texts: bool,
    /// Looks at every request to send.
    pub on_request: Option<sandbox::Hook>,
}

/// A stack that runs.
pub struct Stack {
    /// The runtime.
    pub runtime: Arc<Runtime>,
    /// The sandbox, when it is in this process.
    pub sandbox: Option<Arc<Sandbox>>,
    /// Where the HTTP API is.
    pub base_url: String,
    /// The client that speaks to it.
    client: reqwest::Client,
    write_key: String,
}

impl Stack {
    /// Starts a stack; pollers and schedules are the caller's to start.
    pub async fn start(setup: Setup) -> Result<Self> {
        let listener = TcpListener::bind(setup.listen)
            .await
            .with_context(|| format!("listening on {}", setup.listen))?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let link_base = setup.link_base.clone().unwrap_or_else(|| base_url.clone());
        let client = providers::http::client();
        let shop = Buyers {
            client: client.clone(),
            base_url: base_url.clone(),
            write_key: setup.secrets.write_key.clone(),
            table: Arc::default(),
        };
        let (sandbox, provider_url) = match &setup.provider {
            Provider::Elsewhere(url) => (None, url.clone()),
            Provider::Sandbox(sandbox) => {
                let sandbox = start_sandbox(sandbox, &setup, &base_url, &link_base, shop.sink()).await?;
                let url = sandbox.url();
                (Some(Arc::new(sandbox)), url)
            }
        };
        let runtime = Runtime::open(runtime::Options {
            data: setup.data.clone(),
            durability: setup.durability,
            clock: setup.clock.clone(),
            faults: setup.faults.clone(),
            given: given(&setup, &link_base, &provider_url),
        })
        .await?;
        shop.open(runtime.table("shop")?);
        http::serve(listener, &runtime, control::routes(&runtime, &setup.secrets.write_key))?;
        Ok(Self { runtime, sandbox, base_url, client, write_key: setup.secrets.write_key })
    }

    /// Posts a batch of tracking calls to the ingest API; the answer says what was taken.
    pub async fn ingest(&self, calls: &[Value]) -> Result<Value> {
        post_batch(&self.client, &self.base_url, &self.write_key, calls).await
    }
}

/// Posts a batch of tracking calls to an ingest API.
pub async fn post_batch(
    client: &reqwest::Client,
    base_url: &str,
    write_key: &str,
    calls: &[Value],
) -> Result<Value> {
    let request = client.post(format!("{base_url}/v1/batch")).basic_auth(write_key, Some(""));
    let response = request.json(&json!({ "batch": calls })).send().await.context("posting a batch")?;
    let status = response.status();
    let answer: Value = response.json().await.with_context(|| format!("the API answered {status}"))?;
    anyhow::ensure!(status.is_success() || status == 400, "the API answered {status}: {answer}");
    Ok(answer)
}

async fn start_sandbox(
    sandbox: &SandboxSetup,
    setup: &Setup,
    base_url: &str,
    link_base: &str,
    sink: PurchaseSink,
) -> Result<Sandbox> {
    let secret = Secret::parse(&setup.secrets.callback_secret)?;
    let mut options =
        sandbox::Options::new(base_url, secret, &setup.secrets.provider_key, &setup.secrets.provider_key);
    let clock = setup.clock.clone();
    options.clock = Arc::new(move || clock.now_millis());
    options.listen = sandbox.listen;
    options.kept_in.clone_from(&sandbox.kept_in);
    options.seed = sandbox.seed;
    options.people = sandbox.people;
    options.faults = sandbox.faults;
    options.concurrency = sandbox.concurrency;
    options.keep_texts = sandbox.keep_texts;
    options.on_request.clone_from(&sandbox.on_request);
    options.link_base = format!("{link_base}/l/");
    options.pixel_base = format!("{link_base}/p/");
    options.public_base = Some(link_base.to_owned());
    options.shop = Shop::Sink(sink);
    Sandbox::start(options).await
}

fn given(setup: &Setup, link_base: &str, provider_url: &str) -> Given {
    let Secrets {
        write_key,
        code_key,
        callback_secret,
        provider_key,
        webhook_secret,
        address_key,
        admin_key,
        providers,
    } = &setup.secrets;
    let providers = serde_json::json!(providers).to_string();
    let parameters = [
        ("LinkBaseUrl", link_base),
        ("SandboxUrl", provider_url),
        ("EmailFrom", "shop@example.jp"),
        ("SenderName", &setup.sender),
        ("SenderAddress", &setup.particulars.address),
        ("SenderContact", &setup.particulars.contact),
    ];
    let secrets = [
        ("WRITE_KEY", write_key.as_str()),
        ("CODE_KEY", code_key),
        ("ADDRESS_KEY", address_key),
        ("ADMIN_KEY", admin_key),
        ("CALLBACK_SECRET", callback_secret),
        ("WEBHOOK_SECRET", webhook_secret),
        ("SANDBOX_KEY", provider_key),
        ("PROVIDER_SECRETS", &providers),
    ];
    Given { parameters: owned(&parameters), secrets: owned(&secrets) }
}

fn owned(named: &[(&str, &str)]) -> BTreeMap<String, String> {
    named.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The shop in which the sandbox's people buy: it knows them by their address, as the product does.
#[derive(Clone)]
struct Buyers {
    client: reqwest::Client,
    base_url: String,
    write_key: String,
    table: Arc<std::sync::OnceLock<Table>>,
}

impl Buyers {
    fn open(&self, table: Table) {
        let _ = self.table.set(table);
    }

    fn sink(&self) -> PurchaseSink {
        let buyers = self.clone();
        Arc::new(move |purchase| {
            let buyers = buyers.clone();
            Box::pin(async move { buyers.buy(purchase).await.is_ok() })
        })
    }

    async fn buy(&self, purchase: Purchase) -> Result<()> {
        let table = self.table.get().context("the shop is not open yet")?;
        let Some(customer) = table.alias(purchase.channel, &purchase.address).await? else { return Ok(()) };
        post_batch(&self.client, &self.base_url, &self.write_key, &[purchase.track(customer.as_str())])
            .await?;
        Ok(())
    }
}
