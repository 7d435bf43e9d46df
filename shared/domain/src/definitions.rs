//! All definitions together: the current version of each, and the earlier ones that enrollments are still on.

mod dangling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::condition::Condition;
use crate::definition::{self, Definition, Mistake, SegmentSource, Shop};
use crate::journey::Journey;
use crate::list::Ids;
use crate::message::{CodeKey, Rules};
use crate::mistakes;
use crate::names::{JourneyName, ListName, NameError, SegmentName};
use crate::place::{self, Place, Tree};
use crate::population::{Population, Unlearnt};
use crate::routes::Providers;
use crate::text::CONFIRM;
use crate::time::Timestamp;

pub use self::dangling::Dangling;

/// What a definition is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A segment.
    Segment,
    /// A journey.
    Journey,
    /// The shop; there is one, named `shop`.
    Shop,
    /// A list of customers.
    List,
    /// The accounts that messages go through; there is one definition of them, named `providers`.
    Providers,
    /// Whether a journey runs: what an operator said of it, of which every version is kept.
    Switch,
    /// What was learnt of all customers at once. A recomputation writes it, nobody applies it, and only its latest
    /// version is kept.
    Population,
}

impl Kind {
    /// The name in keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Journey => "journey",
            Self::Shop => "shop",
            Self::List => "list",
            Self::Providers => "providers",
            Self::Switch => "switch",
            Self::Population => "population",
        }
    }

    /// Reads the name in keys.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Segment,
            Self::Journey,
            Self::Shop,
            Self::List,
            Self::Providers,
            Self::Switch,
            Self::Population,
        ]
        .into_iter()
        .find(|kind| kind.name() == text)
    }
}

/// One version of one definition: its text is kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// What it is of.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// 1, 2, 3 …
    pub number: u32,
    /// The YAML; empty when this version withdraws the definition.
    pub yaml: String,
}

impl Version {
    /// Whether from this version on the definition is no longer in force.
    pub fn withdraws(&self) -> bool {
        self.yaml.is_empty()
    }
}

/// What an operator said of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// When.
    pub at: Timestamp,
    /// What.
    pub to: SwitchedTo,
}

/// Whether a journey runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchedTo {
    /// It goes on.
    Running,
    /// It stands still: who begins it meanwhile, and who is in it, goes on when it is resumed.
    Paused,
    /// Enrollments on this version and earlier ones end, and nobody begins them any more.
    Stopped {
        /// The version.
        version: u32,
    },
}

/// A number that grows with every change of definitions: the sum of the highest version of each. It is how many
/// changes there were, whether earlier versions are at hand or not.
pub fn number(versions: &[Version]) -> u32 {
    latest(versions).into_values().map(|version| version.number).fold(0, u32::saturating_add)
}

/// The latest version of each definition, those that withdraw it among them.
pub fn latest(versions: &[Version]) -> BTreeMap<(Kind, &str), &Version> {
    let mut latest = BTreeMap::new();
    for version in versions {
        let known = latest.entry((version.kind, version.name.as_str())).or_insert(version);
        if version.number > known.number {
            *known = version;
        }
    }
    latest
}

/// A text and what it holds, whatever is wrong with it.
#[derive(Debug)]
pub struct Examined {
    /// The kind and the name, where they can be told.
    pub of: Option<(Kind, String)>,
    /// Every mistake, each with line and column, in their order.
    pub mistakes: Vec<Mistake>,
    /// The definition; with mistakes, as it would stand if they were amended.
    pub definition: Option<Definition>,
}

/// Reads and checks one definition by itself: its kind, its name, and every mistake, each with line and column.
pub fn examine(yaml: &str) -> Examined {
    let mistakes::Examined { definition, mistakes } =
        mistakes::examine(yaml, |definition| match definition {
            Definition::Segment(source) => check::segment(&source.when),
            Definition::Journey(source) => check::new_journey(source),
            Definition::Shop(shop) => check::shop(shop).err().unwrap_or_default(),
            Definition::List(source) => check::list(source),
            Definition::Providers(providers) => providers.mistakes(),
        });
    let of = definition.as_ref().map(|definition| match definition {
        Definition::Segment(source) => (Kind::Segment, source.name.to_string()),
        Definition::Journey(source) => (Kind::Journey, source.name.to_string()),
        Definition::Shop(_) => (Kind::Shop, "shop".to_owned()),
        Definition::List(source) => (Kind::List, source.name.to_string()),
        Definition::Providers(_) => (Kind::Providers, "providers".to_owned()),
    });
    Examined { of, mistakes, definition }
}

/// Reads and checks one definition by itself: its kind and its name, or every mistake.
pub fn read(yaml: &str) -> Result<(Kind, String), Vec<Mistake>> {
    match examine(yaml) {
        Examined { of: Some(of), mistakes, .. } if mistakes.is_empty() => Ok(of),
        Examined { mistakes, .. } => Err(mistakes),
    }
}

/// Where the name of a definition stands in its text, as line and column.
pub fn name_place(yaml: &str) -> String {
    let tree = Tree::read(yaml).ok();
    let place = tree.as_ref().and_then(|tree| match &tree.value {
        Tree::Map(roots) => roots.first()?.1.value.entry("name", 0).and_then(|(_, name)| place::at(name)),
        Tree::List(_) | Tree::Leaf(_) => None,
    });
    place.unwrap_or(Place::START).to_string()
}

/// The definitions in force.
#[derive(Clone, Debug)]
pub struct Definitions {
    /// It grows with every change; see [`number`].
    pub number: u32,
    /// Current segments.
    pub segments: BTreeMap<SegmentName, SegmentSource>,
    /// Every version of every journey.
    pub journeys: BTreeMap<JourneyName, BTreeMap<u32, Arc<Journey>>>,
    /// Journeys that nobody begins any more; those who are in one go on in the version they began.
    pub withdrawn: BTreeSet<JourneyName>,
    /// What operators said of journeys, the earliest first.
    pub switches: BTreeMap<JourneyName, Vec<Switch>>,
    /// Current lists.
    pub lists: BTreeMap<ListName, Arc<Ids>>,
    /// What was learnt of all customers at once.
    pub population: Option<Population>,
    /// The accounts that messages go through; none while all go through the one of the configuration.
    pub providers: Option<Arc<Providers>>,
    /// What the shop allows.
    pub shop: Shop,
    /// The shop's zone.
    pub zone: TimeZone,
    /// The key of message codes.
    pub code_key: CodeKey,
}

impl Definitions {
    /// Puts versions together; the highest number of a name is the current one. What does not fit together is refused.
    pub fn new(versions: &[Version], code_key: CodeKey) -> Result<Self, Vec<Mistake>> {
        let all = Self::gather(versions, code_key)?;
        let dangling = all.dangling();
        if dangling.is_empty() { Ok(all) } else { Err(dangling.iter().map(Dangling::mistake).collect()) }
    }

    /// Puts versions together, whether references between them lead anywhere or not.
    pub fn gather(versions: &[Version], code_key: CodeKey) -> Result<Self, Vec<Mistake>> {
        let mut all = Self {
            number: number(versions),
            segments: BTreeMap::new(),
            journeys: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            switches: BTreeMap::new(),
            lists: BTreeMap::new(),
            population: None,
            providers: None,
            shop: Shop::default(),
            zone: TimeZone::UTC,
            code_key,
        };
        let latest = latest(versions);
        let current = |version: &Version| {
            let latest = latest.get(&(version.kind, version.name.as_str()));
            latest.is_none_or(|latest| latest.number == version.number)
        };
        // Of journeys every version is in force for those who began it.
        let in_force =
            |version: &&Version| matches!(version.kind, Kind::Journey | Kind::Switch) || current(version);
        let mut sorted: Vec<&Version> = versions.iter().filter(in_force).collect();
        sorted.sort_by_key(|version| version.number);
        for version in sorted {
            if version.withdraws() {
                all.withdraw(version).map_err(|error| {
                    let place = format!("{} {}", version.kind.name(), version.name);
                    vec![Mistake { place, what: error.to_string() }]
                })?;
            } else {
                all.take(version)?;
            }
        }
        all.zone = check::shop(&all.shop)?;
        Ok(all)
    }

    fn take(&mut self, version: &Version) -> Result<(), Vec<Mistake>> {
        if version.kind == Kind::Population {
            // One that a later release wrote may not read: until the next survey it is as if nothing were known.
            self.population = serde_json::from_str(&version.yaml).ok();
            return Ok(());
        }
        if version.kind == Kind::Switch {
            let read = (JourneyName::parse(&version.name), serde_json::from_str(&version.yaml));
            let (Ok(journey), Ok(switch)) = read else {
                let place = format!("switch {}", version.name);
                return Err(vec![Mistake { place, what: "does not read".to_owned() }]);
            };
            self.switches.entry(journey).or_default().push(switch);
            return Ok(());
        }
        match definition::parse(&version.yaml).map_err(|mistake| vec![mistake])? {
            Definition::Segment(source) => {
                self.segments.insert(source.name.clone(), source);
            }
            Definition::Journey(source) => {
                let journey = Arc::new(check::journey(&source)?);
                self.withdrawn.remove(&journey.name);
                self.journeys.entry(journey.name.clone()).or_default().insert(version.number, journey);
            }
            Definition::Shop(shop) => self.shop = shop,
            Definition::Providers(providers) => {
                let mistakes = providers.mistakes();
                if !mistakes.is_empty() {
                    return Err(mistakes);
                }
                self.providers = Some(Arc::new(providers));
            }
            Definition::List(source) => {
                self.lists.insert(source.name, Arc::new(source.ids.into_iter().collect()));
            }
        }
        Ok(())
    }

    fn withdraw(&mut self, version: &Version) -> Result<(), NameError> {
        match version.kind {
            Kind::Segment => {
                self.segments.remove(&SegmentName::parse(&version.name)?);
            }
            Kind::Journey => {
                self.withdrawn.insert(JourneyName::parse(&version.name)?);
            }
            Kind::Shop => self.shop = Shop::default(),
            Kind::Providers => self.providers = None,
            Kind::List => {
                self.lists.remove(&ListName::parse(&version.name)?);
            }
            Kind::Switch | Kind::Population => {}
        }
        Ok(())
    }

    /// The current version of a journey; none when it was withdrawn.
    pub fn current(&self, name: &JourneyName) -> Option<(u32, &Arc<Journey>)> {
        if self.withdrawn.contains(name) {
            return None;
        }
        let (number, journey) = self.journeys.get(name)?.last_key_value()?;
        (!self.is_stopped(name, *number)).then_some((*number, journey))
    }

    /// Whether a version of a journey was stopped.
    pub fn is_stopped(&self, name: &JourneyName, number: u32) -> bool {
        let said = self.switches.get(name).into_iter().flatten();
        said.into_iter()
            .any(|switch| matches!(switch.to, SwitchedTo::Stopped { version } if number <= version))
    }

    /// Whether a journey is paused.
    pub fn is_paused(&self, name: &JourneyName) -> bool {
        self.switches
            .get(name)
            .and_then(|said| said.last())
            .is_some_and(|switch| switch.to == SwitchedTo::Paused)
    }

    /// Whether a journey was paused at an instant, and runs by now.
    pub fn was_paused(&self, name: &JourneyName, at: Timestamp) -> bool {
        let said = self.switches.get(name).map(Vec::as_slice).unwrap_or_default();
        said.windows(2).any(|pair| pair[0].to == SwitchedTo::Paused && pair[0].at <= at && at < pair[1].at)
    }

    /// One version of a journey.
    pub fn version(&self, name: &JourneyName, number: u32) -> Option<&Arc<Journey>> {
        self.journeys.get(name)?.get(&number)
    }

    /// What the shop allows, as a check takes it.
    pub fn rules(&self) -> Rules<'_> {
        Rules { policy: &self.shop.policy, zone: &self.zone }
    }

    /// Whether agreements to marketing by e-mail are to be confirmed first: a journey that asks for it is in force.
    pub fn has_double_opt_in(&self) -> bool {
        let mut current = self.journeys.keys().filter_map(|name| Some(self.current(name)?.1));
        current.any(|journey| journey.texts().any(|text| text.spoken().leads_to_form(CONFIRM)))
    }

    /// Whether anything in force asks about what is learnt of all customers together.
    pub fn asks_population(&self) -> bool {
        self.conditions().any(Condition::asks_population)
    }

    /// Every condition of what is current.
    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let current = self.journeys.keys().filter_map(|name| Some(self.current(name)?.1));
        let segments = self.segments.values().map(|segment| &segment.when);
        segments.chain(current.flat_map(|journey| journey.conditions()))
    }

    /// What is asked of all customers together and is not known, so that nobody has it.
    pub fn unlearnt(&self) -> Vec<Unlearnt> {
        let (mut scores, mut purchases, mut value) = (false, false, false);
        for condition in self.conditions() {
            condition.walk(&mut |part| {
                scores |= matches!(part, Condition::Rfm(_));
                if let Condition::Predicted(test) = part {
                    purchases = true;
                    value |= test.yen.is_some();
                }
            });
        }
        let known = self.population.as_ref();
        let scores = scores && known.is_none_or(|known| known.rfm.is_none());
        let purchases = purchases && known.is_none_or(|known| known.purchases.is_none());
        let value = value && known.is_none_or(|known| known.value.is_none());
        let purchases =
            purchases.then(|| Unlearnt::Purchases(known.and_then(|known| known.purchases_fit.clone())));
        let value = value.then(|| Unlearnt::Value(known.and_then(|known| known.value_fit.clone())));
        scores.then_some(Unlearnt::Scores).into_iter().chain(purchases).chain(value).collect()
    }
}
