//! Chance that can be drawn again: the same for the same names, on every machine.

use sha2::{Digest, Sha256};

/// A number from 0 to below `of`, evenly spread over all names; 0 when `of` is 0.
pub fn draw(named: &[&str], of: u32) -> u32 {
    let mut hash = Sha256::new();
    for name in named {
        hash.update(name.as_bytes());
        hash.update([0]);
    }
    let number = hash.finalize().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // Below 2³² of 2⁶⁴ numbers, so that the remainder leans by less than one in four billion.
    number.checked_rem(u64::from(of)).and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_even_and_drawn_again_the_same() {
        let mut counts = [0_u32; 10];
        for number in 0..10_000 {
            let name = number.to_string();
            counts[draw(&["win-back", &name], 10) as usize] += 1;
            assert_eq!(draw(&["win-back", &name], 10), draw(&["win-back", &name], 10));
        }
        assert!(counts.iter().all(|count| (900..1_100).contains(count)), "{counts:?}");
        assert_ne!(draw(&["ab", "c"], u32::MAX), draw(&["a", "bc"], u32::MAX));
        assert_eq!(draw(&["a"], 0), 0);
    }
}
