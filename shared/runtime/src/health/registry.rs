//! The named checks of one service. Its parts set them, and `/readyz` shows them.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

/// What `/readyz` shows about a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReport {
    /// The service.
    pub name: String,
    /// Whether it can do its work, because every check that it depends on is ok.
    pub ready: bool,
    /// The checks, by name.
    pub checks: Vec<Check>,
}

/// One thing a service needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The name of what is needed, such as `nats`.
    pub name: String,
    /// Whether it is available.
    pub ok: bool,
    /// Its state for people.
    pub detail: String,
}

/// Collects the checks of a service. Clones share them.
#[derive(Debug, Clone)]
pub struct Registry {
    name: Arc<str>,
    checks: Arc<RwLock<BTreeMap<String, Check>>>,
    /// Shown beside the checks; they do not decide whether the service is ready.
    notes: Arc<RwLock<BTreeMap<String, Check>>>,
}

impl Registry {
    /// Makes a registry whose service is not ready until each of the `expected` checks was set to ok.
    pub fn new(name: &str, expected: &[&str]) -> Self {
        let registry = Self {
            name: name.into(),
            checks: Arc::default(),
            notes: Arc::default(),
        };
        for check in expected {
            registry.set(check, false, "starting");
        }
        registry
    }

    /// Sets a check, and logs it if `ok` has changed.
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

    /// Shows something that an operator should know and that does not affect readiness. It is logged if `ok` has changed.
    pub fn note(&self, name: &str, ok: bool, detail: impl Into<String>) {
        let note = Check {
            name: name.to_owned(),
            ok,
            detail: detail.into(),
        };
        let mut notes = self.notes.write().unwrap_or_else(PoisonError::into_inner);
        let before = notes.insert(name.to_owned(), note.clone());
        drop(notes);
        if before.map_or(!ok, |before| before.ok != ok) {
            tracing::warn!(service = %self.name, note = name, ok, detail = note.detail, "a note for operators changed");
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
        let notes = self.notes.read().unwrap_or_else(PoisonError::into_inner);
        HealthReport {
            name: self.name.to_string(),
            ready: checks.values().all(|check| check.ok),
            checks: checks.values().chain(notes.values()).cloned().collect(),
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
    fn a_note_shows_and_keeps_nothing_from_being_ready() {
        let registry = Registry::new("user", &[]);
        registry.note("clock", false, "an hour apart");
        let report = registry.report();
        assert!(report.ready);
        assert_eq!((report.checks.len(), report.checks[0].ok), (1, false));
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
