//! Locks on unique values: two writes of the same address at the same time do not both succeed.
//! <https://developers.hubspot.com/docs/api-reference/error-handling>

use std::{collections::BTreeSet, sync::Arc};

use super::{error_body::ErrorBody, fault_body};
use crate::{app::App, faults::CallFacts};

/// Values locked by one call, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct UniqueLock {
    app: Arc<App>,
    held: BTreeSet<(String, String)>,
}

impl UniqueLock {
    /// Locks every unique value that a call writes, or says which one another call holds.
    pub(crate) fn acquire(app: &Arc<App>, facts: &CallFacts) -> Result<Self, ErrorBody> {
        let mut state = app.state();
        let is_read = facts.path.ends_with("/batch/read") || facts.path.ends_with("/search");
        let mut held = BTreeSet::new();
        if state.switches.lock_unique_values && !is_read {
            if let Some((property, value)) = facts.unique_values.intersection(&state.locked).next() {
                return Err(fault_body::locked(
                    state.account.stored.portal_id,
                    property,
                    value,
                ));
            }
            held.clone_from(&facts.unique_values);
            state.locked.extend(held.iter().cloned());
        }
        drop(state);
        Ok(Self {
            app: Arc::clone(app),
            held,
        })
    }
}

impl Drop for UniqueLock {
    fn drop(&mut self) {
        let mut state = self.app.state();
        for value in &self.held {
            state.locked.remove(value);
        }
    }
}
