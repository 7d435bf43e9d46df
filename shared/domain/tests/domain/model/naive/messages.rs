//! Messages: what the sender, the provider and the person make of them.

use domain::consent::Purpose;
use domain::contact::Channel;
use domain::enrollment::{EndReason, Status};
use domain::message::SkipReason;
use serde_json::Value as Json;

use super::super::facts::{Sent, reply};
use super::super::leaving::{Leave, leave};
use super::super::life::Answer;
use super::super::trace::{Hold, Passed};
use super::{Flow, Model};

/// Minutes after which a message is given up of which nothing is heard: 64 hours.
const GIVEN_UP: i64 = 64 * 60;

impl Model<'_> {
    /// A message: left out, held and asked about again, or handed over until something is heard of it.
    pub(super) fn message(&mut self, with: &Json, channel: Channel, notice: bool) -> Flow {
        let name = with["name"].as_str().unwrap();
        let marketing = !notice && self.journey["purpose"] == "marketing";
        let purpose = if marketing { Purpose::Marketing } else { Purpose::Transactional };
        loop {
            let now = self.facts.now;
            let held_out = self.chances.held_out;
            let allowed = if held_out {
                Leave::Never(SkipReason::HeldOut)
            } else {
                self.may_leave(channel, purpose, notice)
            };
            let told = match allowed {
                Leave::Hold(until, why) => {
                    self.hold(Hold { at: now, name: name.to_owned(), until, why });
                    self.until(until)?;
                    continue;
                }
                Leave::Now => Vec::new(),
                Leave::Never(why) => vec![(now, Status::Skipped(why))],
            };
            let left_out = !told.is_empty();
            // What was put back is planned anew.
            self.facts.messages.retain(|message| message.name != name);
            self.passed.retain(|passed| !matches!(passed, Passed::Message { name: of, .. } if of == name));
            self.passed.push(Passed::Message { name: name.to_owned(), at: now, status: Status::Pending });
            let (clicked, opened, replied) = (None, None, None);
            self.facts.messages.push(Sent {
                name: name.to_owned(),
                channel,
                purpose,
                at: now,
                told,
                clicked,
                opened,
                replied,
            });
            if left_out {
                return Ok(());
            }
            match self.sending(notice)? {
                None => return Ok(()),
                Some(until) => self.until(until)?,
            }
        }
    }

    fn may_leave(&self, channel: Channel, purpose: Purpose, notice: bool) -> Leave {
        // A notice to somebody else is bound to nothing.
        if notice { Leave::Now } else { leave(&self.facts, self.journey, (channel, purpose)) }
    }

    /// Waits until something is heard of the last message; until when it is put back, if that is heard.
    fn sending(&mut self, notice: bool) -> Result<Option<i64>, EndReason> {
        self.rest()?;
        let handed = self.facts.now;
        let message = self.facts.messages.last().unwrap();
        let (name, channel, purpose) = (message.name.clone(), message.channel, message.purpose);
        let fate = self.facts.life.fate(&name);
        loop {
            let now = self.facts.now;
            if now == handed + fate.queue {
                let heard = now + fate.heard;
                match self.may_leave(channel, purpose, notice) {
                    Leave::Now => self.leaves(heard),
                    Leave::Never(why) => self.tell(heard, Status::Skipped(why)),
                    Leave::Hold(until, why) => {
                        self.back = Some(Hold { at: heard, name: name.clone(), until, why });
                    }
                }
                self.look()?;
            }
            if let Some(hold) = self.back.take_if(|hold| hold.at <= now) {
                let until = hold.until;
                self.hold(hold);
                return Ok(Some(until));
            }
            if self.facts.messages.last().unwrap().status(now) != Status::Pending {
                return Ok(None);
            }
            self.minute()?;
        }
    }

    /// The last message goes to the provider.
    fn leaves(&mut self, heard: i64) {
        let now = self.facts.now;
        let message = self.facts.messages.last_mut().unwrap();
        let fate = self.facts.life.fate(&message.name);
        let (at, answer) = match fate.answer {
            Answer::Accepted => (heard, Status::Accepted),
            Answer::Refused => (heard, Status::Failed("invalid".to_owned())),
            Answer::Silence => (heard, Status::Unknown),
            Answer::Lost => (message.at + GIVEN_UP, Status::Unknown),
        };
        message.told.push((at, answer));
        if fate.answer == Answer::Refused {
            return;
        }
        if let Some((later, delivered)) = fate.receipt {
            let status = if delivered { Status::Delivered } else { Status::Undelivered("absent".to_owned()) };
            message.told.push((now + later, status));
        }
        // A click in the very minute at which the message was handed over is a program's.
        message.clicked =
            fate.click.filter(|(later, program)| !program && now + later > message.at).map(|it| now + it.0);
        message.opened = fate.open.map(|later| now + later);
        message.replied = fate.reply.map(|(later, word)| (now + later, reply(word)));
        let answers = [fate.click.map(|it| it.0), fate.open, fate.reply.map(|it| it.0)];
        message.told.extend(answers.into_iter().flatten().map(|later| (now + later, Status::Accepted)));
    }

    fn tell(&mut self, at: i64, status: Status) {
        self.facts.messages.last_mut().unwrap().told.push((at, status));
    }

    /// A hold is noted once, however often it is heard of.
    pub(super) fn hold(&mut self, hold: Hold) {
        let same = |known: &Hold| (&known.name, known.until, known.why) == (&hold.name, hold.until, hold.why);
        if !self.holds.iter().any(same) {
            self.holds.push(hold);
        }
    }
}
