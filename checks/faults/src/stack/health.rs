//! What the hubspot services say of themselves on `/readyz`.

use std::time::Duration;

use serde::Deserialize;

use super::Stack;
use crate::parts::Part;

/// A service that is frozen says nothing.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Health {
    checks: Vec<HealthCheck>,
}

#[derive(Deserialize)]
struct HealthCheck {
    name: String,
    ok: bool,
    detail: String,
}

impl Stack {
    /// The hubspot service that delivers; none if none says so.
    pub async fn active_hubspot(&self) -> Option<Part> {
        for part in [Part::FirstHubspot, Part::SecondHubspot] {
            let line = self.check(part, "line").await;
            if line.is_some_and(|line| line.ok && !line.detail.contains("standing by")) {
                return Some(part);
            }
        }
        None
    }

    /// Whether that hubspot service has reached the user service.
    pub async fn reaches_user_service(&self, part: Part) -> bool {
        let check = self.check(part, "user-service").await;
        check.is_some_and(|check| check.ok)
    }

    async fn check(&self, part: Part, name: &str) -> Option<HealthCheck> {
        let request = self.http.get(self.ready_url(part)).timeout(PATIENCE);
        // 503 has the same body.
        let health: Health = request.send().await.ok()?.json().await.ok()?;
        health.checks.into_iter().find(|check| check.name == name)
    }
}
