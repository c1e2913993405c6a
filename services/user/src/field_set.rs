//! The set of fields of this service: adopted at the start, and read again because another replica may change it.

use std::{sync::Arc, time::Duration};

use contracts::{FieldsChanged, Notice, fields::FieldDefinition};
use futures_util::StreamExt;
use runtime::{Backoff, CurrentFields, health::Registry, nats::Nats};
use tokio::time::{sleep, timeout};

use crate::{
    commit::CommitQueue,
    field_changes::FieldChange,
    operations::{AdoptFields, FieldsAdopted},
    store::UserReader,
};

/// The name of the check that shows the set.
pub(crate) const CHECK: &str = "fields";
/// How often the stored set is read, because a notice can be lost.
const REFRESH: Duration = Duration::from_secs(5);

/// Adopts the set at the start of the service, and waits for a database that takes no changes yet.
pub(crate) async fn adopt_fields(
    file: Option<Vec<FieldDefinition>>,
    commits: &CommitQueue,
    nats: &Nats,
    fields: &CurrentFields,
    health: &Registry,
) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    let FieldsAdopted {
        definitions,
        applied,
        waiting,
    } = loop {
        match commits.run(AdoptFields { file: file.clone() }, None).await {
            Ok(adopted) => break adopted,
            Err(error) => {
                health.set(
                    CHECK,
                    false,
                    format!("the set of fields cannot be read yet: {error}"),
                );
                sleep(backoff.next_delay()).await;
            }
        }
    };
    let revision = definitions.revision();
    fields.replace(Arc::new(definitions));
    show(fields, &waiting, health);
    if waiting.is_empty() {
        let changes = joined(&applied);
        tracing::info!(revision, changes, "the set of fields is in use");
    } else {
        tracing::warn!(
            revision,
            changes = joined(&waiting),
            "the file of fields removes fields, narrows rules, or changes types or properties, so the stored set stays in use"
        );
    }
    // Services that know another revision read this one.
    publish(nats, revision).await;
}

/// Uses each set that another replica stores. It ends with the connection to NATS.
pub(crate) async fn follow_stored_fields(
    reader: Arc<dyn UserReader>,
    nats: Nats,
    fields: CurrentFields,
    health: Registry,
) {
    let Ok(mut notices) = nats.client().subscribe(FieldsChanged::SUBJECT).await else {
        return;
    };
    loop {
        if let Ok(None) = timeout(REFRESH, notices.next()).await {
            return;
        }
        match reader.fields().await {
            Ok(Some(stored)) if stored != *fields.get() => {
                tracing::info!(revision = stored.revision(), "another set of fields is in use");
                fields.replace(Arc::new(stored));
                show(&fields, &[], &health);
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the set of fields cannot be read"),
        }
    }
}

async fn publish(nats: &Nats, revision: u64) {
    let notice = serde_json::to_vec(&FieldsChanged { revision }).expect("contracts have text keys");
    if let Err(error) = nats.client().publish(FieldsChanged::SUBJECT, notice.into()).await {
        tracing::debug!(%error, "the new set of fields is not announced; services read it within ten seconds");
    }
}

fn show(fields: &CurrentFields, waiting: &[FieldChange], health: &Registry) {
    let set = fields.get();
    let (count, revision) = (set.iter().len(), set.revision());
    let difference = match waiting {
        [] => String::new(),
        _ => format!(
            "; the file is not used, because of these changes: {}",
            joined(waiting)
        ),
    };
    health.set(
        CHECK,
        true,
        format!("{count} fields, revision {revision}{difference}"),
    );
}

fn joined(changes: &[FieldChange]) -> String {
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    changes.join(", ")
}
