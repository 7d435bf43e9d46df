//! Configuration: environment variables, each read once, with an error that names it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

type Read = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where a function's variables come from: its environment, or what the one-machine runtime read from the template.
#[derive(Clone)]
pub struct Vars(Arc<Read>);

impl Vars {
    /// The process's environment.
    pub fn environment() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// Variables that `read` answers.
    pub fn new(read: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// A variable, if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// A variable that must be there.
    pub fn required(&self, name: &'static str) -> Result<String, ConfigError> {
        self.get(name).ok_or(ConfigError { name, what: "is not set".to_owned() })
    }

    /// A variable that must be there and read as `T`.
    pub fn parsed<T>(&self, name: &'static str) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.required(name)?.parse().map_err(|error: T::Err| ConfigError { name, what: error.to_string() })
    }
}

impl fmt::Debug for Vars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vars")
    }
}

/// A variable is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("environment variable {name} {what}")]
pub struct ConfigError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with it; never its value.
    pub what: String,
}
