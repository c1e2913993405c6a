//! An entry in the `errors` of a batch's answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{language::translate, refusal_body::body_of};
use crate::{
    app::State,
    model::{BatchError, Refusal},
    switches::ConflictBody,
};

/// One entry. All ids that were not found share one.
pub(crate) fn entry(state: &State, error: &BatchError) -> Value {
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
        BatchError::Refused { refusal, trace_id } => {
            let conflict_body = state.switches.conflict_body;
            let body = body_of(refusal, state.account.stored.portal_id, conflict_body).json;
            context.insert("objectWriteTraceId", vec![trace_id.clone()]);
            if let Refusal::EmailTaken { holder, .. } = refusal
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
        // The error's own: a client that takes it for a record's id finds no such record.
        entry["id"] = Uuid::new_v4().to_string().into();
    }
    translate(&mut entry, state.switches.message_language);
    entry
}
