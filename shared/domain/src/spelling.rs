//! How people write words: full-width forms, and slips of the pen.

/// The plain form of a full-width character: ASCII (U+FF01 to U+FF5E), the yen sign and the space, as NFKC has them.
pub fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{ffe5}' => '¥',
        '\u{3000}' => ' ',
        _ => c,
    }
}
