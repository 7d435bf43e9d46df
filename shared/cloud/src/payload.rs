//! What travels in queues: JSON with a version, which the reader checks before it reads the rest.

use anyhow::Result;
use domain::input::{SendTask, WebhookTask};
use domain::verification::CodeTask;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::version::{FIRST, Shape, Unread};

/// What one kind of queue holds.
pub trait Payload: Serialize + DeserializeOwned {
    /// How it is written.
    const SHAPE: Shape;
}

impl Payload for SendTask {
    const SHAPE: Shape = Shape { kind: "a task to send a message", steps: &[] };
}

impl Payload for WebhookTask {
    const SHAPE: Shape = Shape { kind: "a task to send a webhook", steps: &[] };
}

impl Payload for CodeTask {
    const SHAPE: Shape = Shape { kind: "a task to send a one-time code", steps: &[] };
}

#[derive(Serialize)]
struct Written<'a, T> {
    v: u32,
    #[serde(flatten)]
    payload: &'a T,
}

#[derive(Deserialize)]
struct Version {
    #[serde(default = "first")]
    v: u32,
}

const fn first() -> u32 {
    FIRST
}

/// The JSON of a payload, with its version as `v`.
pub fn write<T: Payload>(payload: &T) -> Result<String> {
    Ok(serde_json::to_string(&Written { v: T::SHAPE.version(), payload })?)
}

/// Reads a payload.
pub fn read<T: Payload>(body: &str) -> Result<T, Unread> {
    let Version { v } = serde_json::from_str(body).map_err(|error| T::SHAPE.broken(&error))?;
    T::SHAPE.read(body, v)
}

#[cfg(test)]
mod kept;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Second {
        n: u8,
    }

    impl Payload for Second {
        const SHAPE: Shape = Shape { kind: "a task of a test", steps: &[called_n] };
    }

    fn called_n(written: &mut Value) {
        written["n"] = written["number"].take();
    }

    #[test]
    fn its_own_version_and_earlier_ones_are_read() {
        assert_eq!(write(&Second { n: 7 }).unwrap(), r#"{"v":2,"n":7}"#);
        for body in [r#"{"v":2,"n":7}"#, r#"{"v":1,"number":7}"#, r#"{"number":7}"#] {
            assert_eq!(read::<Second>(body).unwrap(), Second { n: 7 }, "{body}");
        }
    }

    #[test]
    fn other_versions_are_named_and_later_ones_left_to_later_releases() {
        for (body, version) in [(r#"{"v":3,"n":7}"#, 3), (r#"{"v":0,"n":7}"#, 0), (r#"{"v":9}"#, 9)] {
            let error = read::<Second>(body).unwrap_err();
            let said = format!("a task of a test of version {version}, and this release reads up to 2");
            assert!(error.to_string().starts_with(&said), "{error}");
            assert_eq!(error.is_later(), version > 2);
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        for body in [r#"{"v":"090-1234-5678"}"#, r#"{"v":2,"n":"090-1234-5678"}"#, "090", ""] {
            let error = read::<Second>(body).unwrap_err();
            assert!(!error.is_later(), "{error}");
            let error = error.to_string();
            assert!(
                error.starts_with("a task of a test does not read at line ") && !error.contains("090"),
                "{error}"
            );
        }
    }
}
