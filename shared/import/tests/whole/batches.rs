//! Files on disk, and the batches that leave.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use import::{Options, file};

use super::*;

/// Imports a file that the API takes all of.
fn import_file(
    kind: Kind,
    path: &Path,
    progress: impl FnMut(u64),
    deliver: impl FnMut(Vec<Value>, RangeInclusive<u64>) -> anyhow::Result<()>,
) -> anyhow::Result<Summary> {
    let now = jiff::Timestamp::now().as_second();
    let options =
        Options { kind, encoding: None, maps: Vec::new(), wording: None, now: Timestamp::from_seconds(now) };
    file(path, &options, |_| Ok(()), progress, deliver)
}

#[test]
fn batches_keep_their_limits_and_name_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.csv");
    let rows = |count: usize, name: &str| {
        (0..count).map(|n| format!("{n},{name}\n")).fold("id,name\n".to_owned(), |all, row| all + &row)
    };
    for (text, batches) in [(rows(5_001, "a"), 3), (rows(2_000, &"長".repeat(300)), 5)] {
        fs::write(&path, &text).unwrap();
        let (mut sizes, mut next, mut read) = (Vec::new(), 2, 0);
        let deliver = |batch: Vec<Value>, lines: RangeInclusive<u64>| {
            assert_eq!(*lines.start(), next);
            assert_eq!(lines.count(), batch.len());
            next += batch.len() as u64;
            let bytes = serde_json::json!({ "batch": batch }).to_string().len();
            assert!(batch.len() <= 2_500 && bytes <= 500_000, "{bytes}");
            sizes.push(batch.len());
            Ok(())
        };
        let summary = import_file(Kind::Customers, &path, |bytes| read = bytes, deliver).unwrap();
        assert_eq!(sizes.len(), batches, "{sizes:?}");
        assert_eq!(summary.taken, sizes.iter().sum::<usize>() as u64);
        assert_eq!(read, text.len() as u64);
    }
}

#[test]
fn a_failed_hand_over_names_the_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.csv");
    fs::write(&path, "id\n1\n2\n").unwrap();
    let refuse = |_, _| anyhow::bail!("connection refused");
    let error = import_file(Kind::Customers, &path, |_| (), refuse).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!(
            "{}: lines 2 to 3 could not be handed over; importing the file again is safe: connection refused",
            path.display()
        )
    );
    assert!(import_file(Kind::Orders, &folder.path().join("none.csv"), |_| (), refuse).is_err());
}

#[test]
fn the_calls_of_a_row_stay_together_and_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.csv");
    let rows = (1..3_000).fold("id,sms_consent\n0,\n".to_owned(), |all, n| all + &format!("{n},yes\n"));
    fs::write(&path, rows).unwrap();
    let mut sizes = Vec::new();
    let deliver = |batch: Vec<Value>, _| {
        assert!(batch[0]["traits"].get("consents").is_none(), "a batch begins with a row");
        sizes.push(batch.len());
        Ok(())
    };
    let summary = import_file(Kind::Customers, &path, |_| (), deliver).unwrap();
    assert_eq!(summary.taken, 3_000);
    assert_eq!(sizes, [2_499, 2_500, 1_000]);
}

/// The instant as of which a file's customers are said, when it was written so many seconds after 1970.
fn said_at(modified: u64) -> Timestamp {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.csv");
    fs::write(&path, "id\n1\n").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(modified)).unwrap();
    let mut said = None;
    let deliver = |batch: Vec<Value>, _| {
        said = Some(Timestamp::parse(batch[0]["timestamp"].as_str().unwrap()).unwrap());
        Ok(())
    };
    import_file(Kind::Customers, &path, |_| (), deliver).unwrap();
    said.unwrap()
}

#[test]
fn a_file_says_what_it_says_as_of_its_own_date() {
    assert_eq!(said_at(1_700_000_000), Timestamp::from_seconds(1_700_000_000));
    let now = jiff::Timestamp::now().as_second();
    for impossible in [0, u64::try_from(now).unwrap() + 1_000_000] {
        assert!(said_at(impossible).seconds().abs_diff(now) < 60);
    }
}

#[test]
fn rejected_rows_are_beside_the_file_as_excel_opens_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("顧客.csv");
    fs::write(&path, encoding_rs::SHIFT_JIS.encode("id,phone,名\n1,x,髙﨑\n").0).unwrap();
    let summary = import_file(Kind::Customers, &path, |_| (), |_, _| Ok(())).unwrap();
    let kept = folder.path().join("顧客.rejected.csv");
    assert_eq!(summary.kept.as_deref(), Some(&*kept));
    assert!(summary.to_string().contains("1 row rejected; see "), "{summary}");
    assert!(fs::read(kept).unwrap().starts_with("\u{feff}id,phone,名,line,reason\n1,x,髙﨑,2,".as_bytes()));
}

#[test]
fn rejected_rows_of_an_earlier_import_go_when_none_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept) = (folder.path().join("f.csv"), folder.path().join("f.rejected.csv"));
    let take = |text: &str| {
        fs::write(&path, text).unwrap();
        import_file(Kind::Customers, &path, |_| (), |_, _| Ok(())).unwrap()
    };
    take("id,phone,名\n1,x,髙﨑\n");
    let ours = fs::read_to_string(&kept).unwrap();
    let saved = ours.trim_start_matches('\u{feff}').replace('\n', "\r\n");
    for saved in [ours.clone().into_bytes(), encoding_rs::SHIFT_JIS.encode(&saved).0.into_owned()] {
        fs::write(&kept, saved).unwrap();
        let summary = take("id,phone,名\n1,090-1234-5678,髙﨑\n");
        assert!(!kept.exists());
        assert_eq!(summary.kept, None);
        let told = format!("removed {}, of an earlier import: nothing is rejected any more", kept.display());
        assert!(summary.notes.contains(&told), "{summary}");
    }
    // What is not ours stays.
    for theirs in ["id,phone,reason\n1,x,y\n", "line,reason\n", ""] {
        fs::write(&kept, theirs).unwrap();
        take("id,phone,名\n1,090-1234-5678,髙﨑\n");
        assert_eq!(fs::read_to_string(&kept).unwrap(), theirs);
    }
}
