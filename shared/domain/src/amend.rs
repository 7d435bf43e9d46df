//! A deserializer around another that reads a definition as it would stand if what is wrong in it were amended: keys are
//! taken for what was meant, what can't be read is left out or made up. When reading fails, it says at which path.

mod forward;
mod made;
mod ways;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::de::{DeserializeSeed, Error, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess};
use serde_saphyr::Spanned;

pub use self::made::ATTEMPTS;
use self::made::Made;
use crate::place::{self, Part, Tree};

/// What to do about what a path leads to.
#[derive(Clone, Debug)]
pub enum Amendment {
    /// Make a value, at the attempt of this number; texts are the name.
    Make(usize, String),
    /// Add the entry, which is not there, with a value made at the attempt of this number.
    Add(usize),
    /// Leave it out.
    Cut,
}

/// What is amended.
#[derive(Clone, Debug, Default)]
pub struct Amendments {
    /// Keys, and what they are taken for.
    pub renamed: BTreeMap<Vec<Part>, String>,
    /// Values.
    pub values: BTreeMap<Vec<Part>, Amendment>,
}

/// Where reading failed, and over what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The path.
    pub path: Vec<Part>,
    /// Over what.
    pub over: Over,
}

/// What reading failed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The key that the path ends with.
    Key,
    /// The key that the path ends with: an entry before it has the same.
    Repeated,
    /// What the path leads to.
    Value,
}

/// One reading of a text.
pub struct Reading<'a> {
    tree: &'a Spanned<Tree>,
    amendments: &'a Amendments,
    path: RefCell<Vec<Part>>,
    failure: RefCell<Option<Failure>>,
}

impl<'a> Reading<'a> {
    /// A reading of the text that is this tree, with these amendments.
    pub fn new(tree: &'a Spanned<Tree>, amendments: &'a Amendments) -> Self {
        Self { tree, amendments, path: RefCell::default(), failure: RefCell::default() }
    }

    /// Puts the amendments over a deserializer.
    pub fn amend<D>(&self, deserializer: D) -> Amended<'_, D> {
        Amended { inner: deserializer, reading: self }
    }

    /// Where reading failed first.
    pub fn failure(self) -> Failure {
        let at_root = Failure { path: Vec::new(), over: Over::Value };
        self.failure.into_inner().unwrap_or(at_root)
    }

    fn depth(&self) -> usize {
        self.path.borrow().len()
    }

    fn enter(&self, part: Part) {
        self.path.borrow_mut().push(part);
    }

    fn leave(&self, depth: usize) {
        self.path.borrow_mut().truncate(depth);
    }

    fn amendment(&self) -> Option<&'a Amendment> {
        self.amendments.values.get(&*self.path.borrow())
    }

    fn renamed(&self, key: String) -> String {
        self.amendments.renamed.get(&*self.path.borrow()).cloned().unwrap_or(key)
    }

    /// Entries that are added to the map at the path.
    fn added(&self) -> Vec<(String, usize)> {
        let map = self.path.borrow();
        let entries =
            self.amendments.values.range(map.clone()..).take_while(|(path, _)| path.starts_with(&map));
        let added = entries.filter_map(|(path, amendment)| match (&path[map.len()..], amendment) {
            ([Part::Key(key, _)], Amendment::Add(attempt)) => Some((key.clone(), *attempt)),
            _ => None,
        });
        added.collect()
    }

    fn fail(&self, over: Over) {
        let failure = || Failure { path: self.path.borrow().clone(), over };
        self.failure.borrow_mut().get_or_insert_with(failure);
    }

    /// Whether a single word stands where the way of an enum that the path ends with was read. The deserializer below would
    /// take what follows for what the way holds.
    fn is_bare(&self) -> bool {
        let path = self.path.borrow();
        let holder = path.split_last().map_or(&[][..], |(_, holder)| holder);
        matches!(place::follow(self.tree, holder), (Spanned { value: Tree::Leaf(_), .. }, true))
    }

    /// Notes a failure at the path unless one was noted deeper, and goes back to where the path was this long.
    fn done<T, E>(&self, depth: usize, result: Result<T, E>) -> Result<T, E> {
        if result.is_err() {
            self.fail(Over::Value);
        }
        self.leave(depth);
        result
    }
}

/// Something of serde's, with the amendments over it.
pub struct Amended<'r, T> {
    inner: T,
    reading: &'r Reading<'r>,
}

/// The items of a list.
struct Items<'r, A> {
    inner: A,
    reading: &'r Reading<'r>,
    next: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let (reading, depth) = (self.reading, self.reading.depth());
        loop {
            reading.enter(Part::Item(self.next));
            self.next += 1;
            match reading.amendment() {
                Some(Amendment::Cut) => {
                    let cut = reading.done(depth, self.inner.next_element::<IgnoredAny>())?;
                    if cut.is_none() {
                        return Ok(None);
                    }
                }
                Some(Amendment::Make(attempt, name)) => {
                    let made = || match self.inner.next_element::<IgnoredAny>()? {
                        Some(_) => seed.deserialize(Made::new(name, *attempt)).map(Some),
                        None => Ok(None),
                    };
                    return reading.done(depth, made());
                }
                Some(Amendment::Add(_)) | None => {
                    let item = self.inner.next_element_seed(Amended { inner: seed, reading });
                    return reading.done(depth, item);
                }
            }
        }
    }
}

/// The entries of a map.
struct Entries<'r, A> {
    inner: A,
    reading: &'r Reading<'r>,
    /// How long the path of the map is.
    depth: usize,
    /// How often each key came.
    written: BTreeMap<String, usize>,
    /// The keys after renaming.
    taken: BTreeSet<String>,
    /// Entries that are added at the end, and the one whose value is next.
    added: Option<Vec<(String, usize)>>,
    adding: Option<(String, usize)>,
}

impl<'r, A> Entries<'r, A> {
    fn new(inner: A, reading: &'r Reading<'r>) -> Self {
        Self {
            inner,
            reading,
            depth: reading.depth(),
            written: BTreeMap::new(),
            taken: BTreeSet::new(),
            added: None,
            adding: None,
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let reading = self.reading;
        reading.leave(self.depth);
        let key = loop {
            if self.added.is_some() {
                break None;
            }
            let Some(key) = self.inner.next_key::<String>()? else { break None };
            let before = self.written.entry(key.clone()).or_default();
            reading.enter(Part::Key(key.clone(), *before));
            *before += 1;
            if !matches!(reading.amendment(), Some(Amendment::Cut)) {
                break Some(reading.renamed(key));
            }
            reading.done(self.depth, self.inner.next_value::<IgnoredAny>())?;
        };
        let key = if let Some(key) = key {
            key
        } else {
            self.adding = self.added.get_or_insert_with(|| reading.added()).pop();
            let Some((key, _)) = &self.adding else { return Ok(None) };
            reading.enter(Part::Key(key.clone(), 0));
            key.clone()
        };
        if !self.taken.insert(key.clone()) {
            reading.fail(Over::Repeated);
            return Err(A::Error::custom(format!("`{key}` stands here twice; keep one of them")));
        }
        let read = seed.deserialize(key.into_deserializer());
        read.map(Some).inspect_err(|_: &A::Error| reading.fail(Over::Key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        let reading = self.reading;
        let value = match (self.adding.take(), reading.amendment()) {
            (Some((key, attempt)), _) => seed.deserialize(Made::new(&key, attempt)),
            (None, Some(Amendment::Make(attempt, name))) => match self.inner.next_value::<IgnoredAny>() {
                Ok(_) => seed.deserialize(Made::new(name, *attempt)),
                Err(error) => Err(error),
            },
            (None, Some(Amendment::Add(_) | Amendment::Cut) | None) => {
                self.inner.next_value_seed(Amended { inner: seed, reading })
            }
        };
        reading.done(self.depth, value)
    }
}
