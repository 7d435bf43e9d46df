//! What the SDK clients of one function send their requests through.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::{Answer, Region};
use crate::faults::{Fault, KillSwitch, Service};

const TARGET: &str = "x-amz-target";

/// Takes a function's requests to the services.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) region: Arc<Region>,
    pub(super) function: Arc<str>,
    pub(super) switch: Arc<KillSwitch>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.exchange(&request).await })
    }
}

impl Connector {
    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let life = self.switch.life();
        self.switch.outlive(life).await;
        let target = request.headers().get(TARGET).unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let Some((service, operation)) = parse_target(target) else {
            return respond(Answer::refuse("UnknownOperationException", target));
        };
        let fault = self.region.fault(&self.function, service, operation, body);
        match fault {
            Fault::None | Fault::KillAfter | Fault::LoseResponse | Fault::Stale(_) => {}
            Fault::KillBefore => self.switch.fire(),
            Fault::Throttle => return respond(throttle(service)),
            Fault::LoseRequest => return Err(timed_out()),
            Fault::Delay(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
        self.switch.outlive(life).await;
        let mut answer = self.region.answer(&self.function, service, operation, body).await;
        if let Fault::Stale(missed) = fault {
            answer = self.region.age(operation, body, answer, missed);
        }
        if fault == Fault::KillAfter {
            self.switch.fire();
        }
        self.switch.outlive(life).await;
        if fault == Fault::LoseResponse { Err(timed_out()) } else { respond(answer) }
    }
}

fn parse_target(target: &str) -> Option<(Service, &str)> {
    let (prefix, operation) = target.split_once('.')?;
    let service = match prefix {
        "DynamoDB_20120810" => Service::DynamoDb,
        "AmazonSQS" => Service::Sqs,
        "AWSEvents" => Service::EventBridge,
        _ => return None,
    };
    Some((service, operation))
}

fn throttle(service: Service) -> Answer {
    match service {
        Service::DynamoDb => Answer::refuse(
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded.",
        ),
        Service::Sqs => Answer {
            code: Some("RequestThrottled"),
            ..Answer::refuse("com.amazonaws.sqs#RequestThrottled", "Request is throttled.")
        },
        Service::EventBridge => Answer::refuse("ThrottlingException", "Rate exceeded"),
    }
}

fn respond(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let status =
        StatusCode::try_from(answer.status).map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    if let Some(code) = answer.code {
        response.headers_mut().insert("x-amzn-query-error", format!("{code};Sender"));
    }
    Ok(response)
}

fn timed_out() -> ConnectorError {
    ConnectorError::timeout("lost by a fault that was asked for".into())
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.function)
    }
}
