//! What earlier rows of a file said, in bounded memory, so that a later one that says otherwise is found.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};

use serde_json::Value;

/// Tables that grow one after the other: the copy that a growing one makes is small beside all of them.
const TABLES: usize = 16;
/// Names that are kept: 1,750,000 in 36 MB, as full as the tables may be before they grow again. A file of more is still
/// compared with those.
const MOST: usize = 1_750_000;

/// What a name has been given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing, as far as is known.
    First,
    /// The same.
    Same,
    /// Something else, in this line.
    Otherwise(u64),
}

/// What a customer, an order or an event was said to be.
#[derive(Clone, Copy)]
struct Said {
    what: u32,
    line: u32,
}

/// The names of customers, orders or events that were given, and for what. Of a name 64 bits are kept and of what was said
/// 32: that two names of a file are one by chance happens once in ten million files of the size that is kept.
pub(crate) struct Seen {
    tables: Vec<HashMap<u64, Said>>,
    kept: usize,
    most: usize,
    /// The line from which on nothing more is kept.
    full: Option<u64>,
}

impl Seen {
    pub fn new() -> Self {
        Self::of(MOST)
    }

    fn of(most: usize) -> Self {
        Self { tables: vec![HashMap::new(); TABLES], kept: 0, most, full: None }
    }

    /// The line from which on names are not kept any more, if the file has so many.
    pub fn full(&self) -> Option<u64> {
        self.full
    }

    /// What `name` was given for before.
    pub fn look(&self, name: u64, what: u64) -> Look {
        match self.tables.get(table(name)).and_then(|table| table.get(&name)) {
            Some(said) if said.what == short(what) => Look::Same,
            Some(said) => Look::Otherwise(u64::from(said.line)),
            None => Look::First,
        }
    }

    /// Whether `name` was given before.
    pub fn knows(&self, name: u64) -> bool {
        self.tables.get(table(name)).is_some_and(|table| table.contains_key(&name))
    }

    /// Keeps what `name` is given for in this line, as long as there is room.
    pub fn keep(&mut self, name: u64, what: u64, line: u64) {
        if self.kept == self.most {
            self.full.get_or_insert(line);
            return;
        }
        let said = Said { what: short(what), line: u32::try_from(line).unwrap_or(u32::MAX) };
        if let Some(table) = self.tables.get_mut(table(name)) {
            self.kept += usize::from(table.insert(name, said).is_none());
        }
    }
}

/// A hash of values, each kept apart from the next.
pub(crate) fn hash<'a>(values: impl IntoIterator<Item = &'a Value>) -> u64 {
    let mut hasher = Bytes(DefaultHasher::new());
    for value in values {
        // Writing to a hash cannot fail.
        let _ = writeln!(hasher, "{value}");
    }
    hasher.0.finish()
}

fn table(name: u64) -> usize {
    usize::try_from(name % TABLES as u64).unwrap_or(0)
}

fn short(what: u64) -> u32 {
    u32::try_from(what >> 32).unwrap_or(0)
}

struct Bytes(DefaultHasher);

impl Write for Bytes {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_what_they_were_given_for() {
        let mut seen = Seen::of(2);
        let names = ["first", "second", "third"].map(|name| hash([&json!(name)]));
        let [said, other] = ["said", "other"].map(|what| hash([&json!(what)]));
        assert_eq!(seen.look(names[0], said), Look::First);
        seen.keep(names[0], said, 2);
        seen.keep(names[1], said, 3);
        assert_eq!(seen.look(names[0], said), Look::Same);
        assert_eq!((seen.look(names[0], other), seen.full()), (Look::Otherwise(2), None));
        seen.keep(names[2], said, 4);
        seen.keep(names[2], said, 5);
        assert_eq!(
            (seen.look(names[2], other), seen.look(names[1], other)),
            (Look::First, Look::Otherwise(3))
        );
        assert_eq!(seen.full(), Some(4));
    }

    #[test]
    fn values_do_not_run_into_each_other() {
        assert_ne!(hash([&json!("ab"), &json!("c")]), hash([&json!("a"), &json!("bc")]));
        assert_ne!(hash([&json!("a\n")]), hash([&json!("a"), &json!("")]));
    }
}
