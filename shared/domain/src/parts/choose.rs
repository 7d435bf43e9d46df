//! Which of a step's texts is sent, so that none fails without a word.

use std::fmt;

use super::{Estimate, Network, Prices, Route, TooLong, estimate};

/// The text that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// Its place among the candidates: 0 is the text itself, 1 its first fallback.
    pub index: usize,
    /// The text.
    pub text: &'a str,
    /// What it is billed as.
    pub estimate: Estimate,
}

/// Why a text can't be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// With its variables filled in, nothing is left to read.
    Empty,
    /// No route takes it.
    TooLong(TooLong),
    /// It has more parts than the step allows.
    Parts {
        /// As many, on the route where it has most.
        parts: u32,
        /// That route.
        route: Route,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("nothing is left of it"),
            Self::TooLong(too_long) => too_long.fmt(f),
            Self::Parts { parts, route } => write!(f, "{parts} parts to {}", route.describe()),
        }
    }
}

/// None of a step's texts can be sent; the person is skipped with this reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoneFits {
    /// The most parts that the step allows.
    pub at_most: u32,
    /// Why each candidate does not fit, in order; none when there was no candidate.
    pub unfit: Vec<Unfit>,
}

impl fmt::Display for NoneFits {
    /// `at most 1 part: the text has 3 parts to docomo; fallback 1: …`, without a word of the texts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.at_most == 1 { "" } else { "s" };
        write!(f, "no text of at most {} part{plural}", self.at_most)?;
        for (index, unfit) in self.unfit.iter().enumerate() {
            match index {
                0 => write!(f, "; the text: {unfit}")?,
                index => write!(f, "; fallback {index}: {unfit}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for NoneFits {}

/// The first of the candidates, a text and its fallbacks with their variables filled in, that has at most so many parts
/// on every route of the network; or why none has.
pub fn choose<'a>(
    candidates: impl IntoIterator<Item = &'a str>,
    at_most: u32,
    network: Network,
    prices: &Prices,
) -> Result<Chosen<'a>, NoneFits> {
    let mut unfit = Vec::new();
    for (index, text) in candidates.into_iter().enumerate() {
        match fit(text, at_most, network, prices) {
            Ok(estimate) => return Ok(Chosen { index, text, estimate }),
            Err(reason) => unfit.push(reason),
        }
    }
    Err(NoneFits { at_most, unfit })
}

fn fit(text: &str, at_most: u32, network: Network, prices: &Prices) -> Result<Estimate, Unfit> {
    if text.trim().is_empty() {
        return Err(Unfit::Empty);
    }
    let estimate = estimate(text, network, prices).map_err(Unfit::TooLong)?;
    let over = estimate.routes.iter().filter(|(_, bill)| bill.parts > at_most);
    // Of two alike, the first.
    match over.rev().max_by_key(|(_, bill)| bill.parts) {
        Some((route, bill)) => Err(Unfit::Parts { parts: bill.parts, route: *route }),
        None => Ok(estimate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JAPAN: Network = Network::Japan;

    #[test]
    fn the_first_that_fits() {
        let (long, two, short) = ("あ".repeat(200), "あ".repeat(132), "あ".repeat(70));
        let prices = Prices::default();
        let index = |candidates: &[&str], at_most| {
            choose(candidates.iter().copied(), at_most, JAPAN, &prices)
                .map(|chosen| (chosen.index, chosen.estimate.most_parts()))
        };
        let texts = [long.as_str(), &two, &short];
        for (at_most, expected) in [(4, (0, 4)), (3, (1, 2)), (2, (1, 2)), (1, (2, 1))] {
            assert_eq!(index(&texts, at_most), Ok(expected), "{at_most}");
        }
        assert_eq!(index(&["  ", &short], 1), Ok((1, 1)));
    }

    #[test]
    fn why_none_fits() {
        let (endless, long) = ("あ".repeat(661), "あ".repeat(71));
        let none = choose([endless.as_str(), &long, " \n"], 1, JAPAN, &Prices::default()).unwrap_err();
        assert_eq!(
            none.unfit,
            [
                Unfit::TooLong(TooLong { length: 661, limit: 660 }),
                Unfit::Parts { parts: 2, route: Route::Docomo },
                Unfit::Empty
            ]
        );
        assert_eq!(
            none.to_string(),
            "no text of at most 1 part; the text: 661 characters; at most 660 can be sent; fallback 1: 2 parts to docomo; \
             fallback 2: nothing is left of it"
        );
        let none = choose([], 3, JAPAN, &Prices::default()).unwrap_err();
        assert_eq!(none, NoneFits { at_most: 3, unfit: Vec::new() });
        let none = choose(["あ"], 0, Network::International, &Prices::default()).unwrap_err();
        assert_eq!(none.unfit, [Unfit::Parts { parts: 1, route: Route::International }]);
    }
}
