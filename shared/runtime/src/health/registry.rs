//! The named checks of one service, set by its parts and read by whoever asks.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

/// What `/readyz` says about a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReport {
    /// The service.
    pub name: String,
    /// Whether it can do its work: every check is well.
    pub ready: bool,
    /// The checks, by name.
    pub checks: Vec<Check>,
}

/// One thing a service needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What is needed, such as `nats`.
    pub name: String,
    /// Whether it is well.
    pub ok: bool,
    /// What to know about it, well or not.
    pub detail: String,
}

/// Collects the checks of a service. Clones share them.
#[derive(Debug, Clone)]
pub struct Registry {
    name: Arc<str>,
    checks: Arc<RwLock<BTreeMap<String, Check>>>,
}

impl Registry {
    /// A service that is not ready until each of the `expected` checks was set and is well.
    pub fn new(name: &str, expected: &[&str]) -> Self {
        let registry = Self {
            name: name.into(),
            checks: Arc::default(),
        };
        for check in expected {
            registry.set(check, false, "starting");
        }
        registry
    }

    /// Sets a check. A change between well and unwell is worth a log line, which is written here.
    pub fn set(&self, name: &str, ok: bool, detail: impl Into<String>) {
        let check = Check {
            name: name.to_owned(),
            ok,
            detail: detail.into(),
        };
        let mut checks = self.checks.write().unwrap_or_else(PoisonError::into_inner);
        let before = checks.insert(name.to_owned(), check.clone());
        drop(checks);
        if before.is_some_and(|before| before.ok != ok) {
            tracing::info!(service = %self.name, check = name, ok, detail = check.detail, "health changed");
        }
    }

    /// Removes a check that no longer matters.
    pub fn remove(&self, name: &str) {
        self.checks
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
    }

    /// All checks as they are now.
    pub fn report(&self) -> HealthReport {
        let checks = self.checks.read().unwrap_or_else(PoisonError::into_inner);
        let checks: Vec<_> = checks.values().cloned().collect();
        HealthReport {
            name: self.name.to_string(),
            ready: checks.iter().all(|check| check.ok),
            checks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_ready_once_every_expected_check_is_well() {
        let registry = Registry::new("user", &["nats", "store"]);
        assert!(!registry.report().ready);
        registry.set("nats", true, "connected");
        assert!(!registry.report().ready);
        registry.set("store", true, "open");
        assert!(registry.report().ready);
        registry.set("nats", false, "disconnected");
        assert!(!registry.report().ready);
        registry.remove("nats");
        assert!(registry.report().ready);
    }

    #[test]
    fn the_report_keeps_its_shape() {
        let registry = Registry::new("user", &[]);
        registry.set("nats", true, "connected");
        let json = serde_json::to_value(registry.report()).expect("plain data serializes");
        let expected = serde_json::json!({
            "name": "user", "ready": true,
            "checks": [{ "name": "nats", "ok": true, "detail": "connected" }]
        });
        assert_eq!(json, expected);
    }
}
