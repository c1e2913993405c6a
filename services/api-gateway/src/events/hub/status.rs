//! The status of the gateway, the users and delivery, for browsers that watch.

use std::time::Duration;

use axum::http::HeaderMap;
use contracts::{SummarizeUsers, UsersSummary};
use runtime::health::HealthReport;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::timeout;

use crate::events::DeliveryReport;
use crate::openapi::health_report_schema;
use crate::request::read_context;
use crate::routes::Gateway;

/// How long the user service may take. The browsers must get a status every few seconds even while it is silent.
const SUMMARY_TIMEOUT: Duration = Duration::from_secs(2);

/// The status of the gateway, the users and delivery. It comes once a second.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    /// The report of `/readyz`.
    #[schemars(schema_with = "health_report_schema")]
    gateway: HealthReport,
    /// The users' part of `/sync/summary`; absent where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<UsersSummary>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// The delivery part of `/sync/summary`.
    delivery: DeliveryReport,
}

impl Status {
    pub(super) async fn of(gateway: &Gateway) -> Self {
        let context = read_context(&HeaderMap::new());
        let (report, users) = tokio::join!(
            gateway.readiness.report(&gateway.services),
            timeout(
                SUMMARY_TIMEOUT,
                gateway.services.read(&SummarizeUsers {}, &context)
            ),
        );
        let (users, problem) = match users {
            Ok(Ok(users)) => (Some(users), None),
            Ok(Err(error)) => (None, Some(error.to_string())),
            Err(_) => (None, Some("the user service does not answer in time".to_owned())),
        };
        Self {
            gateway: report,
            users,
            problem,
            delivery: gateway.delivery.report(),
        }
    }
}
