//! How everything stands, for those who watch.

use axum::http::HeaderMap;
use contracts::UsersSummary;
use runtime::health::HealthReport;
use serde::Serialize;

use crate::lines::Line;
use crate::request::RequestContext;
use crate::routes::Gateway;

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
    line: Line,
}

impl Status {
    pub(super) async fn of(gateway: &Gateway) -> Self {
        let context = RequestContext::read(&HeaderMap::new());
        let (report, users) = tokio::join!(
            gateway.readiness.report(&gateway.users),
            gateway.users.summarize(&context),
        );
        let (users, problem) = match users {
            Ok(users) => (Some(users), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            gateway: report,
            users,
            problem,
            line: gateway.lines.now(),
        }
    }
}
