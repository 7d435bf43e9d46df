//! Several variants: each against the first.
//!
//! The error is shared equally between the comparisons ([`Confidence::shared_by`]), so that with the confidence asked
//! for none of them is wrong.

use std::collections::BTreeMap;

use super::sequential::{Plan, Sequential, Side};
use super::wilson::newcombe;
use super::{Confidence, Counts, Difference};

/// By how much each of `others` is above `first`, in their order, for one look at the counts.
pub fn compare_counts(first: Counts, others: &[Counts], confidence: Confidence) -> Vec<Difference> {
    let each = confidence.shared_by(others.len());
    others.iter().map(|other| newcombe(first, *other, each)).collect()
}

/// Each of `others` against `first`, over outcomes in the order of entering (see [`Sequential`]): the variant a customer
/// got, and whether they converted. The variants are those of the definition, whether or not anybody got them yet;
/// customers of any other are left out.
pub fn compare_in_order<V: Ord>(
    first: &V,
    others: impl IntoIterator<Item = V>,
    plan: Plan,
    outcomes: impl IntoIterator<Item = (V, bool)>,
) -> BTreeMap<V, Sequential> {
    let mut comparisons: BTreeMap<V, Sequential> = others
        .into_iter()
        .filter(|other| other != first)
        .map(|other| (other, Sequential::new(plan)))
        .collect();
    let each = plan.shared_by(comparisons.len());
    for comparison in comparisons.values_mut() {
        *comparison = Sequential::new(each);
    }
    for (variant, converted) in outcomes {
        if variant == *first {
            for comparison in comparisons.values_mut() {
                comparison.observe(Side::Baseline, converted);
            }
        } else if let Some(comparison) = comparisons.get_mut(&variant) {
            comparison.observe(Side::Variant, converted);
        }
    }
    comparisons
}
