//! The definitions that a dry run plays.

use std::path::Path;

use anyhow::{Context, Result, bail};
use domain::definitions::{Definitions, Version};
use domain::journey::Enter;
use domain::names::JourneyName;
use domain::time::Timestamp;

use crate::commands::journeys::known;
use crate::commands::text::complain;
use crate::commands::told::{all_counted, all_shown};
use crate::definitions::check::{Checked, check};
use crate::definitions::files;

/// What is played.
#[derive(Debug)]
pub struct Played {
    /// The journey that is told of; none when all are.
    pub journey: Option<JourneyName>,
    /// The definitions.
    pub definitions: Definitions,
    /// The same with another version of the journey, and which.
    pub against: Option<(u32, Definitions)>,
    /// The texts of all versions.
    pub versions: Vec<Version>,
}

impl Played {
    /// All definitions that are played, one set after the other.
    pub fn all(&self) -> impl Iterator<Item = &Definitions> {
        [&self.definitions].into_iter().chain(self.against.as_ref().map(|(_, other)| other))
    }

    /// As [`Self::all`].
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Definitions> {
        [&mut self.definitions].into_iter().chain(self.against.as_mut().map(|(_, other)| other))
    }

    /// The version of the journey that is told of.
    pub fn version(&self) -> Option<u32> {
        Some(self.definitions.current(self.journey.as_ref()?)?.0)
    }

    /// When the journey begins, if it is a campaign.
    pub fn campaign(&self) -> Option<Timestamp> {
        match &self.definitions.current(self.journey.as_ref()?)?.1.enter {
            Enter::Campaign(campaign) => campaign.at.instant(&self.definitions.zone),
            Enter::Segment(_)
            | Enter::LeftSegment(_)
            | Enter::Event(_)
            | Enter::Date(_)
            | Enter::Schedule(_)
            | Enter::Request => None,
        }
    }
}

/// Puts together what is stored, what is written in files, and the other version of the journey.
pub fn played(
    stored: Vec<Version>,
    path: Option<&Path>,
    journey: Option<&str>,
    against: Option<u32>,
) -> Result<Played> {
    let files = path.map(files::read).transpose()?.unwrap_or_default();
    let checked: Checked = check(&files, stored)?;
    if !checked.mistakes.is_empty() {
        complain(&all_shown(&checked.mistakes));
        bail!("{}; nothing was played", all_counted(&checked.mistakes));
    }
    let mut definitions = checked.definitions()?;
    // A dry run asks what journeys would do: what an operator paused or stopped is played like the others.
    definitions.switches.clear();
    let journey = journey.map(|name| known(&definitions, name)).transpose()?;
    if let Some(journey) = &journey {
        definitions.withdrawn.remove(journey);
    } else if definitions.journeys.keys().all(|name| definitions.current(name).is_none()) {
        bail!("there are no journeys; `tsunagi scenarios list` shows some to begin with");
    }
    let against = match (against, &journey) {
        (Some(number), Some(journey)) => Some((number, earlier(&definitions, journey, number)?)),
        (None, _) | (_, None) => None,
    };
    Ok(Played { journey, definitions, against, versions: checked.versions })
}

/// The definitions with an earlier version of a journey.
fn earlier(definitions: &Definitions, journey: &JourneyName, number: u32) -> Result<Definitions> {
    let mut definitions = definitions.clone();
    let versions = definitions.journeys.get_mut(journey).context("the journey is among them")?;
    if !versions.contains_key(&number) {
        let there: Vec<String> = versions.keys().map(u32::to_string).collect();
        bail!("{journey} has no version {number}; it has {}", there.join(", "));
    }
    versions.retain(|version, _| *version <= number);
    Ok(definitions)
}
