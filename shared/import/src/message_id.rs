//! Names for calls that follow from their content.

/// FNV-1a, 128 bits (Fowler, Noll and Vo): millions of rows do not collide, and no release of a library changes it.
const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;

/// The `messageId` of a row of this kind and content.
pub(crate) fn message_id(kind: &str, content: &str) -> String {
    let hash = content.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("import-{kind}-{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(message_id("order", ""), "import-order-6c62272e07bb014262b821756295c58d");
        assert_eq!(message_id("order", "a"), "import-order-d228cb696f1a8caf78912b704e4a8964");
    }
}
