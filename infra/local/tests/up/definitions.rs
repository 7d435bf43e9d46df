//! The commands about definitions, as they are typed.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::shop::{Shop, tsunagi};

/// What a command says, and how it ends. Paths are left out.
fn said(command: &str, data: &Path, arguments: &[&Path]) -> (i32, String) {
    let output = tsunagi(command, data).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    let text = arguments.iter().fold(text, |text, path| text.replace(path.to_str().unwrap(), "DIR"));
    (output.status.code().unwrap(), text.replace(data.to_str().unwrap(), "DATA").trim_end().to_owned())
}

const WRONG: &str = "segment:
  name: Loyal
  title: { ja: 優良なお客さま, em: Loyal }
  when:
    all:
      - event: { name: ご注文, at_leest: 3 }
      - in_segment: brand-new
";

#[test]
fn every_mistake_of_every_file_is_shown_with_its_line() {
    let (files, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = data.path().join("none");
    fs::write(files.path().join("loyal.yaml"), WRONG).unwrap();
    fs::write(files.path().join("shop.yaml"), "shop: { time_zone: Asia/Edo }\n").unwrap();
    fs::write(files.path().join("vips.csv"), "会員ID,氏名\n1,花子\n\"2\n3\",次郎\n").unwrap();
    let (code, text) = said("validate", &data, &[files.path()]);
    assert_eq!(code, 1);
    assert_snapshot!(text, @r#"
    DIR/loyal.yaml:2:9: `Loyal` is not a name; use 1 to 40 of a-z, 0-9 and -, such as `win-back`
     2 |   name: Loyal
       |         ^
    DIR/loyal.yaml:3:25: `em` is not known here; did you mean `en`? There are: ja, en
     3 |   title: { ja: 優良なお客さま, em: Loyal }
       |                                ^
    DIR/loyal.yaml:6:29: `at_leest` is not known here; did you mean `at_least`?
     6 |       - event: { name: ご注文, at_leest: 3 }
       |                                ^
    DIR/loyal.yaml:7:21: there is no segment `brand-new`; there are: loyal
     7 |       - in_segment: brand-new
       |                     ^
    DIR/shop.yaml:1:20: time_zone: `Asia/Edo` is not a time zone; write it as Asia/Tokyo
     1 | shop: { time_zone: Asia/Edo }
       |                    ^
    DIR/vips.csv:3:1: an id of 3 characters; use 1 to 128 characters without control characters
     3 | "2
       | ^
    tsunagi: 6 mistakes in 3 files; they were checked by themselves: there is no installation in DATA
    "#);
    assert!(!data.exists(), "nothing is left behind");
    let (code, applied) = said("apply", &data, &[files.path()]);
    assert_eq!(code, 1);
    let shown = |text: &str| {
        text.lines().filter(|line| !line.starts_with("tsunagi")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(shown(&applied), shown(&text), "{applied}");
}

/// References are told beside other mistakes, except to what is there with mistakes of its own.
#[test]
fn references_beside_other_mistakes() {
    let (files, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let write = |name: &str, text: &str| fs::write(files.path().join(name), text).unwrap();
    write(
        "a.yaml",
        "segment:\n  name: a\n  titel: A\n  when: { all: [{ in_segment: broken }, { in_segment: Wrong }, { in_segment: none }] }\n",
    );
    write("broken.yaml", "segment: { name: broken\n");
    write(
        "j.yaml",
        "journey:\n  name: j\n  purpose: marketing\n  enter: { segment: nowhere }\n  reentry: sometimes\n  steps:\n    - branch:\n        - { name: x, when: { in_list: nobody } }\n",
    );
    let (code, text) = said("validate", &data.path().join("none"), &[files.path()]);
    assert_eq!(code, 1);
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with("DIR/")).collect();
    assert_snapshot!(told.join("\n"), @"
    DIR/a.yaml:3:3: `titel` is not known here; did you mean `title`? There are: name, title, description, when
    DIR/a.yaml:4:55: `Wrong` is not a name; use 1 to 40 of a-z, 0-9 and -, such as `win-back`
    DIR/a.yaml:4:78: there is no segment `none`; there are: a
    DIR/broken.yaml:1:10: unclosed bracket '{'
    DIR/j.yaml:4:21: there is no segment `nowhere`; there are: a
    DIR/j.yaml:5:12: `sometimes` is not known here; there are: never, after_days, at_most, per_key
    DIR/j.yaml:8:39: there is no list `nobody`, and no other
    ");
}

#[test]
fn definitions_without_a_mistake() {
    let (files, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/win-back");
    let data = data.path().join("none");
    assert_eq!(
        said("validate", &data, &[&scenario]),
        (0, "4 definitions without a mistake, by themselves: there is no installation in DATA".to_owned())
    );
    let (code, text) = said("validate", &data, &[files.path()]);
    assert_eq!((code, text.as_str()), (1, "tsunagi: there is no *.yaml in DIR"));
    assert_eq!(
        said("validate", &data, &[&scenario.join("lapsed.yaml")]),
        (0, "1 definition without a mistake, by themselves: there is no installation in DATA".to_owned())
    );
    let (code, text) = said("validate", &data, &[&scenario.join("README.md")]);
    assert_eq!(code, 1);
    assert_snapshot!(text, @"tsunagi: DIR holds no definition; its name ends neither in .yaml nor, for a list, in .csv or .txt");
}

#[test]
fn a_scenario_is_copied_out_and_never_over_something_else() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("mine");
    let add = || {
        let output =
            tsunagi_without_data().args(["scenarios", "add", "win-back"]).arg(&target).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(add(), (0, String::new()));
    let lapsed = fs::read_to_string(target.join("lapsed.yaml")).unwrap();
    assert!(lapsed.starts_with("# yaml-language-server: $schema=tsunagi.schema.json\n"));
    assert!(target.join("tsunagi.schema.json").exists());
    assert_eq!(add(), (0, String::new()));
    fs::write(target.join("lapsed.yaml"), "mine").unwrap();
    fs::remove_file(target.join("shop.yaml")).unwrap();
    let (code, complaint) = add();
    assert!(
        code == 1 && complaint.contains("lapsed.yaml: is there and differs; it stays as it is"),
        "{complaint}"
    );
    assert_eq!(fs::read_to_string(target.join("lapsed.yaml")).unwrap(), "mine");
    assert!(target.join("shop.yaml").exists());
    assert!(complaint.contains("1 file differs from the scenario's"), "{complaint}");
    let output = tsunagi_without_data().args(["scenarios", "show", "winback"]).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(complaint, "tsunagi: there is no scenario `winback`; did you mean `win-back`?\n");
    let output = tsunagi_without_data().args(["scenarios", "list"]).output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    assert!(list.contains("segment lapsed"), "{list}");
    let output = tsunagi_without_data().args(["scenarios", "list", "--json"]).output().unwrap();
    let data: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(data.len() >= 23, "{data:?}");
    for scenario in data {
        let name = scenario["name"].as_str().unwrap();
        for purpose in ["purpose_ja", "purpose_en"] {
            let shown = format!("\n  {}\n", scenario[purpose].as_str().unwrap());
            assert!(shown.len() > 10 && list.contains(&shown), "{name}: {purpose}");
        }
        assert!(list.contains(&format!("{name}   ")) && scenario["files"].is_array(), "{name}");
    }
}

fn tsunagi_without_data() -> std::process::Command {
    std::process::Command::new(env!("CARGO_BIN_EXE_tsunagi"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planned_applied_and_withdrawn_while_it_is_up() {
    let shop = Shop::with_faults("{}");
    shop.import(40).await;
    let files = tempfile::tempdir().unwrap();
    let buyers = "segment:\n  name: buyers\n  title: { ja: ご購入者, en: Buyers }\n  when:\n    event: { name: Order Completed }\n";
    let notice = "journey:\n  name: wait\n  purpose: transactional\n  enter: { segment: buyers }\n  reentry: never\n  steps: [{ wait: 3d }]\n";
    fs::write(files.path().join("buyers.yaml"), buyers).unwrap();
    fs::write(files.path().join("wait.yaml"), notice).unwrap();
    fs::write(files.path().join("invited.txt"), "00001\n00002\n").unwrap();
    let plan = || {
        let (code, text) = said("plan", shop.data(), &[files.path()]);
        assert_eq!(code, 0, "{text}");
        // The instant aside.
        let lines = text.lines().map(|line| line.split(", as of ").next().unwrap());
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(plan(), @"
    segment buyers: new, version 1   ご購入者 / Buyers
    list invited: new, version 1   2 customers
    journey wait: new, version 1
    3 files in all
    40 customers were looked at
    segment buyers: 40 (00034, 00035, 00036, 00038, 00039, …) would enter, 0 would leave
    journey wait: 40 (00034, 00035, 00036, 00038, 00039, …) would begin
    ");
    let (code, text) = said("apply", shop.data(), &[files.path()]);
    assert_eq!(code, 0, "{text}");
    assert_snapshot!(text, @"
    segment buyers version 1: applied   ご購入者 / Buyers
    list invited version 1: applied   2 customers
    journey wait version 1: applied
    journey wait: 40 customers are in its segment now and will begin it when everyone is looked at; `tsunagi journeys pause wait` stops it before
    ");
    shop.wait_until("everyone is in the journey", async |shop| {
        let output = tsunagi("report", shop.data()).args(["wait", "--json"]).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["audience"] == 40
    })
    .await;
    // Where its schema is depends on where a file stands, and is no change.
    let modeline = "# yaml-language-server: $schema=tsunagi.schema.json\n";
    fs::write(files.path().join("buyers.yaml"), format!("{modeline}{buyers}")).unwrap();
    assert_snapshot!(plan(), @"
    segment buyers: unchanged, version 1   ご購入者 / Buyers
    list invited: unchanged, version 1   2 customers
    journey wait: unchanged, version 1
    3 files in all
    nothing would change
    ");
    fs::write(files.path().join("buyers.yaml"), buyers.replace("Completed", "Refunded")).unwrap();
    fs::write(files.path().join("invited.txt"), "00002\n00003\n00004\n").unwrap();
    fs::remove_file(files.path().join("wait.yaml")).unwrap();
    assert_snapshot!(plan(), @"
    segment buyers: changed, version 1 to 2   ご購入者 / Buyers
      @@ -3,3 +3,3 @@
         title: { ja: ご購入者, en: Buyers }
         when:
      -    event: { name: Order Completed }
      +    event: { name: Order Refunded }
    list invited: changed, version 1 to 2   3 customers
      2 customers more on it, 1 less
    journey wait: live, and not in these files; it stays (`tsunagi withdraw journey wait` takes it out of force)
    2 files in all
    40 customers were looked at
    segment buyers: 0 would enter, 40 (00034, 00035, 00036, 00038, 00039, …) would leave
    segment buyers: no customer has an event `Order Refunded`
    ");
    let told = |kind: &str, name: &str| {
        let output = tsunagi("withdraw", shop.data()).args([kind, name]).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        format!("{}: {text}", output.status.code().unwrap())
    };
    assert_snapshot!(told("segment", "buyers"), @"
    1: journey wait refers to it
    tsunagi: segment buyers is not withdrawn; change or withdraw what refers to it first
    ");
    assert_snapshot!(told("segment", "buyer"), @"1: tsunagi: there is no segment `buyer`; did you mean `buyers`?");
    assert_snapshot!(told("journey", "wait"), @"
    0: journey wait version 2: withdrawn
    nobody begins it any more; customers in it who go on to its end: 40
    ");
    assert_snapshot!(told("journey", "wait"), @"0: journey wait version 2: is withdrawn already");
    assert_snapshot!(told("segment", "buyers"), @"
    0: segment buyers version 2: withdrawn
    members who leave it when they are looked at: 40; enrollments on earlier versions of journeys that ask about it find nobody in it
    ");
    assert_snapshot!(told("list", "invited"), @"
    0: list invited version 2: withdrawn
    enrollments on earlier versions of journeys that ask about it find nobody on it
    ");
    shop.wait_until("nobody is in the segment", async |shop| {
        let output = tsunagi("explain", shop.data()).arg("00007").output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains("left the segment buyers")
    })
    .await;
}

/// Nothing is up: what is applied waits, and a plan says so apart from what it would do itself.
#[test]
fn a_plan_tells_slips_and_what_was_applied_before() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let write = |name: &str, text: &str| {
        let path = files.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let orders = write("orders.csv", "order_id,customer_id,ordered_at,total\nA-1,1,2026-01-01 10:00,3000\n");
    let done = |name: &str, arguments: &[&Path]| {
        let (code, text) = said(name, data.path(), arguments);
        assert_eq!(code, 0, "{text}");
        text.split(", as of ")
            .map(|part| part.split_once('\n').map_or(part, |(_, rest)| rest))
            .last()
            .unwrap()
            .to_owned()
    };
    done("import", &[Path::new("orders"), &orders]);
    done("recompute", &[]);
    let buyers =
        write("buyers.yaml", "segment:\n  name: buyers\n  when: { event: { name: Order Completed } }\n");
    done("apply", &[&buyers]);
    let slips = "segment:
  name: slips
  when:
    all:
      - any: [{ event: { name: Order Completd } }, { not: { in_segment: never } }]
      - not: { trait: { name: prefectur } }
";
    let never =
        "segment:\n  name: never\n  when: { no_event: { name: Page Viewed, since: order completed } }\n";
    let (slips, never) = (write("slips.yaml", slips), write("never.yaml", never));
    done("apply", &[&never]);
    assert_snapshot!(done("plan", &[&slips]), @"
    segment slips: 0 would enter, 0 would leave
    still under way from what was applied before:
    segment buyers: 1 (1) would enter, 0 would leave
    segment never: 1 (1) would enter, 0 would leave
    segment slips: no customer has an event `Order Completd`; did you mean `Order Completed`?
    segment slips: no customer has a trait `prefectur`
    ");
}
