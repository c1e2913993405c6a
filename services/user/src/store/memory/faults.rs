//! Faults that a simulation or a test plants into a store in memory.

use super::{MemoryError, MemoryStore};
use crate::store::StoreError;

/// A fault. It strikes the first transaction of the store that reaches the named point, and is then used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemoryFault {
    /// The next transaction does not begin: [`StoreError::Unavailable`].
    BeginFails,
    /// The next statement after a `begin` fails and its transaction is rolled back: [`StoreError::NothingChanged`]. Where
    /// the transaction makes no other statement, that is its commit.
    StatementFails,
    /// The next commit is lost before it is applied: [`StoreError::Unknown`], and nothing changed.
    CommitLost,
    /// The next commit is applied and its answer is lost: [`StoreError::Unknown`], although everything changed.
    AnswerLost,
}

/// Plants faults into a store. Clones plant into the same store.
#[derive(Clone)]
pub struct MemoryFaults {
    store: MemoryStore,
}

impl MemoryFaults {
    pub(super) fn new(store: MemoryStore) -> Self {
        Self { store }
    }

    /// Plants a fault. Planted twice, it strikes twice.
    pub fn plant(&self, fault: MemoryFault) {
        self.store.lock().faults.0.push(fault);
    }

    /// The faults that have not struck yet, in the order in which they were planted.
    pub fn planted(&self) -> Vec<MemoryFault> {
        self.store.lock().faults.0.clone()
    }

    /// Removes the faults that have not struck yet.
    pub fn clear(&self) {
        self.store.lock().faults.0.clear();
    }
}

/// The faults that have not struck yet.
#[derive(Default)]
pub(super) struct PlantedFaults(Vec<MemoryFault>);

impl PlantedFaults {
    /// Uses up a fault of this kind, if one is planted.
    pub(super) fn strike(&mut self, fault: MemoryFault) -> Result<(), StoreError> {
        let Some(position) = self.0.iter().position(|planted| *planted == fault) else {
            return Ok(());
        };
        self.0.remove(position);
        let cause = MemoryError::Planted(fault);
        Err(match fault {
            MemoryFault::BeginFails => StoreError::unavailable(cause),
            MemoryFault::StatementFails => StoreError::before_commit(cause),
            MemoryFault::CommitLost | MemoryFault::AnswerLost => StoreError::unknown(cause),
        })
    }
}
