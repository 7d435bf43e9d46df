//! The inbox as it is listed and counted.

pub use domain::contact::Channel;
use serde::{Deserialize, Serialize};

/// An accepted message, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the inbox, from 1.
    pub number: u32,
    /// The provider's id of its first acceptance.
    pub id: String,
    /// How it came.
    pub channel: Channel,
    /// The sender's code.
    pub reference: String,
    /// The receiver.
    pub to: String,
    /// The sender of an e-mail, while texts are kept.
    pub from: Option<String>,
    /// The subject of an e-mail, while texts are kept.
    pub subject: Option<String>,
    /// The text, while it is kept.
    pub text: Option<String>,
    /// The HTML of an e-mail, while texts are kept.
    pub html: Option<String>,
    /// Further headers of an e-mail, while texts are kept.
    pub headers: Vec<(String, String)>,
    /// When it was first accepted, in milliseconds since 1970-01-01T00:00:00Z.
    pub accepted_at: i64,
    /// How often it was accepted. More than once is a double send.
    pub times: u32,
    /// Parts billed, each time.
    pub parts: u32,
    /// The price in yen, each time.
    pub price_yen: i64,
}

/// Which messages to list, oldest first.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct InboxQuery {
    /// Only those to this number or address.
    pub to: Option<String>,
    /// At most so many: 100 unless told, never more than 1,000.
    pub limit: Option<usize>,
    /// Only those after this [`Entry::number`].
    pub after: Option<u32>,
}

/// Counts of what was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Acceptances.
    pub accepted: u64,
    /// References among them.
    pub distinct: u64,
    /// Acceptances beyond a reference's first.
    pub duplicates: u64,
    /// By SMS.
    pub sms: ChannelStats,
    /// By e-mail.
    pub email: ChannelStats,
    /// By LINE.
    #[serde(default)]
    pub line: ChannelStats,
}

/// The same for one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelStats {
    /// Acceptances.
    pub accepted: u64,
    /// References among them.
    pub distinct: u64,
    /// Parts billed.
    pub parts: u64,
    /// Billed, in yen.
    pub price_yen: i64,
}
