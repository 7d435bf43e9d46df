//! What definitions ask of all customers together: a run whose parts carry what they found, and that ends with the next
//! version of the population, which definitions hold.

use std::iter;

use anyhow::{Result, ensure};
use cloud::table::runs::{Part, Run, RunId, RunKind};
use domain::definitions::{self, Definitions, Kind, Version};
use domain::population::{Fit, Population, Survey};
use domain::spelling::counted;
use domain::time::Timestamp;

use crate::task::{DEFINITION_APPLIED, DefinitionApplied};
use crate::{Recompute, local_day};

/// By what share of itself a figure must differ from the one in force. Whenever one does, everyone is looked at anew.
const MATERIAL: f64 = 0.01;

/// The name of the one population.
const EVERYONE: &str = "all";

impl Recompute {
    /// Begins the survey of today, if definitions ask for what it learns: once, and once more as long as those before it
    /// found nobody who had bought.
    pub(crate) async fn survey(&self, definitions: &Definitions) -> Result<()> {
        if !definitions.asks_population() {
            return Ok(());
        }
        let today = survey_of(self.clock.now(), definitions)?;
        let Some(begun) = self.table.begun(RunKind::Survey).await?.filter(|begun| *begun >= today) else {
            return self.begin(today).await;
        };
        let learnt = definitions.population.as_ref().is_some_and(Population::is_learnt);
        if learnt || self.table.run(begun).await?.is_some_and(|run| run.finished.is_none()) {
            return Ok(());
        }
        self.begin(begun.once_more()).await
    }

    /// Concludes what the parts of a survey found, and writes it where that changes anything; returns what it came to.
    /// What a survey wrote already it does not write again.
    pub(crate) async fn conclude(&self, run: &Run, parts: &[Part]) -> Result<String> {
        let mut survey = Survey::new();
        for part in parts {
            survey.merge(found(part)?);
        }
        let versions = self.table.definitions().await?;
        let current = versions.iter().find(|version| version.kind == Kind::Population);
        // One that a later release wrote may not read; then it is as if nothing were known, as for definitions.
        let previous: Option<Population> =
            current.and_then(|version| serde_json::from_str(&version.yaml).ok());
        let learnt = survey.conclude(previous.as_ref(), run.begun);
        let said = describe(&learnt);
        if previous.is_none() && !learnt.is_learnt() {
            return Ok(said);
        }
        let number = definitions::number(&versions);
        if previous.as_ref().is_some_and(|previous| previous.as_of == run.begun) {
            self.announce(number).await?;
            return Ok(said);
        }
        if previous.is_some_and(|previous| !differs(&previous, &learnt)) {
            return Ok(format!("{said}\nas before"));
        }
        let version = Version {
            kind: Kind::Population,
            name: EVERYONE.to_owned(),
            number: current.map_or(0, |version| version.number) + 1,
            yaml: serde_json::to_string(&learnt)?,
        };
        ensure!(self.table.put_population(&version).await?, "another survey wrote what it learnt meanwhile");
        self.announce(number + 1).await?;
        Ok(said)
    }

    async fn announce(&self, number: u32) -> Result<()> {
        self.bus.put(&[(DEFINITION_APPLIED, DefinitionApplied { number })]).await
    }
}

/// The first survey of the day it is in the shop's zone.
pub fn survey_of(now: Timestamp, definitions: &Definitions) -> Result<RunId> {
    let days = local_day(now, definitions)?.since(jiff::civil::date(1970, 1, 1))?.get_days();
    Ok(RunId { kind: RunKind::Survey, number: u32::try_from(days)?, again: 0 })
}

/// What a part has found so far.
pub(crate) fn found(part: &Part) -> Result<Survey> {
    part.learnt.clone().map_or_else(|| Ok(Survey::new()), |text| Ok(Survey::try_from(text)?))
}

/// In lines: how many had bought, and what each fit said.
fn describe(learnt: &Population) -> String {
    let bought = format!("{} had bought", counted(learnt.customers, "customer"));
    let fit = |name: &str, fit: Option<&Fit>| fit.map(|fit| format!("{name}: {fit}"));
    let fits = [fit("purchases", learnt.purchases_fit.as_ref()), fit("value", learnt.value_fit.as_ref())];
    iter::once(bought).chain(fits.into_iter().flatten()).collect::<Vec<_>>().join("\n")
}

/// Whether any figure that conditions read differs from what it was by more than [`MATERIAL`], or is there or gone.
fn differs(previous: &Population, learnt: &Population) -> bool {
    let figures = |population: &Population| {
        let fifths = population.rfm.iter().flat_map(|fifths| {
            let recency = fifths.recency.map(|seconds| seconds as f64);
            let frequency = fifths.frequency.map(f64::from);
            let money = fifths.money.map(|yen| yen.0 as f64);
            recency.into_iter().chain(frequency).chain(money)
        });
        let purchases = population.purchases.iter().flat_map(|fit| [fit.r, fit.alpha, fit.a, fit.b]);
        let value = population.value.iter().flat_map(|fit| [fit.p, fit.q, fit.gamma]);
        fifths.chain(purchases).chain(value).collect::<Vec<f64>>()
    };
    let there = |population: &Population| {
        (population.rfm.is_some(), population.purchases.is_some(), population.value.is_some())
    };
    let far = |(before, after): (f64, f64)| (after - before).abs() > MATERIAL * before.abs();
    there(previous) != there(learnt) || figures(previous).into_iter().zip(figures(learnt)).any(far)
}
