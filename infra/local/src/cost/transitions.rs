//! The same journey on Step Functions' standard workflows, which are paid by the step.

use domain::journey::{Journey, Step, Way};
use domain::ledger::Row;

/// State transitions of an enrollment: one for each step it came to, waits and branches as well as messages. That is the
/// least a state machine could do with: a check before each message, a hold until morning and a receipt are further states.
/// <https://aws.amazon.com/step-functions/pricing/>
pub fn transitions(row: &Row, journey: &Journey) -> u64 {
    let mut passed = 0;
    let mut at = journey.first;
    // No step leads back.
    while let Some(step) = at.and_then(|position| Some((position, journey.steps.get(position)?))) {
        let (position, step) = step;
        let Some(next) = way_on(row, position, step) else { break };
        passed += 1;
        at = next;
    }
    passed
}

/// Where an enrollment went on from a step; nothing when it did not come there.
#[expect(clippy::option_option, reason = "whether it came there, and whether a step follows")]
fn way_on(row: &Row, position: usize, step: &Step) -> Option<Option<usize>> {
    let way = || row.took.iter().find(|(step, _)| *step == position).map(|(_, way)| way.as_str());
    match step {
        Step::Message(message) => {
            let came = row.messages.iter().any(|sent| sent.step == position);
            came.then_some(message.next)
        }
        Step::Wait { next, .. } | Step::Audience { next, .. } | Step::Set { next, .. } => Some(*next),
        Step::Webhook(webhook) => came(row, position).then_some(webhook.next),
        Step::Card { next, .. } => (came(row, position) || way().is_some()).then_some(*next),
        // Who still waits came there.
        Step::Listen { then, otherwise, .. } => Some(match way() {
            Some("came") => *then,
            Some(_) => *otherwise,
            None => None,
        }),
        Step::Branch { ways, otherwise } => {
            let taken = way()?;
            let named = ways.iter().find(|way: &&Way| way.name == taken);
            Some(named.map_or(*otherwise, |way| way.next))
        }
        Step::Split { ways } => {
            let taken = way()?;
            Some(ways.iter().find(|way| way.name == taken)?.next)
        }
        Step::Exit => Some(None),
    }
}

fn came(row: &Row, position: usize) -> bool {
    row.passed.iter().any(|(step, _)| *step == position)
}
