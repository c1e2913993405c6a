//! The entries in `errors` of the response to a batch.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{rejection_body::rejection_body, translation::translate};
use crate::{
    app::State,
    model::{BatchError, Rejection},
    settings::ConflictBody,
};

/// The entry for one error. One entry names all ids that were not found.
pub(crate) fn error_entry(state: &State, error: &BatchError) -> Value {
    let mut context: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut entry = match error {
        BatchError::NotFound { ids, trace_ids } => {
            context.insert("ids", ids.clone());
            if !trace_ids.is_empty() {
                context.insert("objectWriteTraceId", trace_ids.clone());
            }
            json!({
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "message":
                    "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.",
                "context": context,
            })
        }
        BatchError::Rejected { rejection, trace_id } => {
            let conflict_body = state.switches.conflict_body;
            let body = rejection_body(rejection, state.account.stored.portal_id, conflict_body).json;
            context.insert("objectWriteTraceId", vec![trace_id.clone()]);
            if let Rejection::EmailConflict { holder, .. } = rejection
                && conflict_body != ConflictBody::WithoutId
            {
                context.insert("existingId", vec![holder.to_string()]);
            }
            json!({
                "status": "error",
                "category": body["category"],
                "message": body["message"],
                "context": context,
            })
        }
    };
    if state.switches.error_ids {
        // The id of the error. A client that takes it for the id of a record finds no such record.
        entry["id"] = Uuid::new_v4().to_string().into();
    }
    translate(&mut entry, state.switches.message_language);
    entry
}
