//! What a campaign would come to if it began with those who are in its segment now.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use cloud::table::Table;
use domain::contact::Channel;
use domain::definitions::{Definitions, Kind};
use domain::journey::{CAMPAIGN_SECONDS, Campaign, Enter, Journey};
use domain::rendering::Sender;
use domain::simulate::{Assumed, JourneyTally, Simulation};
use domain::spelling::counted;
use domain::time::{DAY, MINUTE, Timestamp};
use tokio::runtime::Handle;

use super::text::bar;
use crate::definitions::Applied;
use crate::simulation::{StoredBlocks, cores, play, without_journeys};

/// How long after its beginning messages of a campaign count as part of it.
const CAMPAIGN_DAYS: i64 = 60;

/// What texts of campaigns are measured with where the installation's own names are not known.
const SENDER: Sender<'_> = Sender { base: "https://t.example.jp", name: "つなぎ書店" };

/// Tells of each campaign that would be new or changed, before it begins.
pub fn previews(
    table: &Table,
    definitions: &Definitions,
    applied: &[Applied],
    now: Timestamp,
) -> Result<Vec<String>> {
    let new = |journey: &Journey| {
        let of = |change: &Applied| {
            change.new && change.kind == Kind::Journey && change.name == journey.name.as_str()
        };
        applied.iter().any(of)
    };
    let current = definitions.journeys.keys().filter_map(|name| Some(definitions.current(name)?.1));
    let mut told = Vec::new();
    for journey in current.filter(|journey| new(journey)) {
        if let Enter::Campaign(campaign) = &journey.enter {
            told.push(preview(table, definitions, (journey, campaign), now)?);
        }
    }
    Ok(told)
}

fn preview(
    table: &Table,
    definitions: &Definitions,
    (journey, campaign): (&Journey, &Campaign),
    now: Timestamp,
) -> Result<String> {
    let name = &journey.name;
    let Some(at) = campaign.at.instant(&definitions.zone) else {
        return Ok(format!("campaign {name}: its time does not exist in {}", definitions.shop.time_zone));
    };
    if now.since(at) > CAMPAIGN_SECONDS {
        return Ok(format!("campaign {name}: its time is over, nobody begins it"));
    }
    // Alone, and with nobody doing anything: what it sends to those who only receive.
    let mut alone = definitions.clone();
    alone.journeys.retain(|other, _| other == name);
    alone.switches.clear();
    let before = without_journeys(&alone);
    // Those who are in the segment a minute before it are in it at its time.
    let simulation = Simulation {
        definitions: &alone,
        before: &before,
        from: at.plus(-MINUTE),
        until: at.plus(CAMPAIGN_DAYS * DAY),
        assumed: Assumed::default(),
        sender: SENDER,
        asked: None,
    };
    let bar = bar("counting the campaign", Handle::current().block_on(table.about_items())?, "items");
    let blocks = StoredBlocks::new(Handle::current(), table, |items| bar.inc(items));
    let tally = play(std::slice::from_ref(&simulation), blocks, cores())?;
    bar.finish_and_clear();
    let tally = tally.into_iter().next().context("a dry run comes to something")?;
    let figures = tally.journeys.get(name).cloned().unwrap_or_default();
    Ok(describe((journey, campaign), at, tally.customers, &figures, definitions))
}

fn describe(
    (journey, campaign): (&Journey, &Campaign),
    at: Timestamp,
    customers: u64,
    figures: &JourneyTally,
    definitions: &Definitions,
) -> String {
    let mut by_channel: BTreeMap<Channel, u64> = BTreeMap::new();
    for (step, sent) in &figures.sends {
        let named = |position: usize| journey.message(position).filter(|it| it.name.as_str() == step);
        let step = (0..journey.steps.len()).find_map(named);
        if let Some(step) = step {
            *by_channel.entry(step.channel).or_default() += sent;
        }
    }
    let begins = jiff::Timestamp::from_second(at.seconds()).map_or_else(
        |_| at.to_string(),
        |at| at.to_zoned(definitions.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
    );
    let mut text = format!(
        "campaign {} on {begins}: {} of {} are in the segment {} and would begin; it would write to {}",
        journey.name,
        counted(figures.entries, "customer"),
        counted(customers, "customer"),
        campaign.segment,
        figures.people
    );
    for (channel, sent) in &by_channel {
        let _ = write!(text, "\n  {channel}: {}", counted(*sent, "message"));
    }
    for (what, of, by) in [
        ("not begun", "customer", &figures.not_entered),
        ("not sent", "message", &figures.skipped),
        ("held first", "message", &figures.held),
    ] {
        for (why, count) in by {
            let _ = write!(text, "\n  {what}: {}, {why}", counted(*count, of));
        }
    }
    let _ = write!(
        text,
        "\n  {}, {} by the price table, on the dearest route; counted as if nobody clicked or bought",
        counted(figures.parts, "SMS part"),
        figures.yen
    );
    text
}
