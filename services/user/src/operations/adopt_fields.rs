//! At the start of a service: the set of fields that is stored, changed by the file as far as that needs no consent.

use contracts::{
    FieldDefinitions, UserId,
    fields::{FieldDefinition, built_in_fields},
};

use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    field_changes::{FieldChange, compare_sets},
};

/// Reads the stored set of fields, and changes it by a file.
#[derive(Debug, Clone)]
pub struct AdoptFields {
    /// The definitions of the file; none without one.
    pub file: Option<Vec<FieldDefinition>>,
}

/// The set of fields, and what the file would change about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldsAdopted {
    /// The set that is stored now.
    pub definitions: FieldDefinitions,
    /// Changes by the file that were made.
    pub applied: Vec<FieldChange>,
    /// If the file was not adopted: its changes that an operator has to apply.
    pub waiting: Vec<FieldChange>,
}

impl Operation for AdoptFields {
    type Answer = FieldsAdopted;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        Vec::new()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<FieldsAdopted, OperationError> {
        // Whoever changes the set holds the lease, so that of two services that start at the same time the second one sees the set of the
        // first.
        batch.lease().await?;
        let Some(stored) = batch.transaction.read_fields().await? else {
            // A new database takes the file as it is.
            let first = self.file.clone().unwrap_or_else(built_in_fields);
            return adopt(batch, 1, first, Vec::new()).await;
        };
        let changes = match &self.file {
            Some(file) => compare_sets(&definitions(&stored), file),
            None => Vec::new(),
        };
        let (at_start, waiting): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .partition(|change| change.kind.is_applied_at_start());
        match &self.file {
            Some(file) if waiting.is_empty() && !at_start.is_empty() => {
                adopt(batch, stored.revision() + 1, file.clone(), at_start).await
            }
            _ => Ok(FieldsAdopted {
                definitions: stored,
                applied: Vec::new(),
                waiting,
            }),
        }
    }
}

async fn adopt(
    batch: &mut Batch<'_>,
    revision: u64,
    fields: Vec<FieldDefinition>,
    applied: Vec<FieldChange>,
) -> Result<FieldsAdopted, OperationError> {
    let definitions =
        FieldDefinitions::new(revision, fields).map_err(|error| super::invalid_fields(&error))?;
    batch.save_fields(&definitions).await?;
    Ok(FieldsAdopted {
        definitions,
        applied,
        waiting: Vec::new(),
    })
}

fn definitions(set: &FieldDefinitions) -> Vec<FieldDefinition> {
    set.iter().map(|(_, definition)| definition.clone()).collect()
}
