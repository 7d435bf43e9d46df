//! Work on many items at once, within a limit.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Runs `work` on every item, at most `limit` at a time, each as a task of its own so that one that panics fails alone;
/// returns the results in the order of the items. Dropping the future stops the tasks.
pub async fn map<I, O, F, Fut>(limit: usize, items: Vec<I>, work: F) -> Vec<Result<O>>
where
    I: Send + 'static,
    O: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = O> + Send + 'static,
{
    let count = items.len();
    let work = Arc::new(work);
    let permits = Arc::new(Semaphore::new(limit.max(1)));
    let mut tasks = JoinSet::new();
    for (index, item) in items.into_iter().enumerate() {
        let (work, permits) = (Arc::clone(&work), Arc::clone(&permits));
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            (index, work(item).await)
        });
    }
    let mut results: Vec<Option<O>> = (0..count).map(|_| None).collect();
    while let Some(joined) = tasks.join_next().await {
        if let Ok((index, output)) = joined {
            results[index] = Some(output);
        }
    }
    results.into_iter().map(|result| result.ok_or_else(|| anyhow::anyhow!("a task panicked"))).collect()
}
