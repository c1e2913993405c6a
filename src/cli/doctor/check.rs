//! What was looked at, and what was found.

use serde::Serialize;

/// One thing that hubsync needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What was looked at.
    pub(crate) name: &'static str,
    /// How it went.
    pub(crate) outcome: Outcome,
    /// What was found.
    pub(crate) detail: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mend: Option<String>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Outcome {
    /// Well.
    Ok,
    /// It works, but is worth a look.
    Warning,
    /// It does not work.
    Failed,
    /// It cannot be known from here.
    NotChecked,
}

impl Outcome {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::NotChecked => "not checked",
        }
    }
}

impl Check {
    pub(crate) fn ok(name: &'static str, detail: &str) -> Self {
        Self::new(name, Outcome::Ok, detail, None)
    }

    pub(crate) fn warning(name: &'static str, detail: &str, mend: &str) -> Self {
        Self::new(name, Outcome::Warning, detail, Some(mend))
    }

    pub(crate) fn failed(name: &'static str, detail: &str, mend: &str) -> Self {
        Self::new(name, Outcome::Failed, detail, Some(mend))
    }

    pub(crate) fn not_checked(name: &'static str, why: &str) -> Self {
        Self::new(name, Outcome::NotChecked, why, None)
    }

    pub(crate) fn for_want_of_settings(name: &'static str) -> Self {
        Self::not_checked(name, "its settings have faults; mend those first")
    }

    fn new(name: &'static str, outcome: Outcome, detail: &str, mend: Option<&str>) -> Self {
        Self {
            name,
            outcome,
            detail: detail.to_owned(),
            mend: mend.map(str::to_owned),
        }
    }
}
