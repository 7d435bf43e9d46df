//! The sandbox in the process of `tsunagi up`, and on its own: where it is, and what goes wrong there.

use crate::shop::{Process, Shop, free_address, tsunagi};

#[tokio::test]
async fn up_puts_the_sandbox_where_it_is_told_with_its_faults() {
    let shop = Shop::with_faults(r#"{"latency_ms":1,"refused":1.0}"#);
    let faults = shop.provider("/faults").await;
    assert_eq!((&faults["latency_ms"], &faults["refused"]), (&1.into(), &1.0.into()), "{faults}");
    shop.import(1).await;
    shop.apply();
    shop.wait_until("the message is refused", async |shop| shop.report().failed == 1).await;
    assert_eq!(shop.stats().await.accepted, 0);
}

#[test]
fn up_says_where_the_sandbox_is() {
    let (data, address) = (tempfile::tempdir().unwrap(), free_address());
    let mut up = tsunagi("up", data.path());
    let (_up, said) =
        Process::start("sandbox", up.args(["--listen", "127.0.0.1:0", "--sandbox-listen", &address]));
    assert_eq!(said, format!("http://{address}"));
}

#[tokio::test]
async fn a_sandbox_alone_has_its_faults() {
    let data = tempfile::tempdir().unwrap();
    let mut sandbox = tsunagi("sandbox", data.path());
    sandbox.args(["--listen", "127.0.0.1:0", "--faults", r#"{"receipts_twice":0.5}"#]);
    let (_sandbox, url) = Process::start("sandbox", &mut sandbox);
    let faults = providers::http::client().get(format!("{url}/faults")).send().await.unwrap();
    let faults: sandbox::Faults = faults.json().await.unwrap();
    assert_eq!(faults, sandbox::Faults { receipts_twice: 0.5, ..sandbox::Faults::default() });
}

#[test]
fn what_cannot_be_is_refused_and_named() {
    let data = tempfile::tempdir().unwrap();
    let complaint = |command: &str, arguments: &[&str]| {
        let output = tsunagi(command, data.path()).args(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (command, option) in [("up", "--sandbox-faults"), ("sandbox", "--faults")] {
        let typo = complaint(command, &[option, r#"{"refsued":0.5}"#]);
        assert!(typo.contains(option) && typo.contains("refsued") && typo.contains("`refused`"), "{typo}");
        let too_much = complaint(command, &[option, r#"{"refused":1.5}"#]);
        assert!(too_much.contains(option) && too_much.contains("from 0 to 1, not 1.5"), "{too_much}");
    }
    let open = complaint("up", &["--listen", "127.0.0.1:0", "--sandbox-listen", "0.0.0.0:0"]);
    assert!(open.contains("listen on 127.0.0.1, not 0.0.0.0:0"), "{open}");
    let both = complaint("up", &["--provider", "http://127.0.0.1:1", "--sandbox-listen", "127.0.0.1:0"]);
    assert!(both.contains("--sandbox-listen") && both.contains("--provider"), "{both}");
}
