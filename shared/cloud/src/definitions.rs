//! The definitions in force, read as one set and kept for half a minute.

use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use domain::definitions::Definitions;
use domain::message::CodeKey;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::config::{ConfigError, Vars};
use crate::table::Table;

/// How long a set is used before it is read anew, in milliseconds.
const KEPT_MILLIS: i64 = 30_000;

/// The definitions in force.
#[derive(Clone, Debug)]
pub struct Cache {
    table: Table,
    clock: Clock,
    code_key: CodeKey,
    kept: Arc<Mutex<Option<Kept>>>,
}

/// A set, and when it was read, in milliseconds.
type Kept = (i64, Arc<Definitions>);

/// Reads the key of message codes from `CODE_KEY`.
pub fn code_key(vars: &Vars) -> Result<CodeKey, ConfigError> {
    let wrong =
        || ConfigError { name: "CODE_KEY", what: "is too short; use at least 16 random bytes".to_owned() };
    CodeKey::parse(&vars.required("CODE_KEY")?).ok_or_else(wrong)
}

impl Cache {
    /// Definitions in `table`.
    pub fn new(table: Table, clock: Clock, code_key: CodeKey) -> Self {
        Self { table, clock, code_key, kept: Arc::default() }
    }

    /// A set that is at most half a minute old and whose number is at least `number`: a customer that was changed under
    /// later definitions must not be judged by earlier ones.
    pub async fn at_least(&self, number: u32) -> Result<Arc<Definitions>> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now_millis();
        if let Some((read_at, definitions)) = kept.as_ref()
            && (0..KEPT_MILLIS).contains(&(now - read_at))
            && definitions.number >= number
        {
            return Ok(Arc::clone(definitions));
        }
        self.read(number, &mut kept).await
    }

    /// The set as it is stored, whatever is kept; its number is at least `number`.
    pub async fn current(&self, number: u32) -> Result<Arc<Definitions>> {
        let mut kept = self.kept.lock().await;
        self.read(number, &mut kept).await
    }

    async fn read(&self, number: u32, kept: &mut Option<Kept>) -> Result<Arc<Definitions>> {
        let now = self.clock.now_millis();
        let versions = self.table.definitions().await?;
        let definitions = Definitions::new(&versions, self.code_key.clone()).map_err(|mistakes| {
            anyhow!(
                "stored definitions do not fit together: {}",
                mistakes.first().map_or_else(String::new, ToString::to_string)
            )
        })?;
        ensure!(definitions.number >= number, "definitions {number} are not to be seen yet");
        let definitions = Arc::new(definitions);
        *kept = Some((now, Arc::clone(&definitions)));
        Ok(definitions)
    }
}
