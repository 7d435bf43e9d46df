//! `kill -9` of `tsunagi up`, again and again in the middle of a campaign: every message reaches the provider once.

#![expect(clippy::unwrap_used, reason = "this file is a test as a whole")]

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

/// Customers, each of whom gets one message.
const CUSTOMERS: u32 = 10_000;

const KILLS: u32 = 20;

/// What `tsunagi report --json` says.
#[derive(Clone, Debug, Deserialize)]
struct Report {
    audience: u64,
    sent: u64,
    failed: u64,
    skipped: u64,
    unknown: u64,
    delivered: u64,
}

#[tokio::test]
async fn twenty_kills_in_a_campaign_of_ten_thousand_lose_and_repeat_nothing() {
    let mut shop = Shop::open();
    shop.import().await;
    shop.apply();
    let mut random = fastrand::Rng::with_seed(1);
    // The kills are spread over the campaign: each comes at a random moment of its own share of the messages.
    let share = CUSTOMERS / (KILLS + 1);
    for kill in 0..KILLS {
        let enough = u64::from(kill * share + random.u32(0..share));
        shop.wait_until("messages are accepted", async |shop| shop.stats().await.accepted >= enough).await;
        tokio::time::sleep(Duration::from_millis(random.u64(0..300))).await;
        shop.up.kill();
        shop.up = shop.start_up();
    }
    let all = u64::from(CUSTOMERS);
    shop.wait_until("everyone is accounted for", async |shop| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let report = shop.report();
        report.audience == all && report.delivered + report.unknown == all && shop.queued().is_empty()
    })
    .await;
    let (report, stats) = (shop.report(), shop.stats().await);
    // The provider can be asked, so nothing needs to stay unknown.
    assert_eq!((report.sent, report.unknown, report.failed, report.skipped), (all, 0, 0, 0), "{report:?}");
    assert_eq!((stats.accepted, stats.distinct, stats.duplicates), (all, all, 0), "{stats:?}");
}

/// A process that ends with the test.
struct Process(Child);

impl Process {
    /// Starts `tsunagi` and returns it with the rest of its first line that begins with `word`.
    fn start(word: &str, command: &mut Command) -> (Self, String) {
        let mut process = Self(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
        let said = lines.find_map(|line| Some(line.unwrap().strip_prefix(word)?.trim().to_owned())).unwrap();
        // What it says later must find a reader.
        std::thread::spawn(move || lines.for_each(drop));
        (process, said)
    }

    /// `kill -9`.
    fn kill(&mut self) {
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

/// An installation, and a provider that outlives it.
struct Shop {
    data: TempDir,
    listen: String,
    provider_url: String,
    client: reqwest::Client,
    up: Process,
    _provider: Process,
}

impl Shop {
    fn open() -> Self {
        let data = tempfile::tempdir().unwrap();
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let (provider, provider_url) = Process::start(
            "sandbox",
            tsunagi("sandbox", data.path()).args([
                "--listen",
                "127.0.0.1:0",
                "--callback",
                &format!("http://{listen}"),
            ]),
        );
        let up = start_up(data.path(), &listen, &provider_url);
        let client = providers::http::client();
        Self { data, listen, provider_url, client, up, _provider: provider }
    }

    fn start_up(&self) -> Process {
        start_up(self.data.path(), &self.listen, &self.provider_url)
    }

    /// Takes customers in, each with an order, and waits until they are stored.
    async fn import(&self) {
        let secrets: Secrets =
            serde_json::from_slice(&std::fs::read(self.data.path().join("secrets.json")).unwrap()).unwrap();
        let url = format!("http://{}", self.listen);
        for first in (0..CUSTOMERS).step_by(POST as usize) {
            let calls: Vec<Value> = (first..CUSTOMERS.min(first + POST)).flat_map(calls).collect();
            let answer = post_batch(&self.client, &url, &secrets.write_key, &calls).await.unwrap();
            assert_eq!(answer["accepted"], calls.len(), "{answer}");
        }
        self.wait_until("customers are stored", async |shop| shop.queued().is_empty()).await;
    }

    fn apply(&self) {
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("buyers.yaml"), SEGMENT).unwrap();
        std::fs::write(files.path().join("notice.yaml"), JOURNEY).unwrap();
        let status =
            tsunagi("apply", self.data.path()).arg(files.path()).stdout(Stdio::null()).status().unwrap();
        assert!(status.success());
    }

    fn report(&self) -> Report {
        let report = tsunagi("report", self.data.path()).args(["notice", "--json"]).output().unwrap();
        assert!(report.status.success());
        serde_json::from_slice(&report.stdout).unwrap()
    }

    async fn stats(&self) -> Stats {
        let request = self.client.get(format!("{}/inbox/stats", self.provider_url));
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Messages by queue, dead letters among them.
    fn queued(&self) -> BTreeMap<String, u64> {
        let path = self.data.path().join("queues.sqlite");
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let count = "SELECT name, count(*) FROM messages JOIN queues ON queues.id = queue GROUP BY name";
        let mut count = connection.prepare(count).unwrap();
        let rows = count.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    async fn wait_until(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self).await {
            assert!(began.elapsed() < PATIENCE, "waiting until {what}; queued: {:?}", self.queued());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn tsunagi(command: &str, data: &Path) -> Command {
    let mut tsunagi = Command::new(TSUNAGI);
    tsunagi.arg(command).arg("--data").arg(data);
    tsunagi
}

fn start_up(data: &Path, listen: &str, provider_url: &str) -> Process {
    let mut up = tsunagi("up", data);
    up.args(["--listen", listen, "--provider", provider_url, "--durability", "fast"]);
    Process::start("API", &mut up).0
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
