//! How each route counts: a table, with the source of each row.

use serde::{Deserialize, Serialize};

use super::Encoding;
use crate::message::SMS_LIMIT;

/// The most characters that providers of international routes take, in septets or UTF-16 code units: `Body` of Twilio and
/// `MessageBody` of AWS End User Messaging.
const INTERNATIONAL_LIMIT: usize = 1_600;

/// By which kind of route a shop's provider sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Routes to the carriers of Japan; which carrier a number has is not known before it is sent.
    Japan,
    /// A route through another country.
    International,
}

/// The calling code of Japan.
const JAPAN: &str = "+81";

impl Network {
    /// That to a number in E.164, where a provider has routes to the carriers of Japan.
    pub fn of(to: &str) -> Self {
        if to.starts_with(JAPAN) { Self::Japan } else { Self::International }
    }

    /// Its routes: there is at least one.
    pub const fn routes(self) -> (Route, &'static [Route]) {
        match self {
            Self::Japan => (Route::Docomo, &[Route::Au, Route::Softbank, Route::Rakuten]),
            Self::International => (Route::International, &[]),
        }
    }

    /// The longest text that it takes, in units of the text's [`Encoding`].
    pub const fn limit(self) -> usize {
        match self {
            Self::Japan => SMS_LIMIT,
            Self::International => INTERNATIONAL_LIMIT,
        }
    }
}

/// To which carrier, or how, a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// NTT docomo.
    Docomo,
    /// au (KDDI).
    Au,
    /// `SoftBank`, and Y!mobile with it.
    Softbank,
    /// Rakuten Mobile.
    Rakuten,
    /// To any carrier through another country.
    International,
}

impl Route {
    /// Its name as people write it.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Docomo => "docomo",
            Self::Au => "au",
            Self::Softbank => "SoftBank",
            Self::Rakuten => "Rakuten",
            Self::International => "international",
        }
    }

    /// The network that it belongs to.
    pub const fn network(self) -> Network {
        match self {
            Self::Docomo | Self::Au | Self::Softbank | Self::Rakuten => Network::Japan,
            Self::International => Network::International,
        }
    }

    /// How it counts.
    pub const fn rule(self) -> &'static Rule {
        match self {
            Self::Docomo => &DOCOMO,
            Self::Au => &AU,
            Self::Softbank => &SOFTBANK,
            Self::Rakuten => &RAKUTEN,
            Self::International => &INTERNATIONAL,
        }
    }
}

/// How a route counts parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// None where every text is counted in UTF-16 code units.
    gsm7: Option<Sizes>,
    ucs2: Sizes,
    /// Where the numbers come from, and who says otherwise.
    pub source: &'static str,
}

impl Rule {
    /// How much its parts hold.
    pub const fn sizes(&self, encoding: Encoding) -> Sizes {
        match (encoding, self.gsm7) {
            (Encoding::Gsm7, Some(sizes)) => sizes,
            (Encoding::Gsm7 | Encoding::Ucs2, _) => self.ucs2,
        }
    }
}

/// How much a part holds, in units of the [`Encoding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// A text of at most this length is one part.
    pub alone: usize,
    /// A longer one has as much in each part, the first as well: each has a header that says where it belongs.
    pub each: usize,
}

/// A part is 140 octets; of several, each has 6 for a header.
const INTERNATIONAL: Rule = Rule {
    gsm7: Some(Sizes { alone: 160, each: 153 }),
    ucs2: Sizes { alone: 70, each: 67 },
    source: "3GPP TS 23.040, 9.2.3.24.1; so do AWS, Twilio and Vonage bill",
};

const DOCOMO: Rule = Rule {
    gsm7: None,
    ucs2: Sizes { alone: 70, each: 66 },
    source: "business routes take 660 characters, which are 10 parts of 66. The carrier's own price list for its \
             subscribers has 67 (134 characters are two parts), and so has docs.mapp.com/docs/japan; here the dearer",
};

const RAKUTEN: Rule = Rule {
    gsm7: None,
    ucs2: Sizes { alone: 70, each: 66 },
    source: "docs.mapp.com/docs/japan: 66 characters a part, which a header of 7 octets leaves",
};

const AU: Rule = Rule {
    gsm7: None,
    ucs2: Sizes { alone: 70, each: 67 },
    source: "the carrier's price list of 2019-09-10: 71 to 134 characters are two parts, 135 to 201 three; \
             docs.mapp.com/docs/japan: 67 characters a part",
};

const SOFTBANK: Rule = Rule {
    gsm7: None,
    ucs2: Sizes { alone: 670, each: 670 },
    source: "providers of domestic routes bill up to 670 characters as one, on some contracts. A single source, \
             docs.mapp.com/docs/japan, has 125 a part, which is still fewer parts than to docomo",
};
