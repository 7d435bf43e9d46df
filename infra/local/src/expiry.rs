//! What has expired is removed, as `DynamoDB` does by itself.

use std::sync::Arc;
use std::time::Duration;

use crate::region::Region;

/// From one sweep to the next. `DynamoDB` promises to remove an item within days of its expiry.
const EVERY: Duration = Duration::from_hours(1);

/// Removes what has expired, at once and every hour from then on, until the process ends.
pub(crate) async fn sweep_for_ever(region: Arc<Region>) {
    loop {
        let swept = Arc::clone(&region);
        // It goes through whole tables, page by page: the functions' threads must not wait for it.
        match tokio::task::spawn_blocking(move || swept.dynamodb().sweep()).await {
            Ok(Ok(items)) => tracing::info!(items, "what had expired was removed"),
            Ok(Err(error)) => tracing::error!(error = format!("{error:#}"), "what has expired stays"),
            Err(error) => tracing::error!(error = error.to_string(), "what has expired stays"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
