//! What definitions ask of all customers together and is not known: nobody has it, which else would look like a result.

use domain::definitions::Definitions;
use domain::population::{Fit, Population, Unlearnt};

/// Which survey comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// The one that applying these definitions begins.
    Applied,
    /// One that is begun by hand or at night.
    AtNight,
}

/// A line for each thing that is not known, with what a fit said that failed.
pub fn unlearnt(definitions: &Definitions, followed: Followed) -> Vec<String> {
    let learnt = definitions.population.as_ref().is_some_and(Population::is_learnt);
    // Where anything is known already, applying begins no survey.
    let until = match (followed, learnt) {
        (Followed::Applied, false) => "who enters is known after the survey that `tsunagi apply` begins",
        (Followed::Applied, true) | (Followed::AtNight, _) => {
            "who is in is known after the next survey, at night or by `tsunagi recompute`"
        }
    };
    let line = |what: &str, fit: Option<&Fit>| {
        let why = fit.map_or_else(String::new, |fit| format!(" ({fit})"));
        format!("{what} are not learnt yet{why}; {until}")
    };
    let unlearnt = definitions.unlearnt();
    unlearnt
        .iter()
        .map(|unlearnt| match unlearnt {
            Unlearnt::Scores => line("scores", None),
            Unlearnt::Purchases(fit) => line("predictions of purchases", fit.as_ref()),
            Unlearnt::Value(fit) => line("predictions of what purchases are worth", fit.as_ref()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::definitions::{Kind, Version};
    use domain::population::Survey;
    use domain::time::Timestamp;

    use super::*;

    fn told(condition: &str, population: Option<Population>, followed: Followed) -> String {
        let yaml = format!("segment:\n  name: a\n  when: {condition}\n");
        let version = Version { kind: Kind::Segment, name: "a".to_owned(), number: 1, yaml };
        let mut definitions = crate::definitions::gather(&[version]).unwrap();
        definitions.population = population;
        unlearnt(&definitions, followed).join("\n")
    }

    #[test]
    fn what_is_asked_for_and_not_known() {
        let scores = "{ rfm: { recency: { at_most: 1 } } }";
        insta::assert_snapshot!(told(scores, None, Followed::Applied), @"scores are not learnt yet; who enters is known after the survey that `tsunagi apply` begins");
        insta::assert_snapshot!(told(scores, None, Followed::AtNight), @"scores are not learnt yet; who is in is known after the next survey, at night or by `tsunagi recompute`");
        let few = Survey::new().conclude(None, Timestamp::from_seconds(0));
        let few = Population { customers: 1, ..few };
        let yen = "{ predicted: { yen: { at_least: 1 }, within_days: 9 } }";
        insta::assert_snapshot!(told(yen, Some(few), Followed::Applied), @"
        predictions of purchases are not learnt yet (too little to learn from: 0 customers with 0 repeat purchases; at least 100 with 100 are needed; nothing was changed); who is in is known after the next survey, at night or by `tsunagi recompute`
        predictions of what purchases are worth are not learnt yet (too little to learn from: 0 customers with 0 repeat purchases; at least 100 with 100 are needed; nothing was changed); who is in is known after the next survey, at night or by `tsunagi recompute`
        ");
        assert_eq!(told("{ event: { name: Order Completed } }", None, Followed::Applied), "");
    }
}
