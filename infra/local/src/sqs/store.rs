//! The queues' file: messages by the time at which they become visible.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use cloud::queue::{CAUSE, SOURCE};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Counts, Outgoing, QueueError, QueueSettings, Received};
use crate::region::Durability;

/// One log checkpoint per 16 MB, not per 4.
const CHECKPOINT_PAGES: u32 = 4_000;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS queues (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    visibility_ms INTEGER NOT NULL, delay_ms INTEGER NOT NULL, dead_letter TEXT, max_receive INTEGER);
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER NOT NULL, visible_at INTEGER NOT NULL,
    in_flight INTEGER NOT NULL DEFAULT 0, receive_count INTEGER NOT NULL DEFAULT 0,
    sent_at INTEGER NOT NULL, first_received INTEGER, source INTEGER, cause TEXT, attributes TEXT, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS messages_by_time ON messages (queue, visible_at, seq);
";

const COLUMNS: &str = "seq, receive_count, sent_at, first_received, cause, attributes, body, \
    (SELECT name FROM queues WHERE id = source)";

/// The connection, used by one thread at a time.
pub(super) struct Store {
    connection: Connection,
    queues: BTreeMap<String, Queue>,
    /// Whether something was sent or became visible, so that whoever polls should look again.
    pub(super) arrived: bool,
    /// What an operation of the current transaction failed with.
    pub(super) broken: Option<String>,
}

#[derive(Clone)]
struct Queue {
    id: i64,
    settings: QueueSettings,
}

/// What a receipt says: the message, and which of its deliveries.
struct Receipt {
    queue: i64,
    seq: i64,
    delivery: u32,
}

type Result<T> = std::result::Result<T, QueueError>;

impl Store {
    pub(super) fn open(path: &Path, durability: Durability) -> anyhow::Result<Self> {
        let connection = Connection::open(path).with_context(|| format!("opening {}", path.display()))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let synchronous = match durability {
            Durability::Durable => "FULL",
            Durability::Fast => "OFF",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(SCHEMA)?;
        let mut store = Self { connection, queues: BTreeMap::new(), arrived: false, broken: None };
        store.load()?;
        Ok(store)
    }

    fn load(&mut self) -> anyhow::Result<()> {
        let mut statement = self.connection.prepare("SELECT * FROM queues")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let dead_letter = match (row.get("dead_letter")?, row.get("max_receive")?) {
                (Some(name), Some(max)) => Some((name, max)),
                _ => None,
            };
            let settings = QueueSettings {
                visibility_seconds: row.get::<_, u32>("visibility_ms")? / 1000,
                delay_seconds: row.get::<_, u32>("delay_ms")? / 1000,
                dead_letter,
            };
            self.queues.insert(row.get("name")?, Queue { id: row.get("id")?, settings });
        }
        Ok(())
    }

    pub(super) fn begin(&mut self) -> Result<()> {
        self.execute("BEGIN IMMEDIATE", [])
    }

    pub(super) fn commit(&mut self) -> Result<()> {
        self.execute("COMMIT", [])
    }

    pub(super) fn roll_back(&mut self) {
        // Fails where SQLite has rolled back by itself.
        self.execute("ROLLBACK", []).ok();
        // What a rolled-back `create` put there.
        self.queues.clear();
        if let Err(error) = self.load() {
            tracing::error!(error = format!("{error:#}"), "the queues cannot be read");
        }
    }

    pub(super) fn create(&mut self, name: &str, settings: QueueSettings) -> Result<()> {
        let (dead_letter, max_receive) = settings.dead_letter.clone().unzip();
        if let Some(dead_letter) = dead_letter.as_deref().filter(|name| !self.queues.contains_key(*name)) {
            self.create(dead_letter, QueueSettings::default())?;
        }
        let id = self
            .connection
            .prepare_cached(
                "INSERT INTO queues (name, visibility_ms, delay_ms, dead_letter, max_receive)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (name) DO UPDATE SET visibility_ms = ?2, delay_ms = ?3,
                 dead_letter = ?4, max_receive = ?5 RETURNING id",
            )?
            .query_row(
                params![
                    name,
                    millis(settings.visibility_seconds),
                    millis(settings.delay_seconds),
                    dead_letter,
                    max_receive
                ],
                |row| row.get(0),
            )?;
        self.queues.insert(name.to_owned(), Queue { id, settings });
        Ok(())
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.queues.keys().cloned().collect()
    }

    pub(super) fn send(&mut self, queue: &str, messages: &[Outgoing], now: i64) -> Result<Vec<String>> {
        let queue = self.queue(queue)?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO messages (queue, visible_at, sent_at, attributes, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let mut ids = Vec::with_capacity(messages.len());
        for message in messages {
            let delay = millis(message.delay_seconds.unwrap_or(queue.settings.delay_seconds));
            let attributes = message.attributes.as_ref().map(ToString::to_string);
            let seq = insert.insert(params![queue.id, now + delay, now, attributes, message.body])?;
            ids.push(message_id(seq));
        }
        drop(insert);
        self.arrived = true;
        Ok(ids)
    }

    pub(super) fn receive(
        &mut self,
        name: &str,
        max: usize,
        visibility_ms: Option<i64>,
        now: i64,
    ) -> Result<Vec<Received>> {
        let queue = self.queue(name)?;
        self.bury(&queue, max, now)?;
        let mut found = self.select(
            "WHERE queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, seq LIMIT ?3",
            params![queue.id, now, limit(max)],
        )?;
        let visible_at = now + visibility_ms.unwrap_or(millis(queue.settings.visibility_seconds));
        let mut update = self.connection.prepare_cached(
            "UPDATE messages SET visible_at = ?2, in_flight = 1, receive_count = ?3, first_received = ?4 WHERE seq = ?1",
        )?;
        for (seq, message) in &mut found {
            message.receive_count += 1;
            message.receipt = format!("{}.{seq}.{}", queue.id, message.receive_count);
            let first = *message.first_received_ms.get_or_insert(now);
            update.execute(params![*seq, visible_at, message.receive_count, first])?;
        }
        Ok(found.into_iter().map(|(_, message)| message).collect())
    }

    /// Moves what was received too often to the dead-letter queue, as far as the next `max` messages go.
    fn bury(&mut self, queue: &Queue, max: usize, now: i64) -> Result<()> {
        let Some((dead_letter, max_receive)) = &queue.settings.dead_letter else { return Ok(()) };
        let target = self.queue(dead_letter)?;
        let mut bury = self.connection.prepare_cached(
            "UPDATE messages SET queue = ?4, source = ?1, visible_at = ?2, in_flight = 0, receive_count = 0,
                cause = coalesce(cause, 'received ' || receive_count || ' times and not deleted')
             WHERE seq IN (SELECT seq FROM messages WHERE queue = ?1 AND visible_at <= ?2
                ORDER BY visible_at, seq LIMIT ?5) AND receive_count >= ?3",
        )?;
        while bury.execute(params![queue.id, now, max_receive, target.id, limit(max)])? > 0 {
            self.arrived = true;
        }
        Ok(())
    }

    /// Up to `max` messages in the order in which they become visible, left as they are.
    pub(super) fn peek(&mut self, name: &str, max: usize) -> Result<Vec<Received>> {
        let queue = self.queue(name)?;
        let found =
            self.select("WHERE queue = ?1 ORDER BY visible_at, seq LIMIT ?2", params![queue.id, limit(max)])?;
        Ok(found.into_iter().map(|(_, message)| message).collect())
    }

    fn select(&self, condition: &str, values: impl rusqlite::Params) -> Result<Vec<(i64, Received)>> {
        let mut select =
            self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM messages {condition}"))?;
        let rows = select.query_map(values, read_message)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Deletes what the receipts were given for. A receipt of an earlier delivery deletes nothing, as in SQS.
    pub(super) fn delete(&mut self, queue: &str, receipt: &str) -> Result<bool> {
        let receipt = self.receipt(queue, receipt)?;
        let mut delete = self
            .connection
            .prepare_cached("DELETE FROM messages WHERE seq = ?1 AND queue = ?2 AND receive_count = ?3")?;
        Ok(delete.execute(params![receipt.seq, receipt.queue, receipt.delivery])? > 0)
    }

    pub(super) fn change_visibility(&mut self, queue: &str, receipt: &str, ms: i64, now: i64) -> Result<()> {
        let receipt = self.receipt(queue, receipt)?;
        let mut change = self.connection.prepare_cached(
            "UPDATE messages SET visible_at = ?4, in_flight = ?4 > ?5 WHERE seq = ?1 AND queue = ?2 AND
             receive_count = ?3 AND in_flight AND visible_at > ?5",
        )?;
        let changed = change.execute(params![receipt.seq, receipt.queue, receipt.delivery, now + ms, now])?;
        drop(change);
        self.arrived = true;
        if changed == 0 { Err(QueueError::NotInFlight) } else { Ok(()) }
    }

    pub(super) fn set_cause(&mut self, queue: &str, receipt: &str, cause: &str) -> Result<()> {
        let receipt = self.receipt(queue, receipt)?;
        self.execute(
            "UPDATE messages SET cause = ?3 WHERE seq = ?1 AND queue = ?2",
            params![receipt.seq, receipt.queue, cause],
        )
    }

    pub(super) fn next_visible_at(&mut self, queue: &str) -> Result<Option<i64>> {
        let queue = self.queue(queue)?;
        let mut next = self
            .connection
            .prepare_cached("SELECT visible_at FROM messages WHERE queue = ?1 ORDER BY visible_at LIMIT 1")?;
        Ok(next.query_row([queue.id], |row| row.get(0)).optional()?)
    }

    pub(super) fn counts(&mut self, queue: &str, now: i64) -> Result<Counts> {
        let queue = self.queue(queue)?;
        let mut count = self.connection.prepare_cached(
            "SELECT count(*) FILTER (WHERE visible_at <= ?2), count(*) FILTER (WHERE visible_at > ?2 AND in_flight),
                count(*) FILTER (WHERE visible_at > ?2 AND NOT in_flight) FROM messages WHERE queue = ?1",
        )?;
        let read =
            |row: &Row<'_>| Ok(Counts { visible: row.get(0)?, in_flight: row.get(1)?, delayed: row.get(2)? });
        Ok(count.query_row(params![queue.id, now], read)?)
    }

    pub(super) fn purge(&mut self, queue: &str) -> Result<()> {
        let queue = self.queue(queue)?;
        self.execute("DELETE FROM messages WHERE queue = ?1", [queue.id])
    }

    /// Makes what was received visible in `ms` milliseconds, where it is not visible earlier.
    pub(super) fn release(&mut self, queue: &str, ms: i64, now: i64) -> Result<()> {
        let queue = self.queue(queue)?;
        self.arrived = true;
        self.execute(
            "UPDATE messages SET visible_at = min(visible_at, ?2), in_flight = 0 WHERE queue = ?1 AND in_flight",
            params![queue.id, now + ms],
        )
    }

    /// Sends what a dead-letter queue holds back to where it came from: where the queue moved it from, or the queue that
    /// a function named when it put it aside. Each keeps a cause, by which its handler knows that it was handled before.
    pub(super) fn redrive(&mut self, dead_letter: &str, now: i64) -> Result<usize> {
        let queue = self.queue(dead_letter)?;
        let mut redrive = self.connection.prepare_cached(
            "WITH origins AS (
                SELECT seq, coalesce(source, (SELECT id FROM queues WHERE dead_letter = ?3 AND
                    name = json_extract(attributes, '$.' || ?4 || '.StringValue'))) AS origin
                FROM messages WHERE queue = ?1)
             UPDATE messages SET queue = origin, source = NULL, visible_at = ?2, in_flight = 0, receive_count = 0,
                attributes = json_insert(json_remove(coalesce(attributes, '{}'), '$.' || ?4), '$.' || ?5,
                    json_object('DataType', 'String', 'StringValue', coalesce(cause, 'not noted'))),
                cause = NULL FROM origins WHERE messages.seq = origins.seq AND origin IS NOT NULL",
        )?;
        let moved = redrive.execute(params![queue.id, now, dead_letter, SOURCE, CAUSE])?;
        drop(redrive);
        self.arrived = true;
        Ok(moved)
    }

    pub(super) fn settings(&self, queue: &str) -> Result<QueueSettings> {
        Ok(self.queue(queue)?.settings)
    }

    fn queue(&self, name: &str) -> Result<Queue> {
        self.queues.get(name).cloned().ok_or(QueueError::NoSuchQueue)
    }

    fn receipt(&self, queue: &str, text: &str) -> Result<Receipt> {
        let id = self.queue(queue)?.id;
        let receipt = parse_receipt(text).filter(|receipt| receipt.queue == id);
        receipt.ok_or(QueueError::BadReceipt)
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<()> {
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }
}

fn read_message(row: &Row<'_>) -> rusqlite::Result<(i64, Received)> {
    let seq = row.get(0)?;
    let attributes: Option<String> = row.get(5)?;
    let message = Received {
        message_id: message_id(seq),
        receipt: String::new(),
        receive_count: row.get(1)?,
        sent_at_ms: row.get(2)?,
        first_received_ms: row.get(3)?,
        cause: row.get(4)?,
        attributes: attributes.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        body: row.get(6)?,
        source: row.get(7)?,
    };
    Ok((seq, message))
}

/// In the form of SQS's: a UUID, here made of the sequence number, which is never used twice.
fn message_id(seq: i64) -> String {
    let (high, low) = (seq >> 48, seq & 0xffff_ffff_ffff);
    format!("{high:08x}-0000-4000-8000-{low:012x}")
}

fn parse_receipt(text: &str) -> Option<Receipt> {
    let mut parts = text.splitn(3, '.');
    let queue = parts.next()?.parse().ok()?;
    let seq = parts.next()?.parse().ok()?;
    let delivery = parts.next()?.parse().ok()?;
    Some(Receipt { queue, seq, delivery })
}

fn millis(seconds: u32) -> i64 {
    i64::from(seconds) * 1000
}

fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}
