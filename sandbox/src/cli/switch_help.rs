//! The list of switches in `--help`.

use serde_json::Value;

use crate::Switches;

/// Every switch: its name, its values and what it does. The defaults come from [`Switches`].
const SWITCHES: [(&str, &str, &str); 33] = [
    (
        "conflict_body",
        "with_id, without_id, object_already_exists",
        "body of a 409",
    ),
    (
        "old_email",
        "kept, dropped",
        "whether a contact keeps a primary address that another one replaces",
    ),
    (
        "erased_email_returns",
        "true, false",
        "a call of the API may write an address erased for privacy",
    ),
    (
        "additional_emails_writable",
        "true, false",
        "hs_additional_emails can be written",
    ),
    (
        "preserve_primary_id",
        "true, false",
        "a merge keeps the id of the primary contact",
    ),
    (
        "former_ids_readable",
        "true, false",
        "reads find a merged contact by its former ids",
    ),
    (
        "former_ids_followed",
        "true, false",
        "batch updates follow a former id",
    ),
    (
        "upsert_by_email",
        "true, false",
        "batch upsert accepts idProperty email",
    ),
    (
        "partial_batches",
        "true, false",
        "with trace ids, the valid inputs of a batch are written",
    ),
    (
        "partial_status",
        "multi_status, success",
        "status of a batch of which some inputs failed: 207, or 200 and 201",
    ),
    (
        "multi_status_on_success",
        "true, false",
        "a batch with trace ids answers 207 even if all inputs succeeded",
    ),
    (
        "empty_success",
        "true, false",
        "batch writes answer 2xx with an empty list and do nothing",
    ),
    (
        "shuffle_results",
        "true, false",
        "the results of a batch are shuffled",
    ),
    (
        "trace_ids_in_results",
        "true, false",
        "results of batch writes repeat the trace id of their input",
    ),
    (
        "error_ids",
        "true, false",
        "each entry in the errors of a batch has an id of its own",
    ),
    (
        "associations_required",
        "true, false",
        "creates need associations; an empty list is enough",
    ),
    (
        "message_language",
        "english, german",
        "language of messages; categories, codes and contexts do not change",
    ),
    (
        "search_lag_ms",
        "milliseconds",
        "how long search still shows a contact as it was before a write",
    ),
    ("retry_after", "true, false", "a 429 has Retry-After"),
    (
        "rotate_refresh_token",
        "true, false",
        "each use of a refresh token ends it and answers with a new one",
    ),
    (
        "missing_scopes",
        "JSON list of crm.objects.contacts.read, crm.objects.contacts.write, crm.schemas.contacts.read, \
         crm.schemas.contacts.write, oauth",
        "scopes the app lacks; calls that need one answer 403",
    ),
    (
        "unknown_property",
        "name",
        "a property that this account does not have",
    ),
    ("read_only_property", "name", "a property that cannot be written"),
    (
        "required_property",
        "name",
        "from 2026-09 on, no write may leave this property empty",
    ),
    (
        "rejected_property",
        "name",
        "from 2026-09 on, writes of this property are rejected",
    ),
    (
        "number_form",
        "as_written, canonical",
        "form in which numbers read back; canonical has no needless zeros",
    ),
    (
        "datetime_form",
        "iso, iso_milliseconds, milliseconds",
        "form in which datetimes read back; iso has milliseconds only if they are not 0",
    ),
    (
        "choices_form",
        "as_written, sorted",
        "order in which several options read back",
    ),
    (
        "backward_stage",
        "kept, rejected",
        "a write of an earlier lifecycle stage succeeds and keeps the later one, or is rejected",
    ),
    (
        "lock_unique_values",
        "true, false",
        "a write of a unique value that another call is writing answers 423",
    ),
    (
        "equal_values_touch",
        "true, false",
        "a write of equal values changes lastmodifieddate",
    ),
    ("latency_ms", "milliseconds", "latency of each call"),
    (
        "latency_jitter_ms",
        "milliseconds",
        "maximum of a random addition to the latency",
    ),
];

/// The list of switches for the end of `--help`.
pub(crate) fn switch_help() -> String {
    let defaults = serde_json::to_value(Switches::default()).unwrap_or_default();
    let line = |(name, values, meaning): &(&str, &str, &str)| {
        let default = match &defaults[*name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("  {name}: {meaning}\n      [{values}; default: {default}]")
    };
    let lines: Vec<String> = SWITCHES.iter().map(line).collect();
    format!("Switches:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn help_and_readme_name_every_switch() {
        let switches = serde_json::to_value(Switches::default()).unwrap();
        let named: Vec<&str> = SWITCHES.iter().map(|(name, ..)| *name).collect();
        let readme = include_str!("../../README.md");
        for name in switches.as_object().unwrap().keys() {
            assert!(named.contains(&name.as_str()), "--help does not name {name}");
            assert!(
                readme.contains(&format!("| `{name}` |")),
                "the README does not name {name}"
            );
        }
        assert_eq!(named.len(), switches.as_object().unwrap().len());
    }
}
