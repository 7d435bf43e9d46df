//! Accounts at AWS: where they are, whose requests they make, and clients that make each request once.
//!
//! They have the setting `region` (left out, that of the function) and send as the function's role, or with the secrets
//! `access_key_id` and `secret_access_key` (and `session_token`, for keys that pass). `url` is another endpoint, such as one
//! within a VPC.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use cloud::clients::trusted;
use cloud::config::Vars;

use crate::account::{Account, AccountError};
use crate::http::{CONNECT_TIMEOUT, IDLE_CONNECTIONS, IDLE_TIMEOUT};

const REGION: &str = "the region of the account, such as ap-northeast-1";
const KEY_ID: &str = "the id of an access key; on AWS it is left out, for the function's role";
const KEY: &str = "the access key of `access_key_id`";

/// A setting, if it is there.
pub(crate) fn optional(account: &Account, name: &str) -> Option<String> {
    account.settings.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Where the account is. It becomes part of an address.
pub(crate) fn region(account: &Account, vars: &Vars) -> Result<String, AccountError> {
    let wrong = |what: &str| account.error("settings.region", &format!("is {what}: {REGION}"));
    let region = optional(account, "region").or_else(|| vars.get("AWS_REGION"));
    let region = region.ok_or_else(|| wrong("not set"))?;
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if region.contains('-') && region.bytes().all(fits) { Ok(region) } else { Err(wrong("wrong")) }
}

/// The configuration of a client: one request a call, since a repeated one is a repeated message, and an answer `within` a
/// time. There is no read time-out: that of the whole operation is told apart from a connection that never opened.
pub(crate) fn sdk_config(
    account: &Account,
    vars: &Vars,
    region: &str,
    within: Duration,
) -> Result<SdkConfig, AccountError> {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(trusted(account.url.as_deref()))
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build_https();
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(within).build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials(account, vars)?))
        .http_client(http)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if account.url.is_some() {
        config = config.endpoint_url(account.base_url("")?);
    }
    Ok(config.build())
}

fn credentials(account: &Account, vars: &Vars) -> Result<Credentials, AccountError> {
    if ["access_key_id", "secret_access_key"].iter().any(|name| account.secrets.contains_key(*name)) {
        let (id, key) = (account.secret("access_key_id", KEY_ID)?, account.secret("secret_access_key", KEY)?);
        let token = account.secrets.get("session_token").cloned();
        return Ok(Credentials::new(id, key, token, None, "account"));
    }
    let found = vars.get("AWS_ACCESS_KEY_ID").zip(vars.get("AWS_SECRET_ACCESS_KEY"));
    let (id, key) =
        found.ok_or_else(|| account.error("secrets.access_key_id", &format!("is not set: {KEY_ID}")))?;
    Ok(Credentials::new(id, key, vars.get("AWS_SESSION_TOKEN"), None, "lambda"))
}
