//! The pages of a part, the next one under way while one is at work on.

use anyhow::{Result, anyhow};
use cloud::table::Table;
use cloud::table::due::{Page, ScanKey};
use tokio::task::JoinSet;

/// Reads pages one after the other, each ahead of its time. Dropping it ends the request that is under way.
pub struct Pages {
    table: Table,
    part: u32,
    parts: u32,
    /// Pages that may still be asked for.
    left: usize,
    ahead: JoinSet<Result<Page>>,
}

impl Pages {
    /// Begins to read the pages of a part after `after`, `limit` at most.
    pub fn read(table: &Table, part: u32, parts: u32, after: Option<ScanKey>, limit: usize) -> Self {
        let mut pages = Self { table: table.clone(), part, parts, left: limit, ahead: JoinSet::new() };
        pages.ask(after);
        pages
    }

    /// The next page, and the one after it asked for; none when no more were to be asked for.
    pub async fn next(&mut self) -> Result<Option<Page>> {
        let Some(read) = self.ahead.join_next().await else { return Ok(None) };
        let page = read.map_err(|_| anyhow!("reading a page panicked"))??;
        if page.next.is_some() {
            self.ask(page.next.clone());
        }
        Ok(Some(page))
    }

    fn ask(&mut self, after: Option<ScanKey>) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let (table, part, parts) = (self.table.clone(), self.part, self.parts);
        self.ahead.spawn(async move { table.scan(part, parts, after.as_ref()).await });
    }
}
