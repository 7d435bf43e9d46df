//! One thread owns the queues' file: it takes all that waits, runs it in one transaction, and then answers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::Context as _;
use tokio::sync::{oneshot, watch};

use super::QueueError;
use super::store::Store;

/// Operations in one transaction, at most.
const GROUP: usize = 1_000;

/// The thread that runs operations on the file, in groups.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// Runs within the transaction; what it returns runs after it with the transaction's outcome.
type Job = Box<dyn FnOnce(&mut Store) -> Done + Send>;
type Done = Box<dyn FnOnce(&Result<(), QueueError>) + Send>;
/// Counts the transactions that made messages arrive.
pub(super) type Arrivals = watch::Sender<u64>;

impl Writer {
    pub(super) fn start(mut store: Store, arrivals: Arrivals) -> anyhow::Result<Self> {
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new().name("queues".to_owned());
        let thread = thread
            .spawn(move || {
                while let Some(group) = next_group(&waiting) {
                    run_group(&mut store, group, &arrivals);
                }
            })
            .context("starting the queues' thread")?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `work` in a transaction, and answers once that is committed.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let (sender, answer) = oneshot::channel();
        let job: Job = Box::new(move |store| {
            let result = work(store);
            // Half of its statements may have run, so the transaction must not be committed.
            if let Err(QueueError::Store(error)) = &result {
                store.broken = Some(error.clone());
            }
            Box::new(move |committed| {
                // Whoever asked may have gone.
                sender.send(committed.clone().and(result)).ok();
            })
        });
        if let Some(jobs) = &self.jobs {
            jobs.send(job).ok();
        }
        answer.await.unwrap_or_else(|_| Err(QueueError::Store("the queues' thread is gone".to_owned())))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn next_group(waiting: &Receiver<Job>) -> Option<Vec<Job>> {
    let mut group = vec![waiting.recv().ok()?];
    group.extend(waiting.try_iter().take(GROUP - 1));
    Some(group)
}

fn run_group(store: &mut Store, group: Vec<Job>, arrivals: &Arrivals) {
    let run = |store: &mut Store| {
        store.begin().map(|()| group.into_iter().map(|job| job(store)).collect::<Vec<Done>>())
    };
    // A panic would take all queues with it; whoever waits learns of it by the channel that closes.
    let done = catch_unwind(AssertUnwindSafe(|| run(store))).unwrap_or_else(|panic| Err(panicked(&*panic)));
    let committed = match (&done, store.broken.take()) {
        (Ok(_), None) => store.commit(),
        (Ok(_), Some(error)) => Err(QueueError::Store(error)),
        (Err(error), _) => Err(error.clone()),
    };
    if committed.is_err() {
        store.roll_back();
    }
    if std::mem::take(&mut store.arrived) && committed.is_ok() {
        arrivals.send_modify(|count| *count += 1);
    }
    for done in done.into_iter().flatten() {
        done(&committed);
    }
}

fn panicked(_panic: &(dyn Any + Send)) -> QueueError {
    QueueError::Store("an operation on the queues panicked".to_owned())
}
