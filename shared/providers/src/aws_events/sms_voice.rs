//! Events of AWS End User Messaging.
//! <https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format.html>

use domain::tariff::Price;
use domain::time::Timestamp;

use super::{CODE, MILLIS};
use crate::reading::Item;
use crate::receipts::{Notice, ReceiptError, ReceiptStatus};

/// The source of its events on `EventBridge`.
pub(super) const SOURCE: &str = "aws.sms-voice";
/// The type there of those that tell what became of a message.
pub(super) const STATUS: &str = "Text Message Delivery Status Updated";

/// It arrived: which of the two is told depends on the country.
const ARRIVED: [&str; 2] = ["TEXT_DELIVERED", "TEXT_SUCCESSFUL"];
/// The currency of its prices.
const DOLLARS: &str = "USD";
/// There is no such number.
const NO_NUMBER: &str = "TEXT_INVALID";
/// It did not arrive, for another reason.
const FAILED: [&str; 8] = [
    "TEXT_BLOCKED",
    "TEXT_CARRIER_BLOCKED",
    "TEXT_CARRIER_UNREACHABLE",
    "TEXT_INVALID_MESSAGE",
    "TEXT_PROTECT_BLOCKED",
    "TEXT_SPAM",
    "TEXT_TTL_EXPIRED",
    "TEXT_UNREACHABLE",
];

/// What became of a message. A passing state tells nothing, and neither does `TEXT_UNKNOWN`, which AWS tells when it has
/// heard nothing for 72 hours. The parts are those that are billed, and the price is what they cost with what the carrier asks
/// for them.
pub(super) fn receipt(event: &Item<'_>, at: Timestamp) -> Result<Option<Notice>, ReceiptError> {
    let Some(reference) = event.text(&format!("/context/{CODE}"))? else { return Ok(None) };
    if event.text("/isFinal")?.as_deref() == Some("false") {
        return Ok(None);
    }
    let kind = event.needed("/eventType")?;
    let status = match kind.as_str() {
        arrived if ARRIVED.contains(&arrived) => ReceiptStatus::Delivered,
        NO_NUMBER => ReceiptStatus::Invalid { reason: kind },
        failed if FAILED.contains(&failed) => ReceiptStatus::Undelivered { reason: failed.to_owned() },
        _ => return Ok(None),
    };
    let millis: Option<i64> = event.count("/eventTimestamp")?;
    let at = millis.map_or(at, |millis| Timestamp::from_seconds(millis.div_euclid(MILLIS)));
    let parts: Option<u32> = event.count("/totalMessageParts")?;
    let parts = parts.filter(|parts| *parts > 0);
    Ok(Some(Notice::Receipt { reference, status, at, parts, price: price(event)? }))
}

/// What a message costs: AWS names amounts in US dollars, for the message and for what a carrier adds.
fn price(event: &Item<'_>) -> Result<Option<Price>, ReceiptError> {
    let amount = |pointer: &str| Ok(event.text(pointer)?.and_then(|amount| amount.parse::<f64>().ok()));
    let (message, carrier) = (amount("/totalMessagePrice")?, amount("/totalCarrierFee")?);
    Ok(message.and_then(|message| Price::read(message + carrier.unwrap_or(0.0), DOLLARS)))
}

/// What a person wrote to the shop's number. It names the message before it by AWS's id, which nothing is kept under: whom
/// it is from tells whose it is.
pub(super) fn reply(message: &Item<'_>, id: &str, at: Timestamp) -> Result<Notice, ReceiptError> {
    Ok(Notice::Reply {
        from: message.needed("/originationNumber")?,
        to_reference: None,
        text: message.prose("/messageBody")?,
        at,
        id: message.text("/inboundMessageId")?.unwrap_or_else(|| id.to_owned()),
    })
}
