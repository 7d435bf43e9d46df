//! What a provider is told by environment variables.

use cloud::config::{ConfigError, Vars};
use reqwest::Url;

/// The names of one channel's variables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    pub(crate) provider: &'static str,
    pub(crate) url: &'static str,
    pub(crate) key: &'static str,
}

/// A variable that must be there; spaces around its value are no part of it.
pub(crate) fn required(
    vars: &Vars,
    name: &'static str,
    expected: &'static str,
) -> Result<String, ConfigError> {
    match vars.get(name).map(|value| value.trim().to_owned()) {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) | None => Err(ConfigError { name, what: format!("is not set: {expected}") }),
    }
}

/// The error for a value that cannot be used. The value is not repeated: it may be a key.
pub(crate) fn wrong(name: &'static str, expected: &'static str) -> ConfigError {
    ConfigError { name, what: format!("is wrong: {expected}") }
}

/// A provider's base URL, without a slash at its end. A key travels with every request, so plain HTTP is for
/// loopback only.
pub(crate) fn base_url(vars: &Vars, variable: &'static str) -> Result<String, ConfigError> {
    const EXPECTED: &str = "an https:// URL (http:// on 127.0.0.1 or localhost)";
    let text = required(vars, variable, EXPECTED)?;
    if is_base_url(&text) {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(wrong(variable, EXPECTED))
    }
}

/// Whether a text is the address of an API: HTTPS, or plain HTTP on loopback, without a query.
pub(crate) fn is_base_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let host = url.host_str().unwrap_or_default();
    let loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let transport = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    transport && url.query().is_none() && url.fragment().is_none()
}

/// A fake is refused where real customers are.
pub(crate) fn refuse_in_production(vars: &Vars, variable: &'static str) -> Result<(), ConfigError> {
    if vars.get("STAGE").is_some_and(|stage| stage.trim().eq_ignore_ascii_case("production")) {
        let expected = "the sandbox sends nothing and is refused when STAGE=production; name a real provider";
        return Err(wrong(variable, expected));
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
            let url = base_url(&Vars::new(|_| Some(text.to_owned())), "SMS_PROVIDER_URL");
            assert_eq!(url, Ok(expected.to_owned()));
        }
        for text in ["http://sms.example.jp", "ftp://127.0.0.1", "127.0.0.1:4100", "https://a.jp/?key=1"] {
            let refused = base_url(&Vars::new(|_| Some(text.to_owned())), "SMS_PROVIDER_URL").unwrap_err();
            assert!(
                refused.to_string().starts_with("environment variable SMS_PROVIDER_URL is wrong: an https")
            );
        }
    }
}
