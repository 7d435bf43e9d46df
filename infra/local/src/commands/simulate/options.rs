//! What is assumed of people, as it is written.

use anyhow::{Result, ensure};
use domain::money::Yen;
use domain::simulate::Assumed;

/// One assumption.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Assumption {
    /// The part of the messages with a link that is clicked.
    ClickRate(f64),
    /// The part of those who clicked that reaches the goal.
    ConversionRate(f64),
    /// What that is worth.
    GoalYen(Yen),
}

impl Assumption {
    /// Reads `ctr=0.1`, `cvr=2%` or `yen=3000`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write it as ctr=0.1, cvr=0.02 or yen=3000")?;
        match name {
            "ctr" => share(value).map(Self::ClickRate),
            "cvr" => share(value).map(Self::ConversionRate),
            "yen" => match value.parse() {
                Ok(yen) if yen >= 0 => Ok(Self::GoalYen(Yen(yen))),
                Ok(_) | Err(_) => Err(format!("`{value}` is no amount of yen; write it as 3000")),
            },
            _ => Err(format!("`{name}` can't be assumed; ctr, cvr and yen can")),
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    let (number, of) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let share = number.trim().parse::<f64>().ok().map(|number| number / of);
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("`{text}` is no part of a whole; write it as 0.1 or 10%"))
}

/// All of them together; none may be given twice.
pub fn assumed(assumptions: &[Assumption]) -> Result<Assumed> {
    let mut assumed = Assumed::default();
    for (index, assumption) in assumptions.iter().enumerate() {
        let same = |other: &Assumption| std::mem::discriminant(other) == std::mem::discriminant(assumption);
        ensure!(!assumptions[..index].iter().any(same), "--assume says one thing twice; leave one out");
        match assumption {
            Assumption::ClickRate(rate) => assumed.click_rate = *rate,
            Assumption::ConversionRate(rate) => assumed.conversion_rate = *rate,
            Assumption::GoalYen(yen) => assumed.goal_yen = *yen,
        }
    }
    Ok(assumed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assumptions_as_they_are_written() {
        assert_eq!(Assumption::parse("ctr=0.1"), Ok(Assumption::ClickRate(0.1)));
        assert_eq!(Assumption::parse("cvr=2%"), Ok(Assumption::ConversionRate(0.02)));
        assert_eq!(Assumption::parse("yen=3000"), Ok(Assumption::GoalYen(Yen(3_000))));
        for wrong in ["ctr", "ctr=10", "ctr=-1%", "ctr=NaN", "cvr=many", "yen=-1", "open=0.1"] {
            assert!(Assumption::parse(wrong).is_err(), "{wrong}");
        }
        let twice = [Assumption::ClickRate(0.1), Assumption::ClickRate(0.2)];
        assert!(assumed(&twice).is_err());
    }
}
