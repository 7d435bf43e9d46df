//! One code: whether it may still be sent, the claim, the call, the record.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cloud::table::messages::Recorded;
use cloud::table::new_attempt;
use cloud::table::spending::Charge;
use cloud::table::verifications::{CodeClaim, Kept};
use domain::consent::Purpose;
use domain::contact::{Channel, Phone};
use domain::definitions::Definitions;
use domain::enrollment::Status;
use domain::message::SkipReason;
use domain::money::Yen;
use domain::names::AccountName;
use domain::routes::{Asking, RoutePurpose};
use domain::verification::{
    CodeHash, CodeTask, Id, LinkHash, LinkToken, OneTimeCode, Said, Shape, State, Verification, say,
};
use providers::answer::{Accepted, LookUp, SendError};
use providers::sms::SmsRequest;
use sending::ways::Way;
use tokio::time::sleep_until;

use crate::purse::Purse;
use crate::{Provider, SendCode};

/// Seconds after which whoever claimed a code and recorded nothing is gone, and its request with it: longer than a
/// provider's time-out.
const SETTLE_SECONDS: i64 = 60;

/// How soon a code is tried again that no account took, in seconds: a person waits for it.
const AGAIN_SECONDS: i32 = 10;

/// The most milliseconds between the look at the suppressions and the call.
const CHECK_MILLIS: i64 = 2_000;

/// What came of the calls for a code.
enum Called {
    /// Nothing was sent: this.
    Done(Recorded),
    /// This of one that left, or may have: what was taken for it, and its price where the provider said that.
    Left { recorded: Recorded, purse: Purse, price: Option<Yen> },
    /// No account took it.
    Nobody,
}

impl SendCode {
    /// Carries a task to its outcome. An error means: deliver it again.
    pub(crate) async fn task(&self, id: &Id) -> Result<()> {
        // What has expired is removed.
        let Some(kept) = self.table.verification(id).await? else { return Ok(()) };
        if kept.outcome.is_some() {
            return Ok(());
        }
        let now = self.clock.now();
        if let Some((attempt, at)) = &kept.claim {
            if now.since(*at) < SETTLE_SECONDS {
                bail!("another delivery holds the claim");
            }
            tracing::warn!("a one-time code is unknown: whoever sent it is gone");
            return self.record(&kept, Some(attempt), lone(Status::Unknown), None).await;
        }
        let late = match kept.verification.state(now) {
            State::Pending { .. } => None,
            State::Expired => Some(SkipReason::Late),
            State::Confirmed | State::Used | State::Exhausted | State::Replaced => Some(SkipReason::Ended),
        };
        if let Some(why) = late {
            tracing::info!(reason = why.describe(), "a one-time code is not sent");
            return self.record(&kept, None, lone(Status::Skipped(why)), None).await;
        }
        // It stands there until an outcome does.
        let to = kept.to.as_ref().context("a verification without its number")?;
        let checked_at = self.clock.now_millis();
        if self.is_suppressed(to).await? {
            let skipped = lone(Status::Skipped(SkipReason::Suppressed));
            return self.record(&kept, None, skipped, None).await;
        }
        self.claim(&kept, to, checked_at).await
    }

    /// Whether nothing may go to the number: it does not exist. Who opted out of advertisement still gets codes, which the
    /// person's own act asks for.
    async fn is_suppressed(&self, to: &Phone) -> Result<bool> {
        let stopped = self.table.suppressed(Channel::Sms, &[to.as_str().to_owned()]).await?;
        Ok(stopped.values().any(|stopped| stopped.stops(Purpose::Transactional)))
    }

    async fn claim(&self, kept: &Kept, to: &Phone, checked_at: i64) -> Result<()> {
        let verification = &kept.verification;
        let definitions = self.definitions.at_least(0).await?;
        let asking = Asking {
            channel: Channel::Sms,
            purpose: RoutePurpose::OneTimeCode,
            to: to.as_str(),
            code: verification.id.as_str(),
        };
        let ways = self.ways.taking(&definitions, asking);
        if ways.is_empty() {
            tracing::error!(
                "no account can take one-time codes: add a route, or the secrets of its accounts"
            );
        }
        let code = OneTimeCode::derive(&self.key, &verification.id);
        let link = LinkToken::derive(&self.key, &verification.id);
        let text = self.text(verification, &definitions, (&code, &link));
        let code = CodeHash::of(&self.key, &verification.id, code.as_str());
        let link = LinkHash::of(&link);
        let (code, link) = match verification.shape {
            Shape::Code | Shape::CodeWithHelp => (Some(&code), None),
            Shape::Link => (None, Some(&link)),
        };
        let attempt = new_attempt();
        let claim = CodeClaim { attempt: &attempt, at: self.clock.now(), code, link };
        if !self.table.claim_code(&verification.id, &claim).await? {
            bail!("a one-time code was claimed, or is over, since it was looked at");
        }
        match self.call(verification, (to, &text), (&definitions, &ways), checked_at).await? {
            Called::Done(recorded) => self.record(kept, Some(&attempt), recorded, None).await,
            Called::Left { recorded, purse, price } => {
                let parts = recorded.parts.unwrap_or(1);
                self.record(kept, Some(&attempt), recorded, purse.charged()).await?;
                if let Some(yen) = price {
                    purse.settle(&self.table, &verification.id, parts, yen).await;
                }
                Ok(())
            }
            Called::Nobody => {
                self.table.release_code(&verification.id, &attempt).await?;
                let task = CodeTask { id: verification.id.clone() };
                self.codes.send_later(&[task], AGAIN_SECONDS).await
            }
        }
    }

    fn text(
        &self,
        verification: &Verification,
        definitions: &Definitions,
        (code, link): (&OneTimeCode, &LinkToken),
    ) -> String {
        let Verification { shape, locale, minutes, host, .. } = verification;
        let link = link.address(&self.link_base);
        let said = Said { code, link: &link, sender: &self.sender, minutes: *minutes, host: host.as_ref() };
        say(&definitions.shop.codes, *shape, *locale, &said)
    }

    /// Calls an account; when it has certainly not taken the SMS, the next one. What a provider says that was asked an instant
    /// after it failed is not enough for another to send it: the SMS waits for its next turn.
    async fn call(
        &self,
        verification: &Verification,
        (number, text): (&Phone, &str),
        (definitions, ways): (&Definitions, &[Arc<Way<Provider>>]),
        mut checked_at: i64,
    ) -> Result<Called> {
        let request = SmsRequest {
            reference: verification.id.as_str(),
            to: number.as_str(),
            text,
            purpose: Purpose::Transactional,
        };
        for way in ways {
            if !way.allows(self.clock.now()) {
                continue;
            }
            // A person waits for it: whose turn is far off is passed over.
            let Ok(turn) = way.turn() else { continue };
            let (account, now) = (way.name.as_ref(), self.clock.now());
            let to = (request.to, text);
            let Some(purse) = Purse::take(&self.table, definitions, account, to, now).await? else {
                tracing::warn!(
                    spend.limit = 1,
                    "an account's monthly limit leaves nothing for a one-time code"
                );
                continue;
            };
            sleep_until(turn).await;
            if self.clock.now() >= verification.expires_at {
                purse.give_back(&self.table).await;
                return Ok(Called::Done(lone(Status::Skipped(SkipReason::Late))));
            }
            if self.clock.now_millis() - checked_at > CHECK_MILLIS {
                checked_at = self.clock.now_millis();
                if self.is_suppressed(number).await? {
                    purse.give_back(&self.table).await;
                    return Ok(Called::Done(lone(Status::Skipped(SkipReason::Suppressed))));
                }
            }
            let provider = &way.transport.0;
            let mut result = provider.send(&request).await;
            let unclear = matches!(result, Err(SendError::Unclear { .. }));
            if unclear {
                result = asked(provider.look_up(verification.id.as_str()).await);
            }
            way.record(&result, self.clock.now());
            match result {
                Ok(accepted) => {
                    let price = way.price(&accepted, self.clock.now());
                    let recorded = accept(accepted, price.or(purse.likely()));
                    return Ok(Called::Left { recorded, purse, price });
                }
                Err(SendError::Permanent { code }) => {
                    purse.give_back(&self.table).await;
                    return Ok(Called::Done(lone(Status::Failed(code))));
                }
                Err(error @ (SendError::Unknown { .. } | SendError::Unclear { .. })) => {
                    tracing::warn!(%error, "a one-time code is unknown");
                    return Ok(Called::Left { recorded: lone(Status::Unknown), purse, price: None });
                }
                Err(error @ (SendError::Temporary { .. } | SendError::Configuration { .. })) => {
                    tracing::warn!(%error, "an account did not take a one-time code");
                    purse.give_back(&self.table).await;
                    if unclear {
                        return Ok(Called::Nobody);
                    }
                }
            }
        }
        Ok(Called::Nobody)
    }

    /// Records what became of a code, and sets right what was taken for it. What is not known to be free stays taken.
    async fn record(
        &self,
        kept: &Kept,
        attempt: Option<&str>,
        recorded: Recorded,
        charged: Option<(&AccountName, &Charge)>,
    ) -> Result<()> {
        let Verification { id, taken, .. } = &kept.verification;
        if !self.table.record_code(id, attempt, &recorded, charged, self.clock.now()).await? {
            return Ok(());
        }
        let charged = if recorded.status.left() { recorded.yen.unwrap_or(taken.yen) } else { Yen::ZERO };
        if charged != taken.yen
            && let Err(error) = self.table.correct_codes_cost(taken, Yen(charged.0 - taken.yen.0)).await
        {
            tracing::warn!(error = format!("{error:#}"), "what codes cost could not be set right");
        }
        Ok(())
    }
}

/// What a look-up proves of a send whose answer proved nothing.
fn asked(looked: Result<LookUp, SendError>) -> Result<Accepted, SendError> {
    match looked {
        Ok(LookUp::Accepted(accepted)) => Ok(accepted),
        Ok(LookUp::NotAccepted) => {
            Err(SendError::Temporary { reason: "the provider failed, and did not take it" })
        }
        Err(_) => Err(SendError::Unknown { reason: "the provider failed, and can't be asked" }),
    }
}

fn accept(accepted: Accepted, yen: Option<Yen>) -> Recorded {
    Recorded {
        status: Status::Accepted,
        provider_id: Some(accepted.provider_id),
        parts: Some(accepted.parts),
        yen,
    }
}

fn lone(status: Status) -> Recorded {
    Recorded { status, provider_id: None, parts: None, yen: None }
}
