//! What stands between the cells of a file.

/// What stands between the cells of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    Comma,
    Tab,
    Semicolon,
}

impl Separator {
    /// All of them, the likeliest first.
    const ALL: [Self; 3] = [Self::Comma, Self::Tab, Self::Semicolon];

    /// The one that stands most often in the first line that says anything, outside quotation marks.
    pub fn of(text: &[u8]) -> Self {
        let mut counts = [0_u32; Self::ALL.len()];
        let (mut quoted, mut said) = (false, false);
        for byte in text {
            quoted ^= *byte == b'"';
            if *byte == b'\n' && !quoted && said {
                break;
            }
            said |= !byte.is_ascii_whitespace();
            for (count, separator) in counts.iter_mut().zip(Self::ALL) {
                *count += u32::from(!quoted && *byte == separator.byte());
            }
        }
        let most = counts.into_iter().max().unwrap_or(0);
        let found = counts.into_iter().zip(Self::ALL).find(|(count, _)| *count == most);
        found.map_or(Self::Comma, |(_, separator)| separator)
    }

    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Tab => b'\t',
            Self::Semicolon => b';',
        }
    }

    /// As a message names one of them.
    pub const fn one(self) -> &'static str {
        match self {
            Self::Comma => "a comma",
            Self::Tab => "a tab",
            Self::Semicolon => "a semicolon",
        }
    }

    /// What there is to say of how the file is read.
    pub const fn read_as(self) -> &'static str {
        match self {
            Self::Comma => "",
            Self::Tab => ", separated by tabs",
            Self::Semicolon => ", separated by semicolons",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_most_often() {
        for (text, separator) in [
            ("id,name\n1;2;3;4\n", Separator::Comma),
            ("id\tname\n", Separator::Tab),
            ("\r\n\nid;\"a,b,c\";名前\n1,2,3", Separator::Semicolon),
            ("id\n1,2\n", Separator::Comma),
            ("id", Separator::Comma),
            ("", Separator::Comma),
            ("a,b;c", Separator::Comma),
            ("\"a\n,,\";b;c\n,,,,", Separator::Semicolon),
        ] {
            assert_eq!(Separator::of(text.as_bytes()), separator, "{text}");
        }
    }
}
