//! Group commit: writes that wait at the same moment share one sync of the write-ahead log.
//!
//! `SQLite` in WAL mode with `synchronous=NORMAL` appends a transaction to the log without syncing it. A transaction is
//! on disk once the log was synced after it ended: a checkpoint syncs the log before it copies from it, and the file
//! itself before it lets the log be overwritten.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context as _;
use tokio::sync::oneshot;

type Synced = Result<(), String>;

/// The thread that syncs, and who waits for it.
pub(super) struct GroupCommit {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// Writes begun that are not known to be on disk.
    outstanding: AtomicU64,
    writes: AtomicU64,
    syncs: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    answers: Vec<oneshot::Sender<Synced>>,
    writes: u64,
    closed: bool,
}

impl GroupCommit {
    /// For the open database at `path`.
    pub(super) fn start(path: &Path) -> anyhow::Result<Self> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let file = File::open(&log).with_context(|| format!("opening {}", Path::new(&log).display()))?;
        // The log's own name must survive, too.
        if let Some(directory) = path.parent() {
            File::open(directory)
                .and_then(|directory| directory.sync_all())
                .context("syncing the directory")?;
        }
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("commit".to_owned());
        let thread =
            thread.spawn(move || theirs.sync_for_ever(&file)).context("starting the commit thread")?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Before a write.
    pub(super) fn begin(&self) {
        self.shared.outstanding.fetch_add(1, Ordering::AcqRel);
    }

    /// After an operation: completes when all that it wrote and all that it can have seen is on disk. A read, or a
    /// condition that failed, may rest on a write that is not, and its caller may act on it.
    pub(super) async fn settle(&self, write: bool, succeeded: bool) -> Synced {
        let landed = write && succeeded;
        if landed {
            self.shared.writes.fetch_add(1, Ordering::Relaxed);
        } else if write {
            self.shared.outstanding.fetch_sub(1, Ordering::AcqRel);
        }
        if !landed && self.shared.outstanding.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        let (sender, synced) = oneshot::channel();
        {
            let mut waiting = self.shared.lock();
            waiting.answers.push(sender);
            waiting.writes += u64::from(landed);
        }
        self.shared.arrived.notify_one();
        synced.await.unwrap_or_else(|_| Err("the commit thread is gone".to_owned()))
    }

    /// Writes made and syncs that they shared.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.shared.writes.load(Ordering::Relaxed), self.shared.syncs.load(Ordering::Relaxed))
    }
}

impl Drop for GroupCommit {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Shared {
    fn sync_for_ever(&self, log: &File) {
        // After a failed sync nobody knows what is on disk, and a later sync would not tell.
        let mut failed = None;
        while let Some((answers, writes)) = self.next() {
            if failed.is_none() {
                failed = log.sync_data().err().map(|error| format!("syncing the log: {error}"));
                self.syncs.fetch_add(1, Ordering::Relaxed);
            }
            if failed.is_none() {
                self.outstanding.fetch_sub(writes, Ordering::AcqRel);
            }
            for answer in answers {
                // Whoever asked may have gone.
                answer.send(failed.clone().map_or(Ok(()), Err)).ok();
            }
        }
    }

    fn next(&self) -> Option<(Vec<oneshot::Sender<Synced>>, u64)> {
        let idle = |waiting: &mut Waiting| waiting.answers.is_empty() && !waiting.closed;
        let mut waiting = self.arrived.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let answers = std::mem::take(&mut waiting.answers);
        (!answers.is_empty()).then(|| (answers, std::mem::take(&mut waiting.writes)))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
