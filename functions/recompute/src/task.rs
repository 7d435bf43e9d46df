//! What travels in the function's own queue, and on the bus to it.

use cloud::payload::Payload;
use cloud::table::runs::{RunId, RunKind};
use cloud::version::Shape;
use domain::names::SegmentName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Something to do in one invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// A part of a run goes on. What it has done so far stands in its row.
    Part {
        /// The run.
        run: RunId,
        /// Which part.
        part: u32,
        /// At which hop.
        hop: u32,
    },
    /// The members of a segment are counted for a day.
    Count {
        /// The segment.
        segment: SegmentName,
        /// The day, as 2026-11-22.
        day: String,
    },
}

impl Payload for Task {
    const SHAPE: Shape = Shape { kind: "a task of recompute", steps: &[by_its_run] };
}

/// Version 1 was a part of a run that carried all about it. Its run had a name of another kind and no row, so the part goes
/// on from the beginning, in the run of the same definitions.
fn by_its_run(written: &mut Value) {
    let number = written["definitions"].as_u64().and_then(|number| u32::try_from(number).ok());
    if let Some(number) = number {
        let run = RunId { kind: RunKind::Recompute, number, again: 0 };
        *written = json!({ "task": "part", "run": run, "part": written["part"], "hop": 0 });
    }
}

/// What `tsunagi` and others put on the bus when definitions were applied.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DefinitionApplied {
    /// The number of the definitions afterwards.
    pub number: u32,
}

/// The detail type of that event.
pub const DEFINITION_APPLIED: &str = "Definition Applied";

/// What is put on the bus when someone asks for a recomputation or a survey by hand.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RecomputeAsked {
    /// The run that is asked for: whoever asks knows which ones there are.
    pub run: RunId,
}

/// The detail type of that event.
pub const RECOMPUTE_ASKED: &str = "Recompute Asked";

#[cfg(test)]
mod tests {
    use cloud::payload;

    use super::*;

    fn read(body: &Value) -> Task {
        payload::read(&body.to_string()).unwrap()
    }

    #[test]
    fn what_is_queued_is_what_its_version_says() {
        let run = "recompute#0000000007#0001";
        for body in [
            json!({ "v": 2, "task": "part", "run": run, "part": 3, "hop": 4 }),
            json!({ "v": 2, "task": "count", "segment": "lapsed", "day": "2026-03-02" }),
        ] {
            let task = read(&body);
            // A task that is added, or a field of one, does not compile until it stands here, and then above, too.
            match &task {
                Task::Part { run: _, part: _, hop: _ } | Task::Count { segment: _, day: _ } => {}
            }
            let written: Value = serde_json::from_str(&payload::write(&task).unwrap()).unwrap();
            assert_eq!(written, body, "a task is written otherwise: it wants a new version");
        }
    }

    #[test]
    fn a_part_of_the_first_version_is_one_of_the_run_of_its_definitions() {
        let id = RunId { kind: RunKind::Recompute, number: 7, again: 0 };
        for after in [Value::Null, json!({ "pk": "C#c00003", "sk": "customer" })] {
            let body = json!({
                "v": 1, "run": "7-1772413200", "definitions": 7, "part": 3, "parts": 8, "after": after, "again": false,
                "read": 40, "changed": 2,
            });
            assert_eq!(read(&body), Task::Part { run: id, part: 3, hop: 0 });
        }
    }
}
