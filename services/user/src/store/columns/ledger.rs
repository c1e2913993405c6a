//! The part of a row that only the rules read.

use std::collections::BTreeMap;

use contracts::{Field, Found, Link, Outcome, PerField, Reason};
use serde::{Deserialize, Serialize};

use crate::rules::{Creating, Doubt, FieldState, OpenAttempt, PastAttempt, Row, UnixMs, UsedKey};

/// What is written for a row besides its searchable columns. What has its usual value is left out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ledger {
    turn: u64,
    fields: BTreeMap<Field, FieldLedger>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<LinkLedger>,
    #[serde(default, skip_serializing_if = "is_default")]
    was_linked: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    creating: Vec<Creating>,
    #[serde(default, skip_serializing_if = "is_default")]
    attempt: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    holder: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<OpenAttempt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubt: Option<Doubt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wake_at: Option<UnixMs>,
    #[serde(default, skip_serializing_if = "is_default")]
    rechecks: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    failures: u32,
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

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldLedger {
    touched: u64,
    owed: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    settled: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(default, skip_serializing_if = "is_default")]
    settled_at: UnixMs,
}

/// A link without the ids, which are columns.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkLedger {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    found: Found,
    #[serde(default, skip_serializing_if = "is_default")]
    shared: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Ledger {
    pub(super) fn of(row: &Row) -> Self {
        let link = row.link.as_ref();
        Self {
            turn: row.turn,
            fields: row
                .fields
                .iter()
                .filter_map(|(field, state)| Some((field, FieldLedger::of(state)?)))
                .collect(),
            link: link.map(|link| LinkLedger {
                address: link.address.clone(),
                found: link.found,
                shared: link.shared,
            }),
            was_linked: row.was_linked,
            creating: row.creating.clone(),
            attempt: row.attempt,
            holder: row.holder.clone(),
            open: row.open.clone(),
            doubt: row.doubt,
            wake_at: row.wake_at,
            rechecks: row.rechecks,
            failures: row.failures,
            charges: row.charges,
            last_failure: row.last_failure.clone(),
            history: row.history.clone(),
            keys: row.keys.clone(),
            unchanged: row.unchanged.clone(),
        }
    }

    /// Fills in what the other columns left open.
    pub(super) fn fill(
        mut self,
        row: &mut Row,
        mut values: PerField<Option<String>>,
        contact: Option<(String, String)>,
    ) {
        row.fields = PerField::from_fn(|field| {
            let ledger = self.fields.remove(&field);
            FieldLedger::into_state(ledger, values[field].take())
        });
        let link = self.link.zip(contact);
        row.link = link.map(|(link, (account_id, contact_id))| Link {
            contact_id,
            account_id,
            address: link.address,
            found: link.found,
            shared: link.shared,
        });
        // A ledger written before this was kept tells it by its link.
        row.was_linked = self.was_linked || row.link.is_some();
        row.turn = self.turn;
        row.creating = self.creating;
        row.attempt = self.attempt;
        row.holder = self.holder;
        row.open = self.open;
        row.doubt = self.doubt;
        row.wake_at = self.wake_at;
        row.rechecks = self.rechecks;
        row.failures = self.failures;
        row.charges = self.charges;
        row.last_failure = self.last_failure;
        row.history = self.history;
        row.keys = self.keys;
        row.unchanged = self.unchanged;
    }
}

impl FieldLedger {
    /// None for a field that was never given.
    fn of(state: &FieldState) -> Option<Self> {
        (state.touched > 0).then(|| Self {
            touched: state.touched,
            owed: state.owed,
            settled: state.settled,
            outcome: state.outcome.clone(),
            settled_at: state.settled_at,
        })
    }

    fn into_state(ledger: Option<Self>, value: Option<String>) -> FieldState {
        let Some(ledger) = ledger else {
            return FieldState {
                value,
                ..FieldState::default()
            };
        };
        FieldState {
            value,
            touched: ledger.touched,
            owed: ledger.owed,
            settled: ledger.settled,
            outcome: ledger.outcome,
            settled_at: ledger.settled_at,
        }
    }
}
