//! An installation that is up: everyone who bought gets one message.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use local::stack::{Secrets, post_batch};
use rusqlite::{Connection, OpenFlags};
use sandbox::Stats;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

const TSUNAGI: &str = env!("CARGO_BIN_EXE_tsunagi");

/// How long each wait may take. A claim whose holder was killed is looked at again after a minute, and the provider
/// posts a receipt anew 5, 35 and 155 seconds after it failed.
const PATIENCE: Duration = Duration::from_mins(5);

/// Customers in one post to the API.
const POST: u32 = 800;

const SEGMENT: &str = "segment:
  name: buyers
  when:
    event: { name: Order Completed }
";

const JOURNEY: &str = "journey:
  name: notice
  purpose: transactional
  enter: { segment: buyers }
  reentry: never
  steps:
    - sms:
        name: notice
        text: \"{{ sender }}よりお知らせです {{ links.shop }}\"
        links: { shop: \"https://shop.example.jp/notice\" }
";

/// What `tsunagi report --json` says.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    pub audience: u64,
    pub sent: u64,
    pub failed: u64,
    pub skipped: u64,
    pub unknown: u64,
    pub delivered: u64,
}

/// A process that ends with the test.
pub struct Process(Child);

impl Process {
    /// Starts `tsunagi` and returns it with the rest of its first line that begins with `word`.
    pub fn start(word: &str, command: &mut Command) -> (Self, String) {
        let mut process = Self(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
        let said = lines.find_map(|line| Some(line.unwrap().strip_prefix(word)?.trim().to_owned())).unwrap();
        // What it says later must find a reader.
        std::thread::spawn(move || lines.for_each(drop));
        (process, said)
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An installation that is up.
pub struct Shop {
    pub client: reqwest::Client,
    pub provider_url: String,
    data: TempDir,
    listen: String,
    /// What `up` is told about its provider.
    provider: [String; 2],
    up: Process,
    _apart: Option<Process>,
}

impl Shop {
    /// One whose provider is a process of its own that outlives it.
    pub fn with_a_provider_apart() -> Self {
        let (data, listen) = (tempfile::tempdir().unwrap(), free_address());
        let callback = format!("http://{listen}");
        let mut sandbox = tsunagi("sandbox", data.path());
        let (apart, provider_url) =
            Process::start("sandbox", sandbox.args(["--listen", "127.0.0.1:0", "--callback", &callback]));
        let provider = ["--provider".to_owned(), provider_url.clone()];
        let up = start_up(data.path(), &listen, &provider, &[]);
        let client = providers::http::client();
        Self { client, provider_url, data, listen, provider, up, _apart: Some(apart) }
    }

    /// One whose provider is in its own process, where these faults happen until it is started again.
    pub fn with_faults(faults: &str) -> Self {
        let (data, listen, sandbox) = (tempfile::tempdir().unwrap(), free_address(), free_address());
        let provider = ["--sandbox-listen".to_owned(), sandbox.clone()];
        let up = start_up(data.path(), &listen, &provider, &["--sandbox-faults", faults]);
        let (client, provider_url) = (providers::http::client(), format!("http://{sandbox}"));
        Self { client, provider_url, data, listen, provider, up, _apart: None }
    }

    /// `kill -9`, and up again.
    pub fn kill(&mut self) {
        self.up.kill();
        self.up = start_up(self.data.path(), &self.listen, &self.provider, &[]);
    }

    /// `kill -9`, for good.
    pub fn stop(&mut self) {
        self.up.kill();
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Takes customers in, each with an order, and waits until they are stored.
    pub async fn import(&self, customers: u32) {
        for first in (0..customers).step_by(POST as usize) {
            let calls: Vec<Value> = (first..customers.min(first + POST)).flat_map(calls).collect();
            self.take(&calls).await;
        }
        self.wait_until("customers are stored", async |shop| shop.queued().is_empty()).await;
    }

    /// Posts calls; every one of them must be taken.
    pub async fn take(&self, calls: &[Value]) {
        let secrets: Secrets =
            serde_json::from_slice(&std::fs::read(self.data.path().join("secrets.json")).unwrap()).unwrap();
        let url = format!("http://{}", self.listen);
        let answer = post_batch(&self.client, &url, &secrets.write_key, calls).await.unwrap();
        assert_eq!(answer["accepted"], calls.len(), "{answer}");
    }

    pub fn apply(&self) {
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("buyers.yaml"), SEGMENT).unwrap();
        std::fs::write(files.path().join("notice.yaml"), JOURNEY).unwrap();
        let status =
            tsunagi("apply", self.data.path()).arg(files.path()).stdout(Stdio::null()).status().unwrap();
        assert!(status.success());
    }

    pub fn report(&self) -> Report {
        let report = tsunagi("report", self.data.path()).args(["notice", "--json"]).output().unwrap();
        assert!(report.status.success());
        serde_json::from_slice(&report.stdout).unwrap()
    }

    pub async fn stats(&self) -> Stats {
        serde_json::from_value(self.provider("/inbox/stats").await).unwrap()
    }

    /// What the provider answers, as JSON.
    pub async fn provider(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.provider_url));
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Messages by queue, dead letters among them.
    pub fn queued(&self) -> BTreeMap<String, u64> {
        let path = self.data.path().join("queues.sqlite");
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let count = "SELECT name, count(*) FROM messages JOIN queues ON queues.id = queue GROUP BY name";
        let mut count = connection.prepare(count).unwrap();
        let rows = count.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    pub async fn wait_until(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        let began = Instant::now();
        let letters = || {
            let letters = tsunagi("dead-letters", self.data.path()).output().unwrap().stdout;
            String::from_utf8(letters).unwrap()
        };
        while !holds(self).await {
            let in_time = began.elapsed() < PATIENCE;
            assert!(in_time, "waiting until {what}; queued: {:?}; {}", self.queued(), letters());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub fn tsunagi(command: &str, data: &Path) -> Command {
    let mut tsunagi = Command::new(TSUNAGI);
    tsunagi.arg(command).arg("--data").arg(data);
    tsunagi
}

/// An address of loopback that was free a moment ago, for what must be found there again after a new start.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn start_up(data: &Path, listen: &str, provider: &[String; 2], more: &[&str]) -> Process {
    let mut up = tsunagi("up", data);
    up.args(["--listen", listen, "--durability", "fast"]).args(provider).args(more);
    // What it says last.
    Process::start("Ctrl-C", &mut up).0
}

/// A customer, and an order of theirs.
fn calls(number: u32) -> [Value; 2] {
    let (user, at) = (format!("{number:05}"), "2026-01-01T10:00:00+09:00");
    let traits = json!({ "phone": format!("+8190{}", 10_000_000 + number) });
    let order = json!({ "order_id": format!("A{number}"), "total": 3_980, "currency": "JPY" });
    [
        json!({ "type": "identify", "userId": user, "messageId": format!("i-{number}"), "timestamp": at, "traits": traits }),
        json!({
            "type": "track", "event": "Order Completed", "userId": user, "messageId": format!("o-{number}"),
            "timestamp": at, "properties": order
        }),
    ]
}
