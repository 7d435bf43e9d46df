//! Where in a definition's text something stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Location, Options, Spanned};

/// The most events that aliases (`*name`) may repeat: a small text that unfolds into a large one is refused.
const REPEATED_LIMIT: usize = 20_000;

/// How definitions are read.
pub fn options() -> Options {
    let mut options = serde_saphyr::options! {};
    options.alias_limits.max_total_replayed_events = REPEATED_LIMIT;
    options.with_snippet = false;
    options
}

/// One step of a path within a definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// An entry by its key as it is written, and how many entries before it have the same key.
    Key(String, usize),
    /// An item of a list.
    Item(usize),
}

/// A text as its keys, lists, words and places, whatever it means.
pub enum Tree {
    /// Keys and what they hold.
    Map(Vec<(Spanned<Word>, Spanned<Self>)>),
    /// Items.
    List(Vec<Spanned<Self>>),
    /// A word or a text; empty for anything else.
    Leaf(String),
}

/// A key, which need not be a text.
pub struct Word(pub String);

/// A line and a column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

impl Place {
    /// The beginning of the text.
    pub const START: Self = Self { line: 1, column: 1 };

    /// Of where the parser stood, when it knows.
    pub fn of(location: Location) -> Option<Self> {
        (location != Location::UNKNOWN).then(|| Self { line: location.line(), column: location.column() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl Tree {
    /// Reads a text; keys may stand twice.
    pub fn read(yaml: &str) -> Result<Spanned<Self>, serde_saphyr::Error> {
        let mut options = options();
        options.duplicate_keys = DuplicateKeyPolicy::PassThrough;
        serde_saphyr::from_str_with_options(yaml, options)
    }

    /// The entry of a map: its key, and what it holds.
    pub fn entry(&self, key: &str, before: usize) -> Option<(&Spanned<Word>, &Spanned<Self>)> {
        match self {
            Self::Map(entries) => {
                let (key, value) = entries.iter().filter(|(word, _)| word.value.0 == key).nth(before)?;
                Some((key, value))
            }
            Self::List(_) | Self::Leaf(_) => None,
        }
    }

    /// Whether a map has the key.
    pub fn has(&self, key: &str) -> bool {
        self.entry(key, 0).is_some()
    }

    /// Calls `look` on every key and word.
    pub fn words<'a>(&'a self, look: &mut impl FnMut(&'a str)) {
        match self {
            Self::Map(entries) => entries.iter().for_each(|(key, value)| {
                look(&key.value.0);
                value.value.words(look);
            }),
            Self::List(items) => items.iter().for_each(|item| item.value.words(look)),
            Self::Leaf(word) => look(word),
        }
    }

    /// The places of the words and texts that are meant, in their order.
    pub fn leaves(&self, meant: &impl Fn(&str) -> bool) -> Vec<Place> {
        let within = |inner: &Spanned<Self>| match &inner.value {
            Self::Leaf(text) => at(inner).filter(|_| meant(text)).into_iter().collect(),
            Self::Map(_) | Self::List(_) => inner.value.leaves(meant),
        };
        match self {
            Self::Map(entries) => entries.iter().flat_map(|(_, value)| within(value)).collect(),
            Self::List(items) => items.iter().flat_map(within).collect(),
            Self::Leaf(_) => Vec::new(),
        }
    }

    /// The places of `word` wherever it is the value of `key`.
    pub fn values(&self, key: &str, word: &str) -> Vec<Place> {
        let mut found = Vec::new();
        match self {
            Self::Map(entries) => {
                for (name, value) in entries {
                    match &value.value {
                        Self::Leaf(text) if name.value.0 == key && text == word => found.extend(at(value)),
                        Self::Map(_) | Self::List(_) | Self::Leaf(_) => {
                            found.extend(value.value.values(key, word));
                        }
                    }
                }
            }
            Self::List(items) => items.iter().for_each(|item| found.extend(item.value.values(key, word))),
            Self::Leaf(_) => {}
        }
        found
    }
}

/// Where something stands.
pub fn at<T>(spanned: &Spanned<T>) -> Option<Place> {
    Place::of(spanned.referenced)
}

/// What a path leads to, as deep as it can be followed, and whether that is all the way.
pub fn follow<'t>(root: &'t Spanned<Tree>, path: &[Part]) -> (&'t Spanned<Tree>, bool) {
    let mut node = root;
    for part in path {
        let next = match (part, &node.value) {
            (Part::Key(key, before), tree) => tree.entry(key, *before).map(|(_, value)| value),
            (Part::Item(index), Tree::List(items)) => items.get(*index),
            (Part::Item(_), Tree::Map(_) | Tree::Leaf(_)) => None,
        };
        let Some(next) = next else { return (node, false) };
        node = next;
    }
    (node, true)
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor).map(|tree| match tree {
            Tree::Leaf(word) => Self(word),
            Tree::Map(_) | Tree::List(_) => Self(String::new()),
        })
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key()? {
            entries.push((key, map.next_value()?));
        }
        Ok(Tree::Map(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Tree::Leaf(String::new()))
    }

    fn visit_bool<E: Error>(self, word: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(word.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(number.to_string()))
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Tree, E> {
        Ok(Tree::Leaf(number.to_string()))
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Tree, E> {
        Ok(Tree::Leaf(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf(number.to_string()))
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(word.to_owned()))
    }

    fn visit_none<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(String::new()))
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(String::new()))
    }
}
