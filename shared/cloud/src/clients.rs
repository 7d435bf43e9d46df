//! The AWS clients, made once per process.

use std::time::Duration;

use anyhow::Result;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::config::{ConfigError, Vars};
use crate::queue::Queue;
use crate::table::Table;

/// The roots of Amazon Trust Services (<https://www.amazontrust.com/repository/>): every endpoint of AWS has a certificate
/// under one of them.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// How long a function that starts waits for its first connection.
const CONNECTING_LIMIT: Duration = Duration::from_millis(500);

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
    let endpoint = vars.get("AWS_ENDPOINT_URL");
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(trusted(endpoint.as_deref()))
        .build_https();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(vars.required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http);
    config.set_endpoint_url(endpoint);
    Ok(config.build())
}

/// Whose certificates a client takes: Amazon's at AWS's own endpoints, whose roots are embedded because reading the system's
/// takes as long as the handshake; whom the system trusts at another endpoint.
pub fn trusted(endpoint: Option<&str>) -> TlsContext {
    let roots = match endpoint {
        None => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
        Some(_) => TrustStore::default(),
    };
    // It cannot fail; what the system trusts would do as well.
    TlsContext::builder().with_trust_store(roots).build().unwrap_or_default()
}

/// Connects to the table before the first request comes: Lambda gives a whole processor to a function that starts, and a
/// share of one to each request, where the handshake of TLS would take several times as long. A table that can't be
/// reached keeps nothing waiting for longer than half a second.
pub async fn connect_table(config: &SdkConfig, vars: &Vars) -> Result<(), ConfigError> {
    let table = Table::from_vars(aws_sdk_dynamodb::Client::new(config), vars)?;
    before_the_first("the table", CONNECTING_LIMIT, table.connect()).await;
    Ok(())
}

/// The same for a function that has no table: connects to the queue that `variable` names.
pub async fn connect_queue(
    config: &SdkConfig,
    vars: &Vars,
    variable: &'static str,
) -> Result<(), ConfigError> {
    let queue = Queue::new(aws_sdk_sqs::Client::new(config), vars.required(variable)?);
    before_the_first("the queue", CONNECTING_LIMIT, queue.connect()).await;
    Ok(())
}

/// What goes wrong here goes wrong again in a request, where it is handled.
async fn before_the_first(what: &str, limit: Duration, connecting: impl Future<Output = Result<()>>) {
    match tokio::time::timeout(limit, connecting).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = format!("{error:#}"), "{what} could not be reached at the start");
        }
        Err(_) => {
            tracing::warn!(limit_ms = limit.as_millis(), "{what} did not answer at the start");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    /// As published beside the certificates, in their order.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn the_embedded_roots_are_amazons_own() {
        let certificates = AMAZON_ROOTS.split("-----BEGIN CERTIFICATE-----").skip(1);
        let found: Vec<String> = certificates
            .map(|rest| {
                let text: String = rest.split("-----END").next().unwrap().split_whitespace().collect();
                let digest = Sha256::digest(STANDARD.decode(text).unwrap());
                digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
            })
            .collect();
        assert_eq!(found, FINGERPRINTS);
    }

    fn vars(listener: &TcpListener) -> Vars {
        let url = format!("http://{}", listener.local_addr().unwrap());
        Vars::new(move |name| match name {
            "AWS_ENDPOINT_URL" => Some(url.clone()),
            "INBOX_QUEUE_URL" => Some(format!("{url}/1/inbox")),
            "AWS_REGION" => Some("ap-northeast-1".to_owned()),
            "TABLE_NAME" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("one".to_owned()),
            _ => None,
        })
    }

    /// The operation of the one request that `listener` gets, which it answers with `answer`.
    fn asked(listener: TcpListener, answer: &'static str) -> std::thread::JoinHandle<String> {
        std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                let mut bytes = [0; 4096];
                let count = connection.read(&mut bytes).unwrap();
                request.extend_from_slice(&bytes[..count]);
            }
            connection.write_all(answer.as_bytes()).unwrap();
            let request = String::from_utf8(request).unwrap();
            let target = request.lines().find(|line| line.starts_with("x-amz-target: ")).unwrap();
            target.trim_start_matches("x-amz-target: ").to_owned()
        })
    }

    #[tokio::test]
    async fn starting_asks_for_one_item_that_is_not_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let vars = vars(&listener);
        let asked = asked(listener, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        connect_table(&lambda_config(&vars).unwrap(), &vars).await.unwrap();
        assert_eq!(asked.join().unwrap(), "DynamoDB_20120810.GetItem");
    }

    #[tokio::test]
    async fn a_queue_that_refuses_an_empty_batch_is_connected() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let vars = vars(&listener);
        let refused = "HTTP/1.1 400 Bad Request\r\ncontent-length: 54\r\n\r\n{\"__type\":\"com.amazonaws.sqs#EmptyBatchRequest\"}      ";
        let asked = asked(listener, refused);
        let config = lambda_config(&vars).unwrap();
        let queue = Queue::new(aws_sdk_sqs::Client::new(&config), vars.required("INBOX_QUEUE_URL").unwrap());
        queue.connect().await.unwrap();
        assert_eq!(asked.join().unwrap(), "AmazonSQS.SendMessageBatch");
    }

    #[tokio::test]
    async fn a_table_that_does_not_answer_keeps_nobody_waiting() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let vars = vars(&listener);
        let table = Table::from_vars(aws_sdk_dynamodb::Client::new(&lambda_config(&vars).unwrap()), &vars);
        let connecting = async move { table.unwrap().connect().await };
        let waited = tokio::time::timeout(
            Duration::from_secs(5),
            before_the_first("the table", Duration::from_millis(20), connecting),
        );
        assert!(waited.await.is_ok());
    }
}
