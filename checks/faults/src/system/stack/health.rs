//! Reads the readiness reports of the hubspot services.

use std::time::Duration;

use serde::Deserialize;

use super::Stack;
use crate::system::components::Component;

/// A frozen service does not answer at all.
const TIMEOUT: Duration = Duration::from_secs(1);
/// The readiness check of the hubspot service that says whether it delivers.
const DELIVERY_CHECK: &str = "delivery";

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
    /// The hubspot service that delivers, by its own report.
    pub async fn active_hubspot(&self) -> Option<Component> {
        for component in [Component::FirstHubspot, Component::SecondHubspot] {
            let delivery = self.check(component, DELIVERY_CHECK).await;
            if delivery.is_some_and(|check| check.ok && !check.detail.contains("standing by")) {
                return Some(component);
            }
        }
        None
    }

    /// Whether the hubspot service reaches the user service.
    pub async fn reaches_user_service(&self, component: Component) -> bool {
        let check = self.check(component, "user-service").await;
        check.is_some_and(|check| check.ok)
    }

    async fn check(&self, component: Component, name: &str) -> Option<HealthCheck> {
        let request = self.http.get(self.ready_url(component)).timeout(TIMEOUT);
        // The body is the same with status 503.
        let health: Health = request.send().await.ok()?.json().await.ok()?;
        health.checks.into_iter().find(|check| check.name == name)
    }
}
