//! The settings of the stream: those that hubsync needs, those that an operator may choose, and how an existing stream
//! differs.

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use contracts::subjects::{STREAM, USERS_CHANGED_ALL, WINDOW};
use serde_json::{Map, Value};

/// The settings that an operator may choose without harm to delivery. They are kept.
const OPERATOR_SETTINGS: [&str; 15] = [
    "name",
    "description",
    "metadata",
    "placement",
    "compression",
    "allow_direct",
    "mirror_direct",
    // Wake-ups have no message ids.
    "duplicate_window",
    // In a work queue acknowledgements remove messages even if deleting is denied.
    "deny_delete",
    "deny_purge",
    "allow_rollup_hdrs",
    "first_seq",
    // A worker that cannot create its consumer reports that.
    "max_consumers",
    "template_owner",
    "pause_until",
];
const REPLICAS: &str = "num_replicas";

/// The settings of a stream as the server returns them, including those that the client library does not know.
pub(super) type Settings = Map<String, Value>;

/// The settings that hubsync needs: a work queue that holds one wake-up for each user. It rejects a second one, so that the
/// first keeps its position, and it rejects wake-ups beyond its window, so that the broker stays small.
pub(super) fn wanted(replicas: Option<usize>) -> Settings {
    let config = Config {
        name: STREAM.to_owned(),
        description: Some("wake-ups of users with changes that wait for HubSpot".to_owned()),
        subjects: vec![USERS_CHANGED_ALL.into()],
        retention: RetentionPolicy::WorkQueue,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        max_messages_per_subject: 1,
        max_messages: i64::try_from(WINDOW).unwrap_or(i64::MAX),
        num_replicas: replicas.unwrap_or(1),
        ..Config::default()
    };
    match serde_json::to_value(config) {
        Ok(Value::Object(settings)) => settings,
        other => unreachable!("the settings of a stream are an object: {other:?}"),
    }
}

/// The names of the settings that differ from the needed ones and matter. The number of replicas matters if hubsync's
/// settings have one.
pub(super) fn differing(found: &Settings, replicas: Option<usize>) -> Vec<String> {
    let wanted = wanted(replicas);
    let mut names: Vec<_> = found.keys().chain(wanted.keys()).collect();
    names.sort();
    names.dedup();
    let matters = |name: &&&String| match name.as_str() {
        REPLICAS => replicas.is_some(),
        other => !OPERATOR_SETTINGS.contains(&other),
    };
    let differs = |name: &&&String| !is_same(found.get(**name), wanted.get(**name));
    names
        .iter()
        .filter(matters)
        .filter(differs)
        .map(ToString::to_string)
        .collect()
}

/// The settings for the repaired stream: those that hubsync needs, and those that the operator chose.
pub(super) fn repaired(found: &Settings, replicas: Option<usize>) -> Settings {
    let mut settings = wanted(replicas);
    for (name, value) in found {
        let is_kept = OPERATOR_SETTINGS.contains(&name.as_str()) || (name == REPLICAS && replicas.is_none());
        if is_kept {
            settings.insert(name.clone(), value.clone());
        }
    }
    // The server adds these itself.
    if let Some(Value::Object(metadata)) = settings.get_mut("metadata") {
        metadata.retain(|name, _| !name.starts_with("_nats."));
    }
    settings
}

/// The settings for a stream that is created again. The first sequence number belonged to the deleted one.
pub(super) fn recreated(found: &Settings, replicas: Option<usize>) -> Settings {
    let mut settings = repaired(found, replicas);
    settings.remove("first_seq");
    settings
}

/// Whether the stream may be ours: it takes wake-ups, or has no subjects. One that has only other subjects is not.
pub(super) fn may_be_ours(found: &Settings) -> bool {
    let subjects = found.get("subjects").and_then(Value::as_array);
    subjects.is_none_or(|subjects| {
        let overlap = |subject: &Value| subject.as_str().is_some_and(overlaps);
        subjects.is_empty() || subjects.iter().any(overlap)
    })
}

/// Whether this subject matches a message that one of our subjects matches too.
fn overlaps(subject: &str) -> bool {
    let (mut theirs, mut ours) = (subject.split('.'), USERS_CHANGED_ALL.split('.'));
    loop {
        match (theirs.next(), ours.next()) {
            (Some(">"), Some(_)) | (None, None) => return true,
            (Some(their), Some(our)) if their == our || their == "*" || our == "*" => {}
            _ => return false,
        }
    }
}

/// Whether two values of a setting mean the same. Servers write "off" and "no limit" in several ways, or leave the setting
/// out.
fn is_same(found: Option<&Value>, wanted: Option<&Value>) -> bool {
    let is_off = |value: Option<&Value>| match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::Number(number)) => matches!(number.as_i64(), Some(0 | -1)),
        Some(Value::String(text)) => matches!(text.as_str(), "" | "none" | "default"),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(members)) => members.is_empty(),
        Some(Value::Bool(true)) => false,
    };
    found == wanted || (is_off(found) && is_off(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(changes: Value) -> Settings {
        let mut settings = wanted(None);
        let Value::Object(changes) = changes else {
            panic!("an object")
        };
        settings.extend(changes);
        settings
    }

    #[test]
    fn our_own_settings_as_a_server_tells_them_do_not_differ() {
        let told = json!({
            "max_consumers": -1, "max_bytes": -1, "max_age": 0, "max_msg_size": -1, "sealed": false, "sources": null,
            "duplicate_window": 120_000_000_000_u64, "compression": "none", "consumer_limits": {}, "allow_direct": true,
            "metadata": { "_nats.level": "5" }, "persist_mode": "default", "a_switch_of_tomorrow": false
        });
        assert_eq!(differing(&with(told), None), [""; 0]);
    }

    #[test]
    fn every_other_setting_differs_those_of_later_servers_too() {
        let told = json!({ "retention": "limits", "max_age": 1, "allow_msg_counter": true });
        assert_eq!(
            differing(&with(told), None),
            ["allow_msg_counter", "max_age", "retention"]
        );
    }

    #[test]
    fn replicas_are_the_operators_unless_a_number_was_asked_for() {
        let three = with(json!({ "num_replicas": 3 }));
        assert_eq!(differing(&three, None), [""; 0]);
        assert_eq!(repaired(&three, None)["num_replicas"], 3);
        assert_eq!(differing(&three, Some(1)), ["num_replicas"]);
        assert_eq!(repaired(&three, Some(1))["num_replicas"], 1);
    }

    #[test]
    fn a_repair_keeps_what_is_the_operators() {
        let found = with(json!({
            "retention": "limits", "description": "ours", "republish": { "src": ">", "dest": "x.>" },
            "metadata": { "team": "crm", "_nats.level": "5" }, "placement": { "tags": ["ssd"] }, "first_seq": 9
        }));
        let repaired = repaired(&found, None);
        assert_eq!(repaired["retention"], "workqueue");
        assert_eq!(repaired["metadata"], json!({ "team": "crm" }));
        assert_eq!(
            (&repaired["placement"], &repaired["description"]),
            (&json!({ "tags": ["ssd"] }), &json!("ours"))
        );
        assert!(!repaired.contains_key("republish"));
        assert!(repaired.contains_key("first_seq") && !recreated(&found, None).contains_key("first_seq"));
    }

    #[test]
    fn a_stream_that_takes_no_wake_ups_is_somebody_elses() {
        for subjects in [
            json!(["users.changed.*"]),
            json!(["users.changed.>", "orders.*"]),
            json!([">"]),
            json!(["users.changed.7"]),
            json!(["*.*.*"]),
            json!([]),
        ] {
            assert!(may_be_ours(&with(json!({ "subjects": subjects }))), "{subjects}");
        }
        for subjects in [
            json!(["orders.*"]),
            json!(["USERS"]),
            json!(["users.changed", "users.changed.*.x"]),
        ] {
            assert!(!may_be_ours(&with(json!({ "subjects": subjects }))), "{subjects}");
        }
    }
}
