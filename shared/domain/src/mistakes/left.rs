//! What checks find in a definition that was amended, less what an amendment may be the cause of.

use std::collections::BTreeSet;

use super::Finding;
use crate::amend::Amendment;
use crate::check;
use crate::definition::Mistake;
use crate::place::{self, Part, Place, Tree};

impl Finding<'_> {
    /// Takes in what was found in the definition as it was amended.
    pub(super) fn checked(&mut self, mistakes: Vec<Mistake>) {
        let lost = self.lost();
        let amended: Vec<(String, &Amendment)> =
            self.amendments.values.iter().map(|(path, amendment)| (self.name_of(path), amendment)).collect();
        let mut found = Vec::new();
        for mistake in mistakes {
            let missing = check::missing(&mistake);
            let caused = amended.iter().any(|(path, amendment)| caused(&mistake.place, path, amendment))
                || check::follows_from(&mistake)
                    .is_some_and(|from| amended.iter().any(|(path, _)| within(path, from)))
                || missing.is_some_and(|(what, word)| {
                    let links = links_beside(&mistake.place);
                    lost.contains(word) || (what == "link" && amended.iter().any(|(path, _)| *path == links))
                });
            if !caused {
                found.push((self.place(&mistake.place), format!("{}: {}", mistake.place, mistake.what)));
            }
        }
        self.found.extend(found);
    }

    /// Every word in what can't be read: a name that is asked for may be among them.
    fn lost(&self) -> BTreeSet<&str> {
        let mut lost = BTreeSet::new();
        for path in self.amendments.values.keys() {
            if let (node, true) = place::follow(self.tree, path) {
                node.value.words(&mut |word| {
                    lost.insert(word);
                });
            }
        }
        lost
    }

    /// A path as checks write it: within the definition, and with the keys that were meant.
    fn name_of(&self, path: &[Part]) -> String {
        let mut name = String::new();
        for (index, part) in path.iter().enumerate().skip(1) {
            match part {
                Part::Item(item) => name.extend(["[", &item.to_string(), "]"]),
                Part::Key(key, before) => {
                    let meant = self.amendments.renamed.get(&path[..=index]).unwrap_or(key);
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(meant);
                    if *before > 0 {
                        name.extend(["#", &before.to_string()]);
                    }
                }
            }
        }
        name
    }

    /// Where a path such as `steps[4].branch[0].when` stands, as deep as it can be followed.
    fn place(&self, name: &str) -> Place {
        let mut path: Vec<Part> = Vec::new();
        let Tree::Map(roots) = &self.tree.value else { return Place::START };
        let Some((root, _)) = roots.first() else { return Place::START };
        path.push(Part::Key(root.value.0.clone(), 0));
        for part in name.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
            let (node, _) = place::follow(self.tree, &path);
            match &node.value {
                Tree::Map(_) => path.push(Part::Key(self.written(&path, part), 0)),
                Tree::List(_) => path.push(Part::Item(part.parse().unwrap_or(usize::MAX))),
                Tree::Leaf(_) => break,
            }
            if !place::follow(self.tree, &path).1 {
                path.pop();
                break;
            }
        }
        place::at(place::follow(self.tree, &path).0).unwrap_or(Place::START)
    }

    /// The key as it is written that was taken for `meant` in the map that the path leads to.
    fn written(&self, map: &[Part], meant: &str) -> String {
        let renamed = self.amendments.renamed.iter().find_map(|(path, name)| match path.split_last() {
            Some((Part::Key(key, _), of)) if of == map && name == meant => Some(key.clone()),
            Some(_) | None => None,
        });
        renamed.unwrap_or_else(|| meant.to_owned())
    }
}

/// Whether what was found at `place` may be so only because of an amendment: it is about what was amended, about what holds
/// it (not as one of several in a list), or about anything around what was left out.
fn caused(place: &str, amended: &str, amendment: &Amendment) -> bool {
    let holder = amended.rsplit_once('.').map_or("", |(holder, _)| holder);
    within(place, amended)
        || match amendment {
            Amendment::Cut => within(amended, place),
            Amendment::Make(..) | Amendment::Add(_) => {
                place == holder && !place.ends_with(']') && !place.is_empty()
            }
        }
}

/// Whether a path leads to another or into it.
fn within(inner: &str, outer: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    outer.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Where the links are of the message of whose text this is the place.
fn links_beside(text: &str) -> String {
    let message = text.rsplit_once('.').map_or("", |(message, _)| message);
    format!("{message}.links")
}
