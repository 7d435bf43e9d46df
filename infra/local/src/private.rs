//! Directories and files that only their owner may read: they hold what a shop knows of people.

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result};

/// Creates a directory, and those above it, where there is none. One that is there keeps its permissions.
///
/// # Errors
/// When it cannot be created; the error names it.
pub fn directory(path: &Path) -> Result<()> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.with_context(|| format!("creating {}", path.display()))
}

/// Creates an empty file where there is none. A file that is there is not opened: to close it would take away the locks
/// that `SQLite` holds on it in this process. `SQLite` gives the files beside a database the database's permissions.
///
/// # Errors
/// When it cannot be created; the error names it.
pub fn file(path: &Path) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("creating {}", path.display()))
        }
        _ => Ok(()),
    }
}
