//! How many parts an SMS is billed as, and what that costs, before it is sent.
//!
//! An estimate: the carrier of a number is not known before the provider's receipt names it, and contracts differ. What
//! each carrier counts stands in [`Route::rule`], with its source.

mod choose;
mod gsm7;
mod prices;
mod rules;
mod shift_jis;

use std::collections::BTreeMap;
use std::fmt;

use unicode_segmentation::UnicodeSegmentation;

pub use self::choose::{Chosen, NoneFits, Unfit, choose};
pub use self::prices::Prices;
pub use self::rules::{Network, Route, Rule, Sizes};
use crate::money::Yen;

/// How a text travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The 7-bit default alphabet of 3GPP TS 23.038, counted in septets; a character of its extension table is two.
    Gsm7,
    /// UCS-2, counted in UTF-16 code units: a character beyond U+FFFF, such as an emoji, is two.
    Ucs2,
}

impl Encoding {
    /// The one that a network uses for a text. Towards the carriers of Japan every text is counted in UTF-16 code units,
    /// one of Latin letters alone, too, which some of them take 160 of: the estimate is never below the bill for that.
    pub fn of(text: &str, network: Network) -> Self {
        match network {
            Network::International if gsm7::septets(text).is_some() => Self::Gsm7,
            Network::Japan | Network::International => Self::Ucs2,
        }
    }

    /// The length of a text, in septets or UTF-16 code units.
    pub fn length(self, text: &str) -> usize {
        text.chars().map(|c| self.cost(c)).sum()
    }

    fn cost(self, c: char) -> usize {
        match self {
            Self::Gsm7 => gsm7::cost(c).unwrap_or(1),
            Self::Ucs2 => c.len_utf16(),
        }
    }
}

/// What a text will be billed as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// How it travels.
    pub encoding: Encoding,
    /// How long it is, in septets or UTF-16 code units as `encoding` says.
    pub length: usize,
    /// Parts and price on each route of the network.
    pub routes: BTreeMap<Route, Bill>,
    /// The route on which it costs least; of two alike, the first.
    pub cheapest: (Route, Bill),
    /// The route on which it costs most; of two alike, the first.
    pub dearest: (Route, Bill),
    /// What else is to be known of it.
    pub warnings: Vec<Warning>,
}

impl Estimate {
    /// The most parts on any of the routes: what a limit of parts is compared with.
    pub fn most_parts(&self) -> u32 {
        self.routes.values().map(|bill| bill.parts).max().unwrap_or_default()
    }

    /// The least and the most that it may cost, in yen.
    pub const fn yen(&self) -> (Yen, Yen) {
        (self.cheapest.1.yen, self.dearest.1.yen)
    }
}

/// What one message costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Parts.
    pub parts: u32,
    /// Yen for all of them together, by [`Prices`].
    pub yen: Yen,
}

/// What is to be known of a text that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// au carries a text of at most 70 characters in `Shift_JIS`, which has no place for these; each once, in the order of
    /// the text, an emoji of several characters as one.
    LostAtAu(Vec<String>),
    /// Some providers count a line break as two characters: then it is as many parts on the route where it is most.
    LineBreaks {
        /// Parts, counted so.
        parts: u32,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LostAtAu(lost) => {
                write!(f, "phones of au will not show {}; write it another way", lost.join(" "))
            }
            Self::LineBreaks { parts } => {
                write!(f, "{parts} parts with a provider that counts a line break as two characters")
            }
        }
    }
}

/// A text is longer than a network takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} characters; at most {limit} can be sent")]
pub struct TooLong {
    /// Its length in septets or UTF-16 code units, as its [`Encoding`] counts.
    pub length: usize,
    /// The most that the network takes.
    pub limit: usize,
}

/// What a text, with its variables filled in, will be billed as.
pub fn estimate(text: &str, network: Network, prices: &Prices) -> Result<Estimate, TooLong> {
    let encoding = Encoding::of(text, network);
    let length = encoding.length(text);
    let limit = network.limit();
    if length > limit {
        return Err(TooLong { length, limit });
    }
    let bill = |route: Route| {
        let parts = parts(text, route);
        (route, Bill { parts, yen: prices.of(route, parts) })
    };
    let (first, others) = network.routes();
    let routes: Vec<(Route, Bill)> = std::iter::once(first).chain(others.iter().copied()).map(bill).collect();
    let choose = |better: fn(Yen, Yen) -> bool| {
        let start = bill(first);
        routes
            .iter()
            .copied()
            .fold(start, |best, next| if better(next.1.yen, best.1.yen) { next } else { best })
    };
    Ok(Estimate {
        encoding,
        length,
        cheapest: choose(|next, best| next < best),
        dearest: choose(|next, best| next > best),
        warnings: warnings(text, network, &routes),
        routes: routes.into_iter().collect(),
    })
}

/// How many parts a text is billed as on a route; an empty one is a part, too.
pub fn parts(text: &str, route: Route) -> u32 {
    u32::try_from(split(text, route).len()).unwrap_or(u32::MAX)
}

/// The parts of a text, which together are the text. No part ends within a character that takes two units, nor within
/// what a reader takes for one (an emoji of a family, a flag; UAX #29), unless that alone is longer than a part.
pub fn split(text: &str, route: Route) -> Vec<&str> {
    let encoding = Encoding::of(text, route.network());
    let sizes = route.rule().sizes(encoding);
    if encoding.length(text) <= sizes.alone {
        return vec![text];
    }
    let (mut found, mut begins, mut filled) = (Vec::new(), 0, 0);
    let mut place = |at: usize, cost: usize| {
        if filled + cost > sizes.each {
            found.push(&text[begins..at]);
            (begins, filled) = (at, 0);
        }
        filled += cost;
    };
    for (at, grapheme) in text.grapheme_indices(true) {
        let cost = encoding.length(grapheme);
        if cost <= sizes.each {
            place(at, cost);
        } else {
            grapheme.char_indices().for_each(|(within, c)| place(at + within, encoding.cost(c)));
        }
    }
    found.push(&text[begins..]);
    found
}

fn warnings(text: &str, network: Network, routes: &[(Route, Bill)]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    match network {
        Network::Japan => {
            let lost = shift_jis::lost(text);
            warnings.extend((!lost.is_empty()).then_some(Warning::LostAtAu(lost)));
        }
        Network::International => {}
    }
    // A carriage return takes one unit in either encoding.
    let doubled = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let most = |count: &dyn Fn(&(Route, Bill)) -> u32| routes.iter().map(count).max().unwrap_or_default();
    let with_doubled = most(&|(route, _)| parts(&doubled, *route));
    let more = with_doubled > most(&|(_, bill)| bill.parts);
    warnings.extend(more.then_some(Warning::LineBreaks { parts: with_doubled }));
    warnings
}

#[cfg(test)]
mod tests;
