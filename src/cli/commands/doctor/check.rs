//! The result of one check.

use serde::Serialize;

/// What was found about one thing that hubsync needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// The name of the thing, such as `database`.
    pub(super) name: &'static str,
    /// Whether it works.
    pub(super) result: CheckResult,
    /// What was found, in one sentence.
    pub(super) detail: String,
    /// How to fix it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
}

/// Whether a thing works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum CheckResult {
    /// It works.
    Ok,
    /// It works, but something is unusual.
    Warning,
    /// It does not work.
    Failed,
    /// It could not be checked from here.
    NotChecked,
}

impl CheckResult {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::NotChecked => "not checked",
        }
    }
}

impl Check {
    pub(super) fn ok(name: &'static str, detail: &str) -> Self {
        Self::new(name, CheckResult::Ok, detail, None)
    }

    pub(super) fn warning(name: &'static str, detail: &str, fix: &str) -> Self {
        Self::new(name, CheckResult::Warning, detail, Some(fix))
    }

    pub(super) fn failed(name: &'static str, detail: &str, fix: &str) -> Self {
        Self::new(name, CheckResult::Failed, detail, Some(fix))
    }

    pub(super) fn not_checked(name: &'static str, why: &str) -> Self {
        Self::new(name, CheckResult::NotChecked, why, None)
    }

    pub(super) fn not_checked_without_settings(name: &'static str) -> Self {
        Self::not_checked(name, "its settings are invalid; fix them first")
    }

    fn new(name: &'static str, result: CheckResult, detail: &str, fix: Option<&str>) -> Self {
        Self {
            name,
            result,
            detail: detail.to_owned(),
            fix: fix.map(str::to_owned),
        }
    }
}
