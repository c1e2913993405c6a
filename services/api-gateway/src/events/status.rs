//! How everything stands, for those who watch.

use std::time::Duration;

use axum::http::HeaderMap;
use contracts::UsersSummary;
use runtime::health::HealthReport;
use serde::Serialize;
use tokio::time::timeout;

use crate::lines::Line;
use crate::request::RequestContext;
use crate::routes::Gateway;

/// How long the user service may take; whoever watches is told something every few seconds in any case.
const ASKED_WITHIN: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    /// What `/readyz` says.
    gateway: HealthReport,
    /// What `/sync/summary` says of the users; absent where it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<UsersSummary>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// What `/sync/summary` says of the line.
    delivery: Line,
}

impl Status {
    pub(super) async fn of(gateway: &Gateway) -> Self {
        let context = RequestContext::read(&HeaderMap::new());
        let (report, users) = tokio::join!(
            gateway.readiness.report(&gateway.users),
            timeout(ASKED_WITHIN, gateway.users.summarize(&context)),
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
            delivery: gateway.lines.now(),
        }
    }
}
