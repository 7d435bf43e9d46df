//! How runs begin: by an event, by the clock, or by hand, and each once however often it is told to.

use anyhow::Result;
use cloud::table::runs::{Run, RunId, RunKind};
use domain::population::Population;

use crate::task::Task;
use crate::{PARTS, Recompute};

impl Recompute {
    /// Begins the recomputation that brings the definitions as they are stored, whose number is at least `number`.
    ///
    /// They are read anew each time. Of two that apply at once, either may know of its own version only and say a number
    /// that is too low; but what it applied is stored by the time it says so.
    pub(crate) async fn applied(&self, number: u32) -> Result<()> {
        let definitions = self.definitions.current(number).await?;
        self.begin(RunId { kind: RunKind::Recompute, number: definitions.number, again: 0 }).await?;
        // What is asked for the first time is not put off until the night.
        let learnt = definitions.population.as_ref().is_some_and(Population::is_learnt);
        if learnt { Ok(()) } else { self.survey(&definitions).await }
    }

    /// Begins a run, unless it or a later one was begun. A death on the way is made up for by whoever tells it again:
    /// parts that are sent twice are done once.
    pub(crate) async fn begin(&self, id: RunId) -> Result<()> {
        if self.table.begun(id.kind).await? >= Some(id) {
            return Ok(());
        }
        let run = Run { id, begun: self.clock.now(), parts: PARTS, finished: None, result: None };
        tracing::info!(run.id = id.to_string(), run.parts = PARTS, "a run begins");
        self.table.put_run(&run).await?;
        let parts: Vec<Task> = (0..PARTS).map(|part| Task::Part { run: id, part, hop: 0 }).collect();
        self.tasks.send(&parts).await?;
        self.table.put_begun(id).await
    }
}
