//! What follows when the last part of a run is over, and what is done every night.

use anyhow::Result;
use cloud::table::counts::DayCount;
use cloud::table::runs::{Part, PartState, Run, RunKind};
use domain::definitions::Definitions;
use domain::input::List;
use domain::names::SegmentName;

use crate::task::Task;
use crate::{Recompute, local_day};

impl Recompute {
    /// Finishes a run whose every part is over. Doing it twice is harmless.
    pub(crate) async fn close(&self, run: &Run, part: &Part) -> Result<()> {
        if !part.state.is_over() {
            return Ok(());
        }
        let parts = self.table.parts(run.id).await?;
        if parts.len() < run.parts as usize || !parts.iter().all(|part| part.state.is_over()) {
            return Ok(());
        }
        if self.table.run(run.id).await?.is_some_and(|run| run.finished.is_some()) {
            return self.forget(run, parts).await;
        }
        let sum = |count: fn(&Part) -> u64| parts.iter().map(count).sum::<u64>();
        let superseded = parts.iter().any(|part| part.state == PartState::Superseded);
        tracing::info!(
            run.id = run.id.to_string(),
            run.superseded = superseded,
            run.customers = sum(|part| part.read),
            run.changed = sum(|part| part.changed),
            "a run is over"
        );
        let result = match (superseded, run.id.kind) {
            (true, _) => None,
            (false, RunKind::Recompute) => {
                let definitions = self.definitions.at_least(run.id.number).await?;
                self.count_segments(&definitions).await?;
                None
            }
            (false, RunKind::Survey) => Some(self.conclude(run, &parts).await?),
        };
        self.table.finish_run(&Run { finished: Some(self.clock.now()), result, ..run.clone() }).await?;
        self.forget(run, parts).await
    }

    /// Leaves out of a finished run's parts what they learnt: it is large, and whoever asks how a run went reads it.
    async fn forget(&self, run: &Run, parts: Vec<Part>) -> Result<()> {
        for part in parts.into_iter().filter(|part| part.learnt.is_some()) {
            self.table.put_handed(run, &Part { learnt: None, ..part }).await?;
        }
        Ok(())
    }

    /// Has the members of every current segment counted for today.
    pub(crate) async fn count_segments(&self, definitions: &Definitions) -> Result<()> {
        let day = local_day(self.clock.now(), definitions)?.to_string();
        let count = |segment: &SegmentName| Task::Count { segment: segment.clone(), day: day.clone() };
        let counts: Vec<Task> = definitions.segments.keys().map(count).collect();
        self.tasks.send(&counts).await
    }

    /// Counts the members of a segment and keeps that for a day.
    pub(crate) async fn count(&self, segment: &SegmentName, day: String) -> Result<()> {
        let at = self.clock.now();
        let members = self.table.count_members(&List::Segment(segment.clone())).await?;
        self.table.put_count(segment, &DayCount { day, members, at }).await
    }
}
