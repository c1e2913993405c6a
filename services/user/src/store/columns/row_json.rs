//! The part of a row that only the rules read, as JSON.
//!
//! The members keep the names under which earlier versions stored them; a comment says what each is called in a row.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, Link, LinkOrigin, PerField, Reason};
use serde::{Deserialize, Serialize};

use crate::rules::{
    FieldState, LateWriteWindow, OpenAttempt, PastAttempt, RememberedCreate, Row, UnixMs, UsedKey,
};

/// A row without the values that have columns of their own. Members with their default value are left out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RowJson {
    generation: u64,
    fields: BTreeMap<Field, FieldJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<LinkJson>,
    #[serde(default, skip_serializing_if = "is_default")]
    was_linked: bool,
    /// The row's `possible_creates`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    creating: Vec<RememberedCreate>,
    #[serde(default, skip_serializing_if = "is_default")]
    attempt: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    holder: String,
    /// The row's `open_attempt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<OpenAttempt>,
    /// The row's `in_doubt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubt: Option<LateWriteWindow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wake_at: Option<UnixMs>,
    #[serde(default, skip_serializing_if = "is_default")]
    rechecks: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    failures: u32,
    /// The row's `counted_failures`.
    #[serde(default, skip_serializing_if = "is_default")]
    charges: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_failure: Option<Reason>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    history: Vec<PastAttempt>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<UsedKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unchanged: Vec<(u64, u64)>,
}

/// A field without its value, which is a column.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldJson {
    /// The field's `changed_in`.
    touched: u64,
    /// The field's `dirty_since`.
    owed: u64,
    /// The field's `resolved_at`.
    #[serde(default, skip_serializing_if = "is_default")]
    settled: u64,
    /// The field's `result`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<ResultJson>,
    /// The field's `recorded_at`.
    #[serde(default, skip_serializing_if = "is_default")]
    settled_at: UnixMs,
}

/// The result of a field, under the names that states had before.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
enum ResultJson {
    Confirmed,
    Refused {
        reason: Reason,
    },
    Missing,
    Taken {
        reason: Reason,
    },
    Parked {
        reason: Reason,
        #[serde(rename = "mayPass")]
        is_transient: bool,
    },
}

/// A link without its ids, which are columns.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The link's `origin`.
    found: LinkOrigin,
    #[serde(default, skip_serializing_if = "is_default")]
    shared: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl RowJson {
    pub(super) fn of(row: &Row) -> Self {
        let link = row.link.as_ref();
        Self {
            generation: row.generation,
            fields: row
                .fields
                .iter()
                .filter_map(|(field, state)| Some((field, FieldJson::of(state)?)))
                .collect(),
            link: link.map(|link| LinkJson {
                address: link.address.clone(),
                found: link.origin,
                shared: link.shared,
            }),
            was_linked: row.was_linked,
            creating: row.possible_creates.clone(),
            attempt: row.attempt,
            holder: row.holder.clone(),
            open: row.open_attempt.clone(),
            doubt: row.in_doubt,
            wake_at: row.wake_at,
            rechecks: row.rechecks,
            failures: row.failures,
            charges: row.counted_failures,
            last_failure: row.last_failure.clone(),
            history: row.history.clone(),
            keys: row.keys.clone(),
            unchanged: row.unchanged.clone(),
        }
    }

    /// Completes a row that already has the values of the other columns.
    pub(super) fn fill(
        mut self,
        row: &mut Row,
        mut values: PerField<Option<String>>,
        contact: Option<(String, String)>,
    ) {
        row.fields = PerField::from_fn(|field| {
            let json = self.fields.remove(&field);
            FieldJson::into_state(json, values[field].take())
        });
        let link = self.link.zip(contact);
        row.link = link.map(|(link, (account_id, contact_id))| Link {
            contact_id,
            account_id,
            address: link.address,
            origin: link.found,
            shared: link.shared,
        });
        // Rows stored before this member existed were linked if they have a link.
        row.was_linked = self.was_linked || row.link.is_some();
        row.generation = self.generation;
        row.possible_creates = self.creating;
        row.attempt = self.attempt;
        row.holder = self.holder;
        row.open_attempt = self.open;
        row.in_doubt = self.doubt;
        row.wake_at = self.wake_at;
        row.rechecks = self.rechecks;
        row.failures = self.failures;
        row.counted_failures = self.charges;
        row.last_failure = self.last_failure;
        row.history = self.history;
        row.keys = self.keys;
        row.unchanged = self.unchanged;
    }
}

impl FieldJson {
    /// None for a field that was never given.
    fn of(state: &FieldState) -> Option<Self> {
        (state.changed_in > 0).then(|| Self {
            touched: state.changed_in,
            owed: state.dirty_since,
            settled: state.resolved_at,
            outcome: state.result.as_ref().map(ResultJson::of),
            settled_at: state.recorded_at,
        })
    }

    fn into_state(json: Option<Self>, value: Option<String>) -> FieldState {
        let Some(json) = json else {
            return FieldState {
                value,
                ..FieldState::default()
            };
        };
        FieldState {
            value,
            changed_in: json.touched,
            dirty_since: json.owed,
            resolved_at: json.settled,
            result: json.outcome.map(ResultJson::into_result),
            recorded_at: json.settled_at,
        }
    }
}

impl ResultJson {
    fn of(result: &FieldResult) -> Self {
        match result.clone() {
            FieldResult::Confirmed => Self::Confirmed,
            FieldResult::Rejected { reason } => Self::Refused { reason },
            FieldResult::NotFound => Self::Missing,
            FieldResult::Conflict { reason } => Self::Taken { reason },
            FieldResult::Failed { reason, is_transient } => Self::Parked { reason, is_transient },
        }
    }

    fn into_result(self) -> FieldResult {
        match self {
            Self::Confirmed => FieldResult::Confirmed,
            Self::Refused { reason } => FieldResult::Rejected { reason },
            Self::Missing => FieldResult::NotFound,
            Self::Taken { reason } => FieldResult::Conflict { reason },
            Self::Parked { reason, is_transient } => FieldResult::Failed { reason, is_transient },
        }
    }
}
