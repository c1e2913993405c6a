//! Switches: behaviour that HubSpot's documentation leaves open or that differs between accounts. They can be changed
//! while the sandbox runs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One switch for each behaviour on which a client must not depend.
///
/// The defaults are what most accounts show. Where that is unknown, the default is the one that is harder for a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, each named for use in JSON"
)]
pub struct Switches {
    /// The form of the body of a 409.
    pub conflict_body: ConflictBody,
    /// Whether a contact keeps its primary address, as a secondary one, when another one replaces it.
    pub old_email: OldEmail,
    /// A call of the API may write an address that was erased for privacy. People in the browser never can.
    pub erased_email_returns: bool,
    /// Whether `hs_additional_emails` can be written.
    pub additional_emails_writable: bool,
    /// A merge keeps the id of the primary contact; by default it makes a new one.
    pub preserve_primary_id: bool,
    /// Reads find a merged contact by its former ids.
    pub former_ids_readable: bool,
    /// Batch updates follow a former id and answer with the new one; by default they skip it without a word in the response.
    pub former_ids_followed: bool,
    /// Batch upsert accepts `idProperty: "email"`.
    pub upsert_by_email: bool,
    /// With a trace id on each input of a batch, the valid inputs are written; otherwise one invalid input rejects all.
    pub partial_batches: bool,
    /// The status of a batch of which some inputs failed.
    pub partial_status: PartialStatus,
    /// A batch whose inputs have trace ids answers 207 even if all of them succeeded.
    pub multi_status_on_success: bool,
    /// Batch writes answer 2xx with an empty list and do nothing.
    pub empty_success: bool,
    /// The results of a batch are shuffled.
    pub shuffle_results: bool,
    /// Results of batch writes repeat the trace id of their input.
    pub trace_ids_in_results: bool,
    /// Each entry in the `errors` of a batch has an `id`, which is the id of the error and not of a record.
    pub error_ids: bool,
    /// Creates need `associations`; an empty list is enough. HubSpot's specification says so, its guide does not.
    pub associations_required: bool,
    /// The language of messages for people. Categories, codes and contexts are the same in every language.
    pub message_language: MessageLanguage,
    /// How long search still shows a contact as it was before a write.
    pub search_lag_ms: u64,
    /// A 429 has `Retry-After`.
    pub retry_after: bool,
    /// Each use of a refresh token answers with a new one and ends the old one.
    pub rotate_refresh_token: bool,
    /// Scopes the app was not granted; calls that need one answer 403.
    pub missing_scopes: Vec<String>,
    /// A property that this account does not have.
    pub unknown_property: Option<String>,
    /// A property that this account's users and apps cannot write.
    pub read_only_property: Option<String>,
    /// An admin's rule, from 2026-09 on: no write may leave this property empty.
    pub required_property: Option<String>,
    /// An admin's rule, from 2026-09 on: writes of this property are rejected.
    pub rejected_property: Option<String>,
    /// The form in which numbers read back.
    pub number_form: NumberForm,
    /// The form in which datetimes read back.
    pub datetime_form: DateTimeForm,
    /// The order in which the options of a property with several read back.
    pub choices_form: ChoicesForm,
    /// What happens to a write of an earlier lifecycle stage.
    pub backward_stage: BackwardStage,
    /// A write of a unique value answers 423 while another call is writing it.
    pub lock_unique_values: bool,
    /// A write of equal values changes `lastmodifieddate`.
    pub equal_values_touch: bool,
    /// The latency of each call.
    pub latency_ms: u64,
    /// The maximum of a random addition to the latency of each call.
    pub latency_jitter_ms: u64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            conflict_body: ConflictBody::WithId,
            old_email: OldEmail::Kept,
            erased_email_returns: false,
            additional_emails_writable: false,
            preserve_primary_id: false,
            former_ids_readable: true,
            former_ids_followed: false,
            upsert_by_email: true,
            partial_batches: true,
            partial_status: PartialStatus::MultiStatus,
            multi_status_on_success: false,
            empty_success: false,
            shuffle_results: true,
            trace_ids_in_results: false,
            error_ids: false,
            associations_required: false,
            message_language: MessageLanguage::English,
            search_lag_ms: 1_000,
            retry_after: false,
            rotate_refresh_token: false,
            missing_scopes: Vec::new(),
            unknown_property: None,
            read_only_property: None,
            required_property: None,
            rejected_property: None,
            number_form: NumberForm::Canonical,
            datetime_form: DateTimeForm::Iso,
            choices_form: ChoicesForm::Sorted,
            backward_stage: BackwardStage::Kept,
            lock_unique_values: true,
            equal_values_touch: true,
            latency_ms: 0,
            latency_jitter_ms: 0,
        }
    }
}

impl Switches {
    /// These switches with the named ones changed.
    pub fn patched(&self, patch: &Value) -> Result<Self, serde_json::Error> {
        let mut merged = serde_json::to_value(self)?;
        if let (Some(current), Some(changes)) = (merged.as_object_mut(), patch.as_object()) {
            current.extend(changes.clone());
        } else {
            merged = patch.clone();
        }
        serde_json::from_value(merged)
    }
}

/// The three forms that were seen in different accounts for the body of a 409.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictBody {
    /// `Contact already exists. Existing ID: 512`.
    WithId,
    /// `Contact already exists`.
    WithoutId,
    /// Category `OBJECT_ALREADY_EXISTS`, with the id in an inner message.
    ObjectAlreadyExists,
}

/// Whether a contact keeps a primary address that is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldEmail {
    /// The contact keeps it as a secondary address, so no other contact can have it.
    Kept,
    /// The contact loses it, so another contact can have it.
    Dropped,
}

/// The status of a batch of which some inputs failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartialStatus {
    /// Status 207, Multi-Status.
    MultiStatus,
    /// The status of a full success: 200, for creates 201.
    Success,
}

/// The language of messages for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageLanguage {
    /// Messages in English, as HubSpot's documents show them.
    English,
    /// Messages in German; codes and categories stay as they are.
    German,
}

/// The form in which the value of a number property reads back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberForm {
    /// As it was written: `5.0` stays `5.0`.
    AsWritten,
    /// Without needless zeros: `5.0` becomes `5`.
    Canonical,
}

/// The form in which the value of a datetime property reads back. `createdate` and `lastmodifieddate` always have
/// milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateTimeForm {
    /// ISO 8601 with milliseconds only if they are not 0: `2026-11-22T10:00:00Z`.
    Iso,
    /// ISO 8601 with milliseconds: `2026-11-22T10:00:00.000Z`.
    IsoMilliseconds,
    /// Milliseconds since 1970: `1795341600000`.
    Milliseconds,
}

/// The order in which several options read back. A leading `;` of the write never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoicesForm {
    /// In the order in which they were written and appended.
    AsWritten,
    /// In alphabetical order.
    Sorted,
}

/// What happens to a write of an earlier lifecycle stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackwardStage {
    /// The call succeeds, and the contact keeps the later stage.
    Kept,
    /// The call is rejected.
    Rejected,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let patched = Switches::default()
            .patched(&json!({"old_email": "dropped", "latency_ms": 5}))
            .unwrap();
        let expected = Switches {
            old_email: OldEmail::Dropped,
            latency_ms: 5,
            ..Switches::default()
        };
        assert_eq!(patched, expected);
    }

    #[test]
    fn an_unknown_switch_is_an_error() {
        assert!(
            Switches::default()
                .patched(&json!({"old_emial": "dropped"}))
                .is_err()
        );
        assert!(Switches::default().patched(&json!(["old_email"])).is_err());
    }
}
