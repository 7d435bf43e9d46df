//! Definitions as they are planned, applied and withdrawn.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use domain::customer::Customer;
use domain::definitions::{Kind, Version, number};
use domain::names::{CustomerId, JourneyName, ListName, SegmentName};
use domain::time::DAY;
use local::definitions::check::check;
use local::definitions::files::File;
use local::definitions::plan::{People, plan};
use local::definitions::{self, put};
use serde_json::Value;
use tests::customers::Someone;
use tests::shop::{Opening, Shop, alone};

use crate::world::{LAPSED, MORNING, ONE_SMS, lapsed_shop};

const PEOPLE: u32 = 120;

/// Who has not bought for 45 days.
fn longer() -> String {
    LAPSED.replace("for_days: 30", "for_days: 45")
}

const RECENT: &str = "segment:
  name: recent
  when: { event: { name: Order Completed, within_days: 40 } }
";

const HELLO: &str = "journey:
  name: hello
  purpose: transactional
  enter: { segment: recent }
  reentry: never
  steps: [{ wait: 3d }]
";

/// A shop whose customers bought 1 to 120 days ago.
async fn shop() -> Result<Shop> {
    let shop = Shop::open(Opening::at(MORNING)).await?;
    let calls: Vec<Value> = (0..PEOPLE)
        .flat_map(|number| {
            let at = MORNING.plus(-i64::from(number + 1) * DAY);
            let someone = Someone::willing(number);
            [someone.identify(at), someone.order("first", at, 3000)]
        })
        .collect();
    shop.take(&calls).await?;
    shop.settle().await?;
    shop.apply(&[LAPSED, ONE_SMS]).await?;
    shop.settle().await?;
    Ok(shop)
}

async fn customers(shop: &Shop) -> Result<Vec<Customer>> {
    let mut customers = Vec::new();
    for number in 0..PEOPLE {
        let id = CustomerId::parse(&Someone::willing(number).id)?;
        customers.push(shop.table.customer(&id).await?.context("a customer is gone")?.customer);
    }
    Ok(customers)
}

#[test]
fn what_was_planned_is_what_happens() -> Result<()> {
    alone(async {
        let shop = shop().await?;
        let texts = [longer(), RECENT.to_owned(), HELLO.to_owned()];
        let file = |(index, yaml): (usize, &String)| File::definition(&format!("{index}.yaml"), yaml.clone());
        let files: Vec<File> = texts.iter().enumerate().map(file).collect();
        let checked = check(&files, shop.table.definitions().await?)?;
        ensure!(checked.mistakes.is_empty(), "{:?}", checked.mistakes);
        let before = customers(&shop).await?;
        let planned = plan(&shop.table, checked.definitions()?, shop.clock.now(), |_| {}).await?;
        let again = plan(&shop.table, checked.definitions()?, shop.clock.now(), |_| {}).await?;
        assert_eq!(planned, again, "the same people are named");
        assert_eq!(planned.customers, u64::from(PEOPLE));
        assert_eq!(customers(&shop).await?, before, "nothing was written");

        shop.apply(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        shop.settle().await?;
        let after = customers(&shop).await?;
        let mut enter: BTreeMap<SegmentName, BTreeSet<CustomerId>> = BTreeMap::new();
        let (mut leave, mut begin) = (enter.clone(), BTreeMap::<JourneyName, BTreeSet<CustomerId>>::new());
        for (was, is) in before.iter().zip(&after) {
            for name in is.segments.keys() {
                if was.is_member(name) != is.is_member(name) {
                    let moved = if is.is_member(name) { &mut enter } else { &mut leave };
                    moved.entry(name.clone()).or_default().insert(is.id.clone());
                }
            }
            for enrollment in is.enrollments.iter().skip(was.enrollments.len()) {
                begin.entry(enrollment.journey.clone()).or_default().insert(is.id.clone());
            }
        }
        assert_eq!((enter.len(), leave.len(), begin.len()), (1, 1, 1), "{enter:?} {leave:?} {begin:?}");
        let same = |planned: &People, real: &BTreeSet<CustomerId>| {
            planned.count == real.len() as u64
                && planned.some().len() == real.len().min(5)
                && planned.some().into_iter().all(|id| real.contains(id))
        };
        let segment = |name: &str| SegmentName::parse(name);
        assert!(same(&planned.enter[&segment("recent")?], &enter[&segment("recent")?]));
        assert!(same(&planned.leave[&segment("lapsed")?], &leave[&segment("lapsed")?]));
        let hello = JourneyName::parse("hello")?;
        assert!(same(&planned.begin[&hello], &begin[&hello]));
        assert_eq!((planned.enter.len(), planned.leave.len(), planned.begin.len()), (1, 1, 1));
        Ok(())
    })
}

/// Takes a definition out of force, as `tsunagi withdraw` does.
async fn withdraw(shop: &Shop, kind: Kind, name: &str) -> Result<()> {
    let versions = shop.table.definitions().await?;
    let latest = versions.iter().filter(|version| version.kind == kind && version.name == name);
    let number = latest.map(|version| version.number).max().context("there is no such definition")? + 1;
    let withdrawn = Version { kind, name: name.to_owned(), number, yaml: String::new() };
    definitions::add(&shop.table, std::slice::from_ref(&withdrawn)).await?;
    let all: Vec<Version> = versions.into_iter().chain([withdrawn]).collect();
    definitions::announce(&shop.stack.runtime, domain::definitions::number(&all)).await
}

#[test]
fn a_journey_and_its_segment_are_withdrawn_while_people_are_in_them() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop(Opening::at(MORNING), 3).await?;
        withdraw(&shop, Kind::Journey, "one-sms").await?;
        withdraw(&shop, Kind::Segment, "lapsed").await?;
        shop.settle().await?;
        let late = Someone::willing(9);
        let long_ago = MORNING.plus(-50 * DAY);
        shop.take(&[late.identify(long_ago), late.order("first", long_ago, 3000)]).await?;
        // The members leave, what they are in goes on to its end, and nobody else begins it.
        shop.pass(40 * DAY).await?;
        let id = |number| CustomerId::parse(&Someone::willing(number).id);
        let lapsed = SegmentName::parse("lapsed")?;
        for number in 0..3 {
            let customer = shop.table.customer(&id(number)?).await?.context("a customer is gone")?.customer;
            assert!(!customer.is_member(&lapsed));
        }
        let late = shop.table.customer(&id(9)?).await?.context("a customer is gone")?.customer;
        assert!(late.enrollments.is_empty() && late.segments.is_empty());
        let report = shop.report("one-sms").await?;
        assert_eq!((report.total.entered, report.total.sent, report.waiting), (3, 3, 0));
        // Applied again, it is in force again.
        shop.apply(&[LAPSED, ONE_SMS]).await?;
        shop.settle().await?;
        let late = shop.table.customer(&id(9)?).await?.context("a customer is gone")?.customer;
        assert!(late.is_member(&lapsed) && late.enrollments.len() == 1);
        assert_eq!(late.enrollments[0].version, 3);
        Ok(())
    })
}

#[test]
fn of_a_list_the_current_ids_are_read_and_all_versions_are_kept() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let list = |ids: &str| {
            let list = format!("{{\"list\":{{\"name\":\"invited\",\"ids\":[{ids}]}}}}");
            [("invited.yaml".to_owned(), list), ("lapsed.yaml".to_owned(), LAPSED.to_owned())]
        };
        for (ids, size, version) in [("\"a\"", 1, 1), ("\"a\",\"b\"", 2, 2), ("\"a\",\"b\"", 2, 2)] {
            let (applied, whole) =
                put(&shop.table, &list(ids)).await?.map_err(|told| anyhow::anyhow!("{told:?}"))?;
            assert_eq!((applied[0].version, whole), (version, version + 1));
            let current = definitions::current(&shop.table).await?;
            assert_eq!(current.number, version + 1);
            assert_eq!(current.lists[&ListName::parse("invited")?].len(), size);
        }
        let versions = shop.table.definitions().await?;
        assert_eq!((versions.len(), number(&versions)), (2, 3));
        withdraw(&shop, Kind::List, "invited").await?;
        let current = definitions::current(&shop.table).await?;
        assert!(current.lists.is_empty() && current.number == 4);
        put(&shop.table, &list("\"c\"")).await?.map_err(|told| anyhow::anyhow!("{told:?}"))?;
        assert_eq!(definitions::current(&shop.table).await?.number, 5);
        // Ten thousand ids of 36 characters, as long as UUIDs are, fit into one item.
        let many: Vec<String> = (0..10_000).map(|id| format!("\"{id:036}\"")).collect();
        put(&shop.table, &list(&many.join(","))).await?.map_err(|told| anyhow::anyhow!("{told:?}"))?;
        let current = definitions::current(&shop.table).await?;
        assert_eq!(current.lists[&ListName::parse("invited")?].len(), 10_000);
        Ok(())
    })
}

#[test]
fn what_does_not_fit_together_is_told_at_its_place() -> Result<()> {
    alone(async {
        let shop = Shop::open(Opening::at(MORNING)).await?;
        let live = "segment:\n  name: asks\n  when: { in_segment: gone }\n";
        let gone = "segment:\n  name: gone\n  when: { in_audience: x }\n";
        shop.apply(&[live, gone]).await?;
        let versions = shop.table.definitions().await?;
        let told = |files: &[(&str, &str)]| {
            let files: Vec<File> =
                files.iter().map(|(path, yaml)| File::definition(path, (*yaml).to_owned())).collect();
            let checked = check(&files, versions.clone())?;
            Ok::<_, anyhow::Error>(
                checked.mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            )
        };
        insta::assert_snapshot!(told(&[
            ("a.yaml", "segment:\n  name: circle\n  when: { any: [{ in_segment: asks }, { in_segment: circle }] }\n"),
            ("b.yaml", &ONE_SMS.replace("segment: lapsed", "segment: laps")),
            ("c.yaml", "segment:\n  name: lapsed\n  wehn: { in_segment: broken }\n"),
            ("d.yaml", "segment:\n  name: broken\n  when: { sent: hello }\n"),
            ("e.yaml", "segment:\n  name: broken\n  when: { in_segment: gon }\n"),
        ])?, @"
        a.yaml:3:53: its condition leads back to itself; break the circle of `in_segment`
        b.yaml:4:21: there is no segment `laps`; did you mean `lapsed`?
        c.yaml:3:3: `wehn` is not known here; did you mean `when`? There are: name, title, description, when
        d.yaml:3:9: when: a segment does not know the step `hello`; messages can be asked about by the steps after it and by `exit`
        e.yaml:2:9: d.yaml is the segment `broken` already; keep one of them
        ");
        let versions: Vec<Version> = versions
            .iter()
            .cloned()
            .chain([Version { kind: Kind::Segment, name: "gone".into(), number: 2, yaml: String::new() }])
            .collect();
        let checked = check(&[File::definition("f.yaml", LAPSED.to_owned())], versions)?;
        insta::assert_snapshot!(checked.mistakes[0].to_string(), @"segment asks (live, and not in these files): there is no segment `gone`; there are: asks, lapsed");
        Ok(())
    })
}
