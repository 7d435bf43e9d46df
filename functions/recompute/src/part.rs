//! How a part of a run goes on: an invocation reads some pages, writes how far it came on condition that nobody else
//! did, and hands the rest on in a message that names the next hop.
//!
//! - An invocation that dies before its write leaves nothing: its message comes again and finds the part where it was.
//! - One that dies after its write, and before it noted that the next message was sent: its message comes again, finds
//!   the part one hop further without that note, and sends the next message, perhaps for the second time.
//! - Of two messages of one hop one wins the write. The other finds the part further, its next message noted, and ends
//!   there: what was sent twice doesn't go on twice.
//!
//! Customers that are found twice are evaluated twice, which changes nothing.

use anyhow::{Context, Result, bail, ensure};
use cloud::table::runs::{Part, PartState, Run, RunId};

use crate::Recompute;
use crate::read::Next;
use crate::task::Task;

/// The longest that a queue keeps a message back, in seconds.
const DELAY_LIMIT: i64 = 900;

impl Recompute {
    /// Takes a part from one hop to the next.
    pub(crate) async fn part(&self, id: RunId, part: u32, hop: u32) -> Result<()> {
        let run = match self.table.run(id).await? {
            Some(run) => run,
            // A release that kept no rows of runs had begun it.
            None if hop == 0 => return self.begin(id).await,
            None => bail!("the run {id} is not known"),
        };
        let mut part = self.table.part(id, part).await?.unwrap_or_else(|| Part::new(part, run.begun));
        ensure!(part.hop >= hop, "part {} of {id} is not at hop {hop} yet", part.part);
        if part.hop > hop {
            if part.hop == hop + 1 && !part.handed {
                return self.hand(&run, &part).await;
            }
            return self.close(&run, &part).await;
        }
        // A later run goes through everyone with later definitions, this one's among them.
        if self.table.begun(id.kind).await? > Some(id) {
            part.state = PartState::Superseded;
            return self.end(&run, part).await;
        }
        match self.read(&run, &mut part).await? {
            Next::Rest => self.hand_on(&run, part, 0).await,
            Next::Wait(seconds) => {
                part.waits += 1;
                self.hand_on(&run, part, seconds).await
            }
            Next::Again(seconds) => {
                part.state = PartState::Again;
                self.hand_on(&run, part, seconds).await
            }
            Next::End => {
                part.state = PartState::Done;
                self.end(&run, part).await
            }
        }
    }

    /// Writes how far a part came, and sends the message of its next hop.
    async fn hand_on(&self, run: &Run, mut part: Part, seconds: i64) -> Result<()> {
        part.hop += 1;
        part.handed = false;
        part.due = self.clock.now().plus(seconds);
        if self.table.put_part(run, &part).await? {
            return self.hand(run, &part).await;
        }
        self.lost(run, &part).await
    }

    /// Sends the message of a part's hop, and notes that.
    async fn hand(&self, run: &Run, part: &Part) -> Result<()> {
        let task = Task::Part { run: run.id, part: part.part, hop: part.hop };
        let seconds = part.due.since(self.clock.now()).clamp(0, DELAY_LIMIT);
        self.tasks.send_later(&[task], i32::try_from(seconds)?).await?;
        self.table.put_handed(run, part).await
    }

    /// Writes that a part is over.
    async fn end(&self, run: &Run, mut part: Part) -> Result<()> {
        part.hop += 1;
        part.handed = true;
        // Where it stood names a customer, and is of no more use.
        (part.after, part.settled) = (None, None);
        part.due = self.clock.now();
        if self.table.put_part(run, &part).await? {
            return self.close(run, &part).await;
        }
        self.lost(run, &part).await
    }

    /// Another delivery of the same hop was faster. If it is known to have handed on, this one ends here; otherwise it
    /// comes again, when the other has done so or is dead.
    async fn lost(&self, run: &Run, ours: &Part) -> Result<()> {
        let stands = self.table.part(run.id, ours.part).await?.context("a part that was written is gone")?;
        if stands.hop == ours.hop && !stands.handed {
            bail!("another delivery of part {} of {} is at work", ours.part, run.id);
        }
        self.close(run, &stands).await
    }
}
