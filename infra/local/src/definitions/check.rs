//! Definitions in files, checked each by itself and together with what is live.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::{Result, anyhow};
use domain::definition::{DEFINITION_BYTES, Definition, Mistake};
use domain::definitions::{self, Dangling, Definitions, Kind, Version};
use domain::message::CodeKey;
use domain::names::JourneyName;
use serde_json::json;

use super::files::File;
use super::{Applied, gather, join};

/// What files hold, and what is wrong.
#[derive(Debug)]
pub struct Checked {
    /// What each file would become.
    pub applied: Vec<Applied>,
    /// The versions that are stored, and after them those that would be added.
    pub versions: Vec<Version>,
    /// How many are stored.
    pub stored: usize,
    /// What is wrong, by file, line and column.
    pub mistakes: Vec<Told>,
}

impl Checked {
    /// The definitions as they would be.
    pub fn definitions(&self) -> Result<Definitions> {
        Definitions::new(&self.versions, CodeKey::none()).map_err(|mistakes| anyhow!("{}", join(&mistakes)))
    }
}

/// A mistake and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The file's path, or which definition it is in that has no file here.
    pub path: String,
    /// Line and column, from 1; none without a file.
    pub place: Option<(usize, usize)>,
    /// What is wrong, and what would be right.
    pub what: String,
    /// The line.
    pub line: Option<String>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.path, self.what),
            None => write!(f, "{}: {}", self.path, self.what),
        }
    }
}

fn told(file: &File, mistake: &Mistake) -> Told {
    let place = mistake
        .place
        .split_once(':')
        .and_then(|(line, column)| Some((line.parse::<usize>().ok()?, column.parse::<usize>().ok()?)));
    let line = place.and_then(|(line, _)| file.text.lines().nth(line.checked_sub(1)?));
    Told { path: file.path.clone(), place, what: mistake.what.clone(), line: line.map(ToOwned::to_owned) }
}

/// Checks files together with the versions that are stored.
pub fn check(files: &[File], stored: Vec<Version>) -> Result<Checked> {
    let before = gather(&stored)?;
    let last = |name: &JourneyName| before.journeys[name].keys().last().copied().unwrap_or_default();
    let stopped = before.journeys.keys().filter(|name| before.is_stopped(name, last(name)));
    let stopped = stopped.map(ToString::to_string).collect();
    let mut checking = Checking { latest: definitions::latest(&stored), stopped, ..Checking::default() };
    let mut mistakes: Vec<Vec<Told>> = files.iter().map(|file| checking.file(file)).collect();
    let Checking {
        latest,
        files: known,
        applied,
        added,
        stand_ins,
        amended,
        broken,
        broken_shop,
        stopped: _,
    } = checking;
    drop(latest);
    let count = stored.len();
    let mut versions = stored;
    versions.extend(added);
    let all = gather(&versions.iter().chain(&stand_ins).cloned().collect::<Vec<_>>())?;
    let mut elsewhere = Vec::new();
    let mut tell = |file: Option<&File>, found: Vec<Told>| {
        let index = file.and_then(|file| files.iter().position(|other| other.path == file.path));
        index.map_or(&mut elsewhere, |index| &mut mistakes[index]).extend(found);
    };
    // What the shop says can't be told while its file has mistakes.
    let told_already = |dangling: &Dangling| {
        if dangling.is_of_the_shop() { broken_shop } else { broken.contains(&dangling.to) }
    };
    for dangling in all.dangling().into_iter().chain(all.unsaid()).filter(|it| !told_already(it)) {
        let file = known.get(&(dangling.kind, dangling.name.clone())).copied();
        // What stands for a definition with mistakes refers to nothing; what it refers to is told below.
        let found = match file {
            Some(file) => dangling.in_text(&file.text).iter().map(|mistake| told(file, mistake)).collect(),
            None => vec![live(&dangling)],
        };
        tell(file, found);
    }
    for (file, definition) in amended {
        let dangling = all.dangling_of(&definition).into_iter();
        let found = dangling
            .filter(|dangling| !told_already(dangling))
            .flat_map(|dangling| dangling.in_amended_text(&file.text))
            .map(|mistake| told(file, &mistake));
        tell(Some(file), found.collect());
    }
    for of_file in &mut mistakes {
        of_file.sort_by(|one, other| (one.place, &one.what).cmp(&(other.place, &other.what)));
        of_file.dedup();
    }
    let mistakes = mistakes.into_iter().flatten().chain(elsewhere).collect();
    Ok(Checked { applied, versions, stored: count, mistakes })
}

fn live(dangling: &Dangling) -> Told {
    let path = format!("{} {} (live, and not in these files)", dangling.kind.name(), dangling.name);
    Told { path, place: None, what: dangling.what.clone(), line: None }
}

#[derive(Default)]
struct Checking<'f, 's> {
    /// The latest of the versions that are stored.
    latest: BTreeMap<(Kind, &'s str), &'s Version>,
    /// Journeys whose latest version was stopped.
    stopped: BTreeSet<String>,
    files: BTreeMap<(Kind, String), &'f File>,
    applied: Vec<Applied>,
    /// The versions to add.
    added: Vec<Version>,
    /// What stands for definitions that have mistakes, so that what refers to them is no mistake.
    stand_ins: Vec<Version>,
    /// Definitions that have mistakes, as they would stand if those were amended.
    amended: Vec<(&'f File, Definition)>,
    /// How files with mistakes are called: by custom like their definitions, whose names may not be told.
    broken: BTreeSet<String>,
    /// Whether what the shop allows and says of itself has mistakes.
    broken_shop: bool,
}

impl<'f> Checking<'f, '_> {
    /// Checks one file and adds its definition; the mistakes in it.
    fn file(&mut self, file: &'f File) -> Vec<Told> {
        let (of, mistakes, definition) = match &file.yaml {
            Ok(yaml) => {
                let examined = definitions::examine(yaml);
                (examined.of.or_else(|| file.of.clone()), examined.mistakes, examined.definition)
            }
            Err(mistakes) => (file.of.clone(), mistakes.clone(), None),
        };
        if !mistakes.is_empty() {
            self.broken.extend(called(file));
            let called_shop = called(file).is_some_and(|called| called == Kind::Shop.name());
            self.broken_shop |= of.as_ref().map_or(called_shop, |(kind, _)| *kind == Kind::Shop);
            self.amended.extend(definition.map(|definition| (file, definition)));
        }
        let Some((kind, name)) = of else {
            return mistakes.iter().map(|mistake| told(file, mistake)).collect();
        };
        if let Some(first) = self.files.get(&(kind, name.clone())) {
            let what = format!("{} is the {} `{name}` already; keep one of them", first.path, kind.name());
            let twice = Mistake { place: definitions::name_place(&file.text), what };
            return mistakes.iter().chain([&twice]).map(|mistake| told(file, mistake)).collect();
        }
        self.files.insert((kind, name.clone()), file);
        match &file.yaml {
            Ok(yaml) if mistakes.is_empty() => self.add(kind, name, yaml.clone()),
            Ok(_) | Err(_) => self.stand_in(kind, name),
        }
        mistakes.iter().map(|mistake| told(file, mistake)).collect()
    }

    fn add(&mut self, kind: Kind, name: String, yaml: String) {
        debug_assert!(yaml.len() <= DEFINITION_BYTES, "it was examined");
        let latest = self.latest.get(&(kind, name.as_str()));
        // One that was stopped begins anew as another version.
        let stopped = kind == Kind::Journey && self.stopped.contains(&name);
        let new =
            stopped || latest.is_none_or(|latest| without_modeline(&latest.yaml) != without_modeline(&yaml));
        let version = latest.map_or(0, |latest| latest.number) + u32::from(new);
        if new {
            self.added.push(Version { kind, name: name.clone(), number: version, yaml });
        }
        self.applied.push(Applied { kind, name, version, new });
    }

    fn stand_in(&mut self, kind: Kind, name: String) {
        let yaml = match kind {
            Kind::Segment => json!({ "segment": { "name": name, "when": { "in_audience": "x" } } }),
            Kind::List => json!({ "list": { "name": name, "ids": [] } }),
            Kind::Journey | Kind::Shop | Kind::Providers | Kind::Switch | Kind::Population => return,
        };
        let number = self.latest.get(&(kind, name.as_str())).map_or(0, |latest| latest.number) + 1;
        let stand_in = Version { kind, name, number, yaml: yaml.to_string() };
        // A name that is none is told already.
        if definitions::read(&stand_in.yaml).is_ok() {
            self.stand_ins.push(stand_in);
        }
    }
}

/// A definition without the comment that tells an editor where its schema is: that depends on where the file stands.
fn without_modeline(yaml: &str) -> &str {
    match yaml.split_once('\n') {
        Some((first, rest)) if first.starts_with("# yaml-language-server:") => rest,
        Some(_) | None => yaml,
    }
}

/// How a file is called, without what says that it holds a definition.
fn called(file: &File) -> Option<String> {
    Path::new(&file.path).file_stem()?.to_str().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOURNEY: &str = "journey:\n  name: j\n  purpose: transactional\n  enter: request\n  reentry: never\n  steps:\n    - sms:\n        name: hello\n        text: お電話は{{ shop.phon }}";

    fn told(journey: &str, shop: &str) -> Vec<String> {
        let files = [("j.yaml", journey), ("shop.yaml", shop)];
        let files = files.map(|(path, yaml)| File::definition(path, yaml.to_owned()));
        let checked = check(&files, Vec::new()).unwrap();
        checked.mistakes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_shop_does_not_say_is_told_at_the_text() {
        let shop = "shop: { time_zone: Asia/Tokyo, details: { phone: 03-1234-5678 } }";
        let unsaid = "j.yaml:9:15: there is no detail of the shop `phon`; did you mean `phone`? The shop says it with \
                      `details: { phon: … }`";
        assert_eq!(told(JOURNEY, shop), [unsaid]);
        // Beside another mistake as well.
        let wrong = JOURNEY.replacen("request", "reqest", 1);
        let told_of_both = told(&wrong, shop);
        assert!(told_of_both.len() == 2 && told_of_both[1] == unsaid, "{told_of_both:?}");
        assert_eq!(told(&JOURNEY.replacen("phon ", "phone ", 1), shop), Vec::<String>::new());
    }

    #[test]
    fn what_the_shop_says_is_not_known_while_it_has_mistakes() {
        let told = told(JOURNEY, "shop: { time_zone: Asia/Tokio, details: { phone: 03-1234-5678 } }");
        assert!(told.len() == 1 && told[0].starts_with("shop.yaml:"), "{told:?}");
    }
}
