//! Every mistake of a definition at once.
//!
//! A deserializer stops at the first mistake. So the text is read again and again, each time with what was found to be wrong
//! amended ([`crate::amend`]), until nothing is wrong or too much is. What is then found by [`crate::check`] in a definition
//! that was amended is left out where the amendment may be its cause.

mod left;
mod wide;
mod wording;

use std::fmt;

use serde::Deserialize;
use serde_saphyr::{Error, Spanned};

pub use self::wording::plain;
use crate::amend::{ATTEMPTS, Amendment, Amendments, Failure, Over, Reading};
use crate::definition::{DEFINITION_BYTES, Definition};
use crate::place::{self, Part, Place, Tree};
use crate::spelling::nearest;

/// The most mistakes of one definition that are told at once.
pub const MISTAKES_LIMIT: usize = 100;

/// The most readings of one definition, and the most bytes that are read in them together.
const READINGS_LIMIT: usize = 1_000;
const READ_BYTES_LIMIT: usize = 64_000_000;

/// Something that is wrong in a definition, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `line:column`; a mistake between definitions, the name of the one that makes it.
    pub place: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// What a text holds, mistakes and all.
#[derive(Debug)]
pub struct Examined {
    /// The definition; with mistakes, as it would stand if they were amended. None when there is too little to tell.
    pub definition: Option<Definition>,
    /// The mistakes in the order of their places.
    pub mistakes: Vec<Mistake>,
}

/// Reads a definition and finds every mistake in it. `check` looks at what was read, and gives paths for places.
pub fn examine(yaml: &str, check: impl Fn(&Definition) -> Vec<Mistake>) -> Examined {
    if yaml.len() > DEFINITION_BYTES {
        let what = format!("{} bytes; a definition has at most {DEFINITION_BYTES}", yaml.len());
        return Examined {
            definition: None,
            mistakes: vec![Mistake { place: Place::START.to_string(), what }],
        };
    }
    let (definition, found) = look(yaml, &check);
    let mended = if found.is_empty() { None } else { wide::mend(yaml) };
    let Some(mended) = mended else { return Examined { definition, mistakes: in_order(found) } };
    let (definition, found) = look(&mended.yaml, &check);
    let found = found.into_iter().map(|(place, what)| (mended.place(place), what));
    let found = found.chain(mended.slips.iter().cloned()).collect();
    Examined { definition, mistakes: in_order(found) }
}

fn look(yaml: &str, check: &impl Fn(&Definition) -> Vec<Mistake>) -> (Option<Definition>, Vec<Found>) {
    let tree = match Tree::read(yaml) {
        Ok(tree) => tree,
        Err(broken) => {
            // What was wrong before the text broke off is true nevertheless.
            let first = serde_saphyr::from_str_with_options::<Definition>(yaml, place::options());
            let found = first.err().into_iter().chain([broken]);
            return (None, found.map(|error| wording::broken(self::found(&error), yaml)).collect());
        }
    };
    let mut finding = Finding { tree: &tree, amendments: Amendments::default(), found: Vec::new() };
    finding.found.extend(further(&tree));
    let definition = finding.read_on(yaml);
    if let Some(definition) = &definition {
        finding.checked(check(definition));
    }
    (definition, finding.found)
}

/// A mistake and its place.
type Found = (Place, String);

fn found(error: &Error) -> Found {
    (error.location().and_then(Place::of).unwrap_or(Place::START), plain(error))
}

fn in_order(mut found: Vec<Found>) -> Vec<Mistake> {
    found.sort();
    found.dedup();
    if found.len() > MISTAKES_LIMIT {
        found.truncate(MISTAKES_LIMIT);
        let last = found.last().map_or(Place::START, |(place, _)| *place);
        found.push((last, format!("there are more mistakes than these {MISTAKES_LIMIT}; mend them first")));
    }
    found.into_iter().map(|(place, what)| Mistake { place: place.to_string(), what }).collect()
}

/// The first keys of definitions, and what each may hold.
const KINDS: [(&str, &[&str]); 4] = [
    ("segment", &["name", "title", "description", "when"]),
    (
        "journey",
        &[
            "name",
            "title",
            "description",
            "purpose",
            "enter",
            "allowed",
            "reentry",
            "goal",
            "exit",
            "priority",
            "group",
            "policy",
            "when_late",
            "holdout_percent",
            "steps",
        ],
    ),
    ("shop", &["time_zone", "policy", "details", "prices", "codes", "replies"]),
    ("list", &["name", "ids"]),
];

/// Definitions after the first, and what belongs to it but is not indented.
fn further(tree: &Spanned<Tree>) -> Vec<Found> {
    let Tree::Map(roots) = &tree.value else { return Vec::new() };
    let Some((first, _)) = roots.first() else { return Vec::new() };
    let what = |key: &str| {
        let first = &first.value.0;
        if belongs(first, key) {
            format!("`{key}` belongs to `{first}`; indent it, and what it holds, by two spaces")
        } else if KINDS.iter().any(|(kind, _)| *kind == key) {
            format!("a second definition; move `{key}` to a file of its own")
        } else {
            format!("`{key}` is not known here; what belongs to `{first}` is indented by two spaces")
        }
    };
    let found = roots.iter().skip(1).filter_map(|(key, _)| Some((place::at(key)?, what(&key.value.0))));
    found.take(MISTAKES_LIMIT).collect()
}

/// Whether a definition that begins with `kind` may hold `key`.
fn belongs(kind: &str, key: &str) -> bool {
    let kind = nearest(kind, KINDS.iter().map(|(kind, _)| *kind));
    let holds = KINDS.iter().find(|(name, _)| kind == Some(name)).map(|(_, holds)| *holds);
    holds.is_some_and(|holds| nearest(key, holds.iter().copied()).is_some())
}

struct Finding<'t> {
    tree: &'t Spanned<Tree>,
    amendments: Amendments,
    found: Vec<Found>,
}

impl Finding<'_> {
    /// Reads with amendments until nothing is wrong; none when that is not to be had.
    fn read_on(&mut self, yaml: &str) -> Option<Definition> {
        let readings = READINGS_LIMIT.min(READ_BYTES_LIMIT / yaml.len().max(1));
        for _ in 0..readings {
            if self.found.len() > MISTAKES_LIMIT {
                return None;
            }
            let mut failure = None;
            let read =
                serde_saphyr::with_deserializer_from_str_with_options(yaml, options(), |deserializer| {
                    let reading = Reading::new(self.tree, &self.amendments);
                    let read = Definition::deserialize(reading.amend(deserializer));
                    failure = read.is_err().then(|| reading.failure());
                    read
                });
            let error = match read {
                Ok(definition) => return Some(definition),
                Err(error) => error,
            };
            let Some(failure) = failure else {
                // Something after the definition.
                self.found.push(found(&error));
                return None;
            };
            self.amend(&failure, &error)?;
        }
        None
    }

    /// Amends what reading failed over, and notes it unless an earlier amendment is the cause.
    fn amend(&mut self, failure: &Failure, error: &Error) -> Option<()> {
        let path = &failure.path;
        let known = self.amendments.values.contains_key(path);
        let error = bare(error);
        match (failure.over, error) {
            (Over::Value, Error::SerdeMissingField { field, .. }) if !known => {
                let mut entry = path.clone();
                entry.push(Part::Key((*field).to_owned(), 0));
                if self.amendments.values.contains_key(&entry) {
                    return self.make(path);
                }
                self.note(failure, error);
                self.amendments.values.insert(entry, Amendment::Add(0));
                Some(())
            }
            (Over::Value, _) => {
                if !known {
                    self.note(failure, error);
                }
                self.make(path)
            }
            (Over::Key, Error::SerdeUnknownField { field, expected, .. }) => {
                self.note(failure, error);
                if self.rename(path, field, expected) { Some(()) } else { self.cut(path) }
            }
            (Over::Key, Error::SerdeUnknownVariant { variant, expected, .. }) => {
                self.note(failure, error);
                if self.rename(path, variant, expected) { Some(()) } else { self.make(path.split_last()?.1) }
            }
            (Over::Repeated | Over::Key, _) => {
                self.note(failure, error);
                self.cut(path)
            }
        }
    }

    fn note(&mut self, failure: &Failure, error: &Error) {
        let (place, what) = found(error);
        if failure.path.len() <= 1 && further(self.tree).iter().any(|(second, _)| *second == place) {
            return;
        }
        if self.stands_outside(failure, error) {
            return;
        }
        let what = if self.is_list_of_conditions(failure) { wording::CONDITIONS.to_owned() } else { what };
        let place = match failure.over {
            Over::Value => place,
            Over::Key | Over::Repeated => self.key_place(&failure.path).unwrap_or(place),
        };
        self.found.push((place, what));
    }

    /// Whether the definition lacks what stands beside it, not indented.
    fn stands_outside(&self, failure: &Failure, error: &Error) -> bool {
        let (Tree::Map(roots), [Part::Key(kind, _)]) = (&self.tree.value, failure.path.as_slice()) else {
            return false;
        };
        let outside = |field: &str| {
            let nearest = |key: &str| nearest(key, [field]).is_some();
            roots.iter().skip(1).any(|(key, _)| nearest(&key.value.0))
        };
        if let Error::SerdeMissingField { field, .. } = bare(error) {
            return outside(field);
        }
        let empty = |held: &Tree| matches!(held, Tree::Leaf(text) if text.is_empty());
        roots.first().is_some_and(|(_, held)| empty(&held.value))
            && roots.iter().skip(1).any(|(key, _)| belongs(kind, &key.value.0))
    }

    /// Whether reading failed over a list where one condition belongs.
    fn is_list_of_conditions(&self, failure: &Failure) -> bool {
        let key = failure.path.iter().rev().find_map(|part| match part {
            Part::Key(key, _) => Some(key.as_str()),
            Part::Item(_) => None,
        });
        let keys: &[&str] = match failure.path.last() {
            Some(Part::Key(..)) => &["when", "not", "allowed", "exit"],
            Some(Part::Item(_)) => &["all", "any"],
            None => &[],
        };
        let list =
            matches!(place::follow(self.tree, &failure.path), (Spanned { value: Tree::List(_), .. }, true));
        matches!(failure.over, Over::Value) && list && key.is_some_and(|key| keys.contains(&key))
    }

    /// Where the key stands that the path ends with.
    fn key_place(&self, path: &[Part]) -> Option<Place> {
        let (last, map) = path.split_last()?;
        let (node, _) = place::follow(self.tree, map);
        let key = match last {
            Part::Key(key, before) => node.value.entry(key, *before).map(|(key, _)| key),
            Part::Item(_) => None,
        };
        key.map_or_else(|| place::at(node), place::at)
    }

    /// Takes a key for the nearest of those that are expected, if there is one that is not there yet.
    fn rename(&mut self, path: &[Part], word: &str, expected: &[&'static str]) -> bool {
        let Some(near) = nearest(word, expected.iter().copied()) else { return false };
        let Some((_, map)) = path.split_last() else { return false };
        let siblings = |other: &[Part]| other.split_last().is_some_and(|(_, of)| of == map);
        let taken = self.amendments.renamed.iter().any(|(other, name)| name == near && siblings(other));
        let (node, _) = place::follow(self.tree, map);
        if taken || node.value.has(near) || self.amendments.renamed.contains_key(path) {
            return false;
        }
        self.amendments.renamed.insert(path.to_vec(), near.to_owned());
        true
    }

    fn cut(&mut self, path: &[Part]) -> Option<()> {
        match self.amendments.values.insert(path.to_vec(), Amendment::Cut) {
            Some(Amendment::Cut) => self.make(path.split_last()?.1),
            Some(Amendment::Make(..) | Amendment::Add(_)) | None => Some(()),
        }
    }

    /// Makes what the path leads to, or tries otherwise when that has failed; in the end, what holds it. None when that is
    /// the whole definition.
    fn make(&mut self, path: &[Part]) -> Option<()> {
        if path.len() <= 1 {
            return None;
        }
        let amendment = match self.amendments.values.get(path) {
            None => Amendment::Make(0, self.name(path)),
            Some(Amendment::Make(attempt, name)) if attempt + 1 < ATTEMPTS => {
                Amendment::Make(attempt + 1, name.clone())
            }
            Some(Amendment::Make(..)) => Amendment::Cut,
            Some(Amendment::Add(attempt)) if attempt + 1 < ATTEMPTS => Amendment::Add(attempt + 1),
            Some(Amendment::Add(_) | Amendment::Cut) => {
                self.amendments.values.remove(path);
                return self.make(path.split_last()?.1);
            }
        };
        self.amendments.values.insert(path.to_vec(), amendment);
        Some(())
    }

    /// A name like the text that the path leads to.
    fn name(&self, path: &[Part]) -> String {
        let text = match place::follow(self.tree, path) {
            (Spanned { value: Tree::Leaf(text), .. }, true) => text.as_str(),
            _ => "",
        };
        let fits = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let name: String = text.chars().take(40).map(fits).collect();
        let name = name.trim_matches('-');
        if name.is_empty() { "x".to_owned() } else { name.to_owned() }
    }
}

fn options() -> serde_saphyr::Options {
    let mut options = place::options();
    options.duplicate_keys = serde_saphyr::options::DuplicateKeyPolicy::PassThrough;
    options
}

/// The error itself, without what says where.
fn bare(error: &Error) -> &Error {
    if let Error::AliasError { error, .. } | Error::WithSnippet { error, .. } = error {
        return bare(error);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_hold_what_the_schema_says() {
        let schema = crate::schema::schema();
        let text = schema.to_string();
        for (kind, holds) in KINDS {
            let reference = schema["oneOf"].as_array().into_iter().flatten().find_map(|one| {
                one["properties"][kind]["$ref"].as_str().map(|it| it.trim_start_matches("#/definitions/"))
            });
            let properties = reference.and_then(|name| schema["definitions"][name]["properties"].as_object());
            let mut known: Vec<&str> =
                properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            let mut holds = holds.to_vec();
            known.sort_unstable();
            holds.sort_unstable();
            assert_eq!(holds, known, "{kind} in {text}");
        }
    }
}
