//! What a provider is told by environment variables.

use reqwest::Url;

/// Reads one environment variable.
pub type Vars<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable that is missing or wrong. The value is not repeated: it may be a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The variable has no value.
    #[error("{variable} is not set: {expected}")]
    Missing {
        /// Its name.
        variable: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// The variable's value cannot be used.
    #[error("{variable} is wrong: {expected}")]
    Wrong {
        /// Its name.
        variable: &'static str,
        /// What would be right.
        expected: &'static str,
    },
}

/// The names of one channel's variables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    pub(crate) provider: &'static str,
    pub(crate) url: &'static str,
    pub(crate) key: &'static str,
}

pub(crate) fn required(
    vars: Vars<'_>,
    variable: &'static str,
    expected: &'static str,
) -> Result<String, ConfigError> {
    match vars(variable).map(|value| value.trim().to_owned()) {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) | None => Err(ConfigError::Missing { variable, expected }),
    }
}

/// A provider's base URL, without a slash at its end. A key travels with every request, so plain HTTP is for
/// loopback only.
pub(crate) fn base_url(vars: Vars<'_>, variable: &'static str) -> Result<String, ConfigError> {
    const EXPECTED: &str = "an https:// URL (http:// on 127.0.0.1 or localhost)";
    let text = required(vars, variable, EXPECTED)?;
    let wrong = ConfigError::Wrong { variable, expected: EXPECTED };
    let Ok(url) = Url::parse(&text) else { return Err(wrong) };
    let host = url.host_str().unwrap_or_default();
    let loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let transport = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    if !transport || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A fake is refused where real customers are.
pub(crate) fn refuse_in_production(vars: Vars<'_>, variable: &'static str) -> Result<(), ConfigError> {
    if vars("STAGE").is_some_and(|stage| stage.trim().eq_ignore_ascii_case("production")) {
        let expected = "the sandbox sends nothing and is refused when STAGE=production; name a real provider";
        return Err(ConfigError::Wrong { variable, expected });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        let good = [
            ("http://127.0.0.1:4100/", "http://127.0.0.1:4100"),
            ("http://localhost:4100", "http://localhost:4100"),
            ("http://[::1]:4100", "http://[::1]:4100"),
            ("https://sms.example.jp/v1/", "https://sms.example.jp/v1"),
        ];
        for (text, expected) in good {
            let url = base_url(&|_| Some(text.to_owned()), "SMS_PROVIDER_URL");
            assert_eq!(url, Ok(expected.to_owned()));
        }
        for text in ["http://sms.example.jp", "ftp://127.0.0.1", "127.0.0.1:4100", "https://a.jp/?key=1"] {
            let refused = base_url(&|_| Some(text.to_owned()), "SMS_PROVIDER_URL").unwrap_err();
            assert!(matches!(refused, ConfigError::Wrong { variable: "SMS_PROVIDER_URL", .. }), "{text}");
        }
    }
}
