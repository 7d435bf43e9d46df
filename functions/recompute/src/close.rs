//! What follows when the last part of a run is over, and what is done every night.

use anyhow::Result;
use cloud::table::counts::DayCount;
use cloud::table::runs::{Part, PartState, Run};
use domain::definitions::Definitions;
use domain::input::List;
use domain::names::SegmentName;

use crate::Recompute;
use crate::task::Task;

impl Recompute {
    /// Finishes a run whose every part is over. Doing it twice is harmless.
    pub(crate) async fn close(&self, run: &Run, part: &Part) -> Result<()> {
        if !part.state.is_over() {
            return Ok(());
        }
        let parts = self.table.parts(run.id).await?;
        let over = parts.iter().filter(|part| part.state.is_over()).count();
        let finished = self.table.run(run.id).await?.is_some_and(|run| run.finished.is_some());
        if over < run.parts as usize || finished {
            return Ok(());
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
        if !superseded {
            self.count_segments(&*self.definitions.at_least(run.id.number).await?).await?;
        }
        self.table.finish_run(&Run { finished: Some(self.clock.now()), ..run.clone() }).await
    }

    /// Has the members of every current segment counted for today.
    pub(crate) async fn count_segments(&self, definitions: &Definitions) -> Result<()> {
        let now = jiff::Timestamp::from_second(self.clock.now().seconds())?;
        let day = definitions.zone.to_datetime(now).date().to_string();
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
