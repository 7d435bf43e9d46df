//! What travels in queues: JSON with a version, which the reader checks before it reads the rest.

use anyhow::{Result, anyhow, ensure};
use domain::input::{SendTask, WebhookTask};
use domain::verification::CodeTask;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What one kind of queue holds.
pub trait Payload: Serialize + DeserializeOwned {
    /// The version that is written, from 1; a reader takes it and earlier ones.
    const VERSION: u32;
}

impl Payload for SendTask {
    const VERSION: u32 = 1;
}

impl Payload for WebhookTask {
    const VERSION: u32 = 1;
}

impl Payload for CodeTask {
    const VERSION: u32 = 1;
}

#[derive(Serialize)]
struct Written<'a, T> {
    v: u32,
    #[serde(flatten)]
    payload: &'a T,
}

#[derive(Deserialize)]
struct Version {
    /// What was written without a version is of the first one.
    #[serde(default = "first")]
    v: u32,
}

const fn first() -> u32 {
    1
}

/// The JSON of a payload, with its version as `v`.
pub(crate) fn write<T: Payload>(payload: &T) -> Result<String> {
    Ok(serde_json::to_string(&Written { v: T::VERSION, payload })?)
}

/// Reads a payload. The error quotes nothing of it, since serde's own might quote a value; line and column are enough.
pub(crate) fn read<T: Payload>(body: &str) -> Result<T> {
    let unreadable =
        |error: serde_json::Error| anyhow!("unreadable at line {} column {}", error.line(), error.column());
    let Version { v } = serde_json::from_str(body).map_err(unreadable)?;
    ensure!(
        (first()..=T::VERSION).contains(&v),
        "a payload of version {v}, and this release reads up to {}: deploy a release that knows it, then drive the \
         letter back",
        T::VERSION
    );
    serde_json::from_str(body).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Second {
        n: u8,
    }

    impl Payload for Second {
        const VERSION: u32 = 2;
    }

    #[test]
    fn its_own_version_and_earlier_ones_are_read() {
        assert_eq!(write(&Second { n: 7 }).unwrap(), r#"{"v":2,"n":7}"#);
        for body in [r#"{"v":2,"n":7}"#, r#"{"v":1,"n":7}"#, r#"{"n":7}"#] {
            assert_eq!(read::<Second>(body).unwrap(), Second { n: 7 }, "{body}");
        }
    }

    #[test]
    fn other_versions_are_named() {
        for (body, version) in [(r#"{"v":3,"n":7}"#, "3"), (r#"{"v":0,"n":7}"#, "0"), (r#"{"v":9}"#, "9")] {
            let error = read::<Second>(body).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("a payload of version {version}, and this release reads up to 2"))
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        for body in [r#"{"v":"090-1234-5678"}"#, r#"{"v":1,"n":"090-1234-5678"}"#, "090", ""] {
            let error = read::<Second>(body).unwrap_err().to_string();
            assert!(error.starts_with("unreadable at line ") && !error.contains("090"), "{error}");
        }
    }
}
