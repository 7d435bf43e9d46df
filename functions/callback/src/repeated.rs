//! Posts that came before, word for word: a provider that did not get our answer posts anew, and so does whoever overheard
//! one. Both come to what the first did, so they are answered alike, and counted.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use providers::post::Post;

/// How many posts are remembered, by each instance of the function.
const REMEMBERED: usize = 10_000;

/// The posts that came last, by their hashes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posts(Arc<Mutex<(VecDeque<u64>, BTreeSet<u64>)>>);

impl Posts {
    /// Whether the same was posted to the same account before, as far as it is remembered.
    pub(crate) fn repeats(&self, account: &str, query: Option<&str>, post: &Post<'_>) -> bool {
        let mut hasher = DefaultHasher::new();
        (account, query, post.method, post.body).hash(&mut hasher);
        let known = hasher.finish();
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (order, posts) = &mut *remembered;
        if !posts.insert(known) {
            return true;
        }
        order.push_back(known);
        if order.len() > REMEMBERED
            && let Some(oldest) = order.pop_front()
        {
            posts.remove(&oldest);
        }
        false
    }
}
