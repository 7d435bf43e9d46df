//! The AWS clients, made once per process.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::config::{ConfigError, Vars};

/// The configuration of every client of a Lambda function, from the variables that Lambda itself sets: looking further,
/// as `aws-config` does, costs time at each cold start and finds nothing else.
pub fn lambda_config(vars: &Vars) -> Result<SdkConfig, ConfigError> {
    let credentials = Credentials::new(
        vars.required("AWS_ACCESS_KEY_ID")?,
        vars.required("AWS_SECRET_ACCESS_KEY")?,
        vars.get("AWS_SESSION_TOKEN"),
        None,
        "lambda",
    );
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(vars.required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http);
    config.set_endpoint_url(vars.get("AWS_ENDPOINT_URL"));
    Ok(config.build())
}
