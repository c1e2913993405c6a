//! Locks on unique values: of two simultaneous writes of one address, the second is answered 423.
//! <https://developers.hubspot.com/docs/api-reference/error-handling>

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    app::App,
    faults::CallFacts,
    http::response::{error_body::ErrorBody, known_errors},
};

/// The unique values that one call has locked. Dropping this unlocks them.
#[derive(Debug)]
pub(crate) struct UniqueValueLock {
    app: Arc<App>,
    held: BTreeSet<(String, String)>,
}

impl UniqueValueLock {
    /// Locks every unique value that a call writes. The error names a value that another call has locked.
    pub(crate) fn acquire(app: &Arc<App>, facts: &CallFacts) -> Result<Self, ErrorBody> {
        let mut state = app.state();
        let mut held = BTreeSet::new();
        if state.switches.lock_unique_values && !facts.is_read() {
            if let Some((property, value)) = facts.unique_values.intersection(&state.locked).next() {
                return Err(known_errors::locked(
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

impl Drop for UniqueValueLock {
    fn drop(&mut self) {
        let mut state = self.app.state();
        for value in &self.held {
            state.locked.remove(value);
        }
    }
}
