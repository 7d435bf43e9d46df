//! The data directory of an installation that is up.

use std::os::unix::fs::PermissionsExt;

use crate::shop::{Process, tsunagi};

#[test]
fn only_its_owner_reads_the_data() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("shops/tokyo");
    let (_up, _) = Process::start("Ctrl-C", tsunagi("up", &data).args(["--listen", "127.0.0.1:0"]));
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
    let open: Vec<_> = files.filter(|file| mode(file) & 0o077 != 0).collect();
    assert!(open.is_empty(), "{open:?}");
    assert!(data.join("tables.sqlite-wal").exists() && data.join("queues.sqlite-wal").exists());
}
