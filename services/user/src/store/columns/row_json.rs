//! The part of a row that only the rules read, as JSON.
//!
//! Rows are stored under the present names of the members, and rows that an earlier version stored under other names can be read. An
//! earlier version cannot read the new names, so it leaves such rows alone.

use std::{borrow::Cow, collections::BTreeMap};

use contracts::{
    Confirmation, Field, FieldResult, Link, LinkOrigin, PerField, Reason, RequestContext, Value,
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IntoDeserializer},
};

use crate::rules::{
    FieldState, LateWriteWindow, OpenAttempt, PastAttempt, RecentChange, RememberedCreate, Row, UnixMs,
    UnknownMembers,
};

/// A row without what has columns of its own. Members with their default value are left out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RowJson {
    #[serde(alias = "turn")]
    generation: u64,
    /// By field name: a later version may have stored fields that this one does not know.
    fields: BTreeMap<Cow<'static, str>, FieldJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<LinkJson>,
    #[serde(default, skip_serializing_if = "is_default")]
    linked_at: UnixMs,
    #[serde(default, skip_serializing_if = "is_default")]
    address_written_at: UnixMs,
    #[serde(default, skip_serializing_if = "is_default")]
    was_linked: bool,
    /// By field name. Fields that only a later version knows are forgotten.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    former_values: BTreeMap<Cow<'static, str>, Value>,
    #[serde(default, alias = "creating", skip_serializing_if = "Vec::is_empty")]
    possible_creates: Vec<RememberedCreate>,
    #[serde(default, skip_serializing_if = "is_default")]
    attempt: u64,
    /// The row's `attempts_given`, if it differs from `attempt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempts_given: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lost_versions: Vec<(u64, u64)>,
    #[serde(default, skip_serializing_if = "is_default")]
    holder: String,
    #[serde(default, alias = "open", skip_serializing_if = "Option::is_none")]
    open_attempt: Option<OpenAttempt>,
    #[serde(default, alias = "doubt", skip_serializing_if = "Option::is_none")]
    in_doubt: Option<LateWriteWindow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<RequestContext>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wake_at: Option<UnixMs>,
    #[serde(default, skip_serializing_if = "is_default")]
    rechecks: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    failures: u32,
    #[serde(default, alias = "charges", skip_serializing_if = "is_default")]
    counted_failures: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_failure: Option<Reason>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    history: Vec<PastAttempt>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recent_changes: Vec<RecentChange>,
    #[serde(default, skip_serializing_if = "is_default")]
    changes_forgotten_through: UnixMs,
    #[serde(default, skip_serializing_if = "is_default")]
    idempotency_keys: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    keys_full_until: UnixMs,
    #[serde(flatten)]
    unknown: UnknownMembers,
}

/// The value and the state of one field.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldJson {
    /// Earlier versions stored it in a column of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(alias = "touched")]
    changed_in: u64,
    #[serde(alias = "owed")]
    dirty_since: u64,
    #[serde(default, alias = "settled", skip_serializing_if = "is_default")]
    resolved_at: u64,
    #[serde(default, alias = "outcome", skip_serializing_if = "Option::is_none")]
    result: Option<AnyResultJson>,
    #[serde(default, alias = "settledAt", skip_serializing_if = "is_default")]
    recorded_at: UnixMs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_confirmed: Option<Value>,
    #[serde(flatten)]
    unknown: UnknownMembers,
}

/// The member of a field that has its result.
const RESULT: &str = "result";

/// The member of a link that has its origin.
const ORIGIN: &str = "origin";

/// The result of a field, which an earlier or a later version may have recorded.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum AnyResultJson {
    Known(ResultJson),
    Former(FormerResultJson),
    Unknown(serde_json::Value),
}

/// The result of a field.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum ResultJson {
    Confirmed(Confirmation),
    Rejected { reason: Reason },
    NotFound,
    Conflict { reason: Reason },
    Failed { reason: Reason, is_transient: bool },
    Skipped,
}

/// The result of a field, as earlier versions stored it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
enum FormerResultJson {
    Confirmed(Confirmation),
    Refused {
        reason: Reason,
    },
    Missing,
    Taken {
        reason: Reason,
    },
    Parked {
        reason: Reason,
        #[serde(rename = "mayPass")]
        is_transient: bool,
    },
}

impl From<FormerResultJson> for ResultJson {
    fn from(former: FormerResultJson) -> Self {
        match former {
            FormerResultJson::Confirmed(confirmation) => Self::Confirmed(confirmation),
            FormerResultJson::Refused { reason } => Self::Rejected { reason },
            FormerResultJson::Missing => Self::NotFound,
            FormerResultJson::Taken { reason } => Self::Conflict { reason },
            FormerResultJson::Parked { reason, is_transient } => Self::Failed { reason, is_transient },
        }
    }
}

/// A link without its ids, which are columns.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(alias = "found")]
    origin: OriginJson,
    #[serde(default, skip_serializing_if = "is_default")]
    shared: bool,
    #[serde(flatten)]
    unknown: UnknownMembers,
}

/// The origin of a link, which a later version may have stored.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OriginJson {
    Known(LinkOrigin),
    Unknown(String),
}

impl<'de> Deserialize<'de> for OriginJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let origin: Result<_, de::value::Error> = LinkOrigin::deserialize(text.as_str().into_deserializer());
        Ok(match origin {
            Ok(LinkOrigin::Unknown) | Err(_) => Self::Unknown(text),
            Ok(origin) => Self::Known(origin),
        })
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn unknown_field((name, json): (&String, &serde_json::Value)) -> Option<(Cow<'static, str>, FieldJson)> {
    Some((
        Cow::Owned(name.clone()),
        serde_json::from_value(json.clone()).ok()?,
    ))
}

fn unknown_value((name, json): (Cow<'static, str>, FieldJson)) -> Option<(String, serde_json::Value)> {
    Some((name.into_owned(), serde_json::to_value(json).ok()?))
}

impl RowJson {
    pub(super) fn of(row: &Row) -> Self {
        let link = row.link.as_ref();
        Self {
            generation: row.generation,
            fields: row
                .fields
                .iter()
                .filter_map(|(field, state)| Some((Cow::Borrowed(field.name()), FieldJson::of(state)?)))
                .chain(row.unknown.fields.iter().filter_map(unknown_field))
                .collect(),
            link: link.map(|link| LinkJson::of(link, row.unknown.link.as_ref())),
            linked_at: row.linked_at,
            address_written_at: row.address_written_at,
            was_linked: row.was_linked,
            former_values: row
                .former_values
                .iter()
                .filter_map(|(field, value)| Some((Cow::Borrowed(field.name()), value.clone()?)))
                .collect(),
            possible_creates: row.possible_creates.clone(),
            attempt: row.attempt,
            attempts_given: Some(row.attempts_given).filter(|given| *given != row.attempt),
            lost_versions: row.lost_versions.clone(),
            holder: row.holder.clone(),
            open_attempt: row.open_attempt.clone(),
            in_doubt: row.in_doubt.clone(),
            request: row.request.clone(),
            wake_at: row.wake_at,
            rechecks: row.rechecks,
            failures: row.failures,
            counted_failures: row.counted_failures,
            last_failure: row.last_failure.clone(),
            history: row.history.clone(),
            recent_changes: row.recent_changes.clone(),
            changes_forgotten_through: row.changes_forgotten_through,
            idempotency_keys: row.idempotency_keys,
            keys_full_until: row.keys_full_until,
            unknown: row.unknown.members.clone(),
        }
    }

    /// Completes a row that already has the values of the other columns; the row is a new one. `values` are those that an earlier version stored in columns.
    pub(super) fn fill(
        self,
        row: &mut Row,
        mut values: PerField<Option<String>>,
        contact: Option<(String, String)>,
    ) {
        row.unknown.members = self.unknown;
        for (name, json) in self.fields {
            let Some(field) = Field::from_name(&name) else {
                row.unknown.fields.extend(unknown_value((name, json)));
                continue;
            };
            row.fields[field] = json.into_state(values[field].take());
        }
        if let Some((mut link, (account_id, contact_id))) = self.link.zip(contact) {
            let origin = match link.origin {
                OriginJson::Known(origin) => origin,
                OriginJson::Unknown(text) => {
                    link.unknown.insert(ORIGIN.to_owned(), text.into());
                    LinkOrigin::Unknown
                }
            };
            if !link.unknown.is_empty() {
                row.unknown.link = Some((contact_id.clone(), link.unknown));
            }
            row.link = Some(Link {
                contact_id,
                account_id,
                address: link.address,
                origin,
                shared: link.shared,
            });
        }
        // Rows stored before this member existed were linked if they have a link.
        row.was_linked = self.was_linked || row.link.is_some();
        row.linked_at = self.linked_at;
        row.address_written_at = self.address_written_at;
        row.generation = self.generation;
        row.former_values = self
            .former_values
            .into_iter()
            .filter_map(|(name, value)| Some((Field::from_name(&name)?, Some(value))))
            .collect();
        row.possible_creates = self.possible_creates;
        row.attempt = self.attempt;
        row.attempts_given = self.attempts_given.unwrap_or(self.attempt);
        row.lost_versions = self.lost_versions;
        row.holder = self.holder;
        row.open_attempt = self.open_attempt;
        row.in_doubt = self.in_doubt;
        row.request = self.request;
        row.wake_at = self.wake_at;
        row.rechecks = self.rechecks;
        row.failures = self.failures;
        row.counted_failures = self.counted_failures;
        row.last_failure = self.last_failure;
        row.history = self.history;
        row.recent_changes = self.recent_changes;
        row.changes_forgotten_through = self.changes_forgotten_through;
        row.idempotency_keys = self.idempotency_keys;
        row.keys_full_until = self.keys_full_until;
    }
}

impl LinkJson {
    /// `unknown` is what a later version stored for the link to a contact. It belongs to that contact only.
    fn of(link: &Link, unknown: Option<&(String, UnknownMembers)>) -> Self {
        let mut members = match unknown {
            Some((contact_id, members)) if *contact_id == link.contact_id => members.clone(),
            _ => UnknownMembers::new(),
        };
        // An origin that this version does not know is among them, until a known one replaces it.
        let origin = match (link.origin, members.remove(ORIGIN)) {
            (LinkOrigin::Unknown, Some(serde_json::Value::String(text))) => OriginJson::Unknown(text),
            (origin, _) => OriginJson::Known(origin),
        };
        Self {
            address: link.address.clone(),
            origin,
            shared: link.shared,
            unknown: members,
        }
    }
}

impl FieldJson {
    /// None for a field that was never given.
    fn of(state: &FieldState) -> Option<Self> {
        (state.changed_in > 0).then(|| Self {
            value: state.value.clone(),
            changed_in: state.changed_in,
            dirty_since: state.dirty_since,
            resolved_at: state.resolved_at,
            result: state
                .result
                .as_ref()
                .and_then(ResultJson::of)
                .map(AnyResultJson::Known),
            recorded_at: state.recorded_at,
            last_confirmed: state.last_confirmed.clone(),
            unknown: Self::unknown_members(state),
        })
    }

    /// What a later version stored for the field. An unknown result is among it, until a known one replaces it.
    fn unknown_members(state: &FieldState) -> UnknownMembers {
        let mut members = state.unknown.clone();
        if state.result != Some(FieldResult::Unknown) {
            members.remove(RESULT);
        }
        members
    }

    /// The column of an earlier version has the value if the JSON has none.
    fn into_state(self, column: Option<String>) -> FieldState {
        let value = self.value.or_else(|| column.map(Value::Text));
        let mut unknown = self.unknown;
        let result = self.result.map(|result| match result {
            AnyResultJson::Known(result) => result.into_result(),
            AnyResultJson::Former(result) => ResultJson::from(result).into_result(),
            AnyResultJson::Unknown(result) => {
                unknown.insert(RESULT.to_owned(), result);
                FieldResult::Unknown
            }
        });
        FieldState {
            value,
            changed_in: self.changed_in,
            dirty_since: self.dirty_since,
            resolved_at: self.resolved_at,
            result,
            recorded_at: self.recorded_at,
            last_confirmed: self.last_confirmed,
            unknown,
        }
    }
}

impl ResultJson {
    /// None for a result that this version does not know; it is written back as it was read.
    fn of(result: &FieldResult) -> Option<Self> {
        Some(match result.clone() {
            FieldResult::Confirmed(confirmation) => Self::Confirmed(confirmation),
            FieldResult::Rejected { reason } => Self::Rejected { reason },
            FieldResult::NotFound => Self::NotFound,
            FieldResult::Conflict { reason } => Self::Conflict { reason },
            FieldResult::Failed { reason, is_transient } => Self::Failed { reason, is_transient },
            FieldResult::Skipped => Self::Skipped,
            FieldResult::Unknown => return None,
        })
    }

    fn into_result(self) -> FieldResult {
        match self {
            Self::Confirmed(confirmation) => FieldResult::Confirmed(confirmation),
            Self::Rejected { reason } => FieldResult::Rejected { reason },
            Self::NotFound => FieldResult::NotFound,
            Self::Conflict { reason } => FieldResult::Conflict { reason },
            Self::Failed { reason, is_transient } => FieldResult::Failed { reason, is_transient },
            Self::Skipped => FieldResult::Skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::Field;
    use serde_json::{Value, json};

    use super::*;

    fn row(stored: &Value) -> Row {
        row_with(stored, PerField::default())
    }

    fn row_with(stored: &Value, values: PerField<Option<String>>) -> Row {
        let json: RowJson = serde_json::from_value(stored.clone()).expect("a stored row");
        let mut row = Row::new("1".parse().expect("a valid id"));
        let contact = Some(("4711".to_owned(), "51".to_owned()));
        json.fill(&mut row, values, contact);
        row
    }

    fn stored(row: &Row) -> Value {
        serde_json::to_value(RowJson::of(row)).expect("text keys")
    }

    /// A row in which every member is set.
    fn usual() -> Value {
        let reason = json!({ "code": "C", "message": "m" });
        json!({
            "generation": 9,
            "fields": {
                "email": { "value": "a@x.io", "changedIn": 1, "dirtySince": 2, "resolvedAt": 3,
                           "result": { "result": "confirmed" }, "recordedAt": 4 },
                "firstName": { "value": "F", "changedIn": 1, "dirtySince": 2, "resolvedAt": 3,
                               "result": { "result": "rejected", "reason": reason }, "lastConfirmed": "E" },
                "lastName": { "changedIn": 1, "dirtySince": 2, "resolvedAt": 3,
                              "result": { "result": "failed", "reason": reason, "isTransient": true } }
            },
            "link": { "address": "a@x.io", "origin": "primaryAddress", "shared": true },
            "linkedAt": 8,
            "addressWrittenAt": 9,
            "wasLinked": true,
            "formerValues": { "lastName": "L" },
            "possibleCreates": [{ "address": "b@x.io", "until": 5 }],
            "attempt": 6,
            "attemptsGiven": 5,
            "lostVersions": [[2, 4]],
            "holder": "w",
            "openAttempt": { "epoch": 1, "version": 2, "generation": 3, "fields": ["email"], "since": 4, "address": "c@x.io" },
            "inDoubt": { "from_version": 1, "until": 2, "targets": [["contact/4711/51", 2]], "given_up": 6 },
            "request": { "requestId": "r", "traceparent": "t" },
            "wakeAt": 7,
            "rechecks": 1,
            "failures": 2,
            "countedFailures": 1,
            "lastFailure": reason,
            "history": [[1, 2, 3, 4, 200]],
            "recentChanges": [[u64::MAX, 2, 3]],
            "changesForgottenThrough": 2,
            "idempotencyKeys": 7,
            "keysFullUntil": 8
        })
    }

    /// The same as an earlier version stored it, beside the values in their columns.
    fn of_an_earlier_version() -> Value {
        let reason = json!({ "code": "C", "message": "m" });
        let mut former = usual();
        let members = former.as_object_mut().expect("an object");
        for (name, former) in [
            ("generation", "turn"),
            ("possibleCreates", "creating"),
            ("openAttempt", "open"),
            ("inDoubt", "doubt"),
            ("countedFailures", "charges"),
        ] {
            let value = members.remove(name).expect("a member");
            members.insert(former.to_owned(), value);
        }
        former["open"] = json!({ "epoch": 1, "version": 2, "turn": 3, "fields": ["email"], "since": 4, "address": "c@x.io" });
        former["link"] = json!({ "address": "a@x.io", "found": "primaryAddress", "shared": true });
        former["fields"] = json!({
            "email": { "touched": 1, "owed": 2, "settled": 3, "outcome": { "outcome": "confirmed" }, "settledAt": 4 },
            "firstName": { "touched": 1, "owed": 2, "settled": 3, "outcome": { "outcome": "refused", "reason": reason } },
            "lastName": { "touched": 1, "owed": 2, "settled": 3,
                          "outcome": { "outcome": "parked", "reason": reason, "mayPass": true } }
        });
        former
    }

    #[test]
    fn a_row_of_an_earlier_version_is_read_and_stored_in_the_present_form() {
        let mut values = PerField::default();
        values[Field::EMAIL] = Some("a@x.io".to_owned());
        values[Field::FIRST_NAME] = Some("F".to_owned());
        let row = row_with(&of_an_earlier_version(), values);
        let mut present = usual();
        let first_name = present["fields"]["firstName"].as_object_mut().expect("an object");
        first_name.remove("lastConfirmed");
        assert_eq!(stored(&row), present);
    }

    #[test]
    fn every_result_of_an_earlier_version_is_read() {
        let reason = Reason::ours("C", "m");
        let stored_reason = serde_json::to_value(&reason).expect("a reason");
        for (former, expected) in [
            (
                json!({ "outcome": "confirmed", "normalized": "a" }),
                FieldResult::Confirmed(Confirmation::in_form("a".to_owned())),
            ),
            (
                json!({ "outcome": "refused", "reason": stored_reason }),
                FieldResult::Rejected {
                    reason: reason.clone(),
                },
            ),
            (json!({ "outcome": "missing" }), FieldResult::NotFound),
            (
                json!({ "outcome": "taken", "reason": stored_reason }),
                FieldResult::Conflict {
                    reason: reason.clone(),
                },
            ),
            (
                json!({ "outcome": "parked", "reason": stored_reason, "mayPass": false }),
                FieldResult::Failed {
                    reason: reason.clone(),
                    is_transient: false,
                },
            ),
        ] {
            let mut earlier = of_an_earlier_version();
            earlier["fields"]["email"]["outcome"] = former;
            assert_eq!(row(&earlier).fields[Field::EMAIL].result, Some(expected));
        }
    }

    #[test]
    fn stored_members_keep_their_names() {
        assert_eq!(stored(&row(&usual())), usual());
    }

    #[test]
    fn a_confirmed_field_keeps_the_form_in_which_hubspot_has_it() {
        let mut usual = usual();
        let outcome = |more: Value| {
            let mut outcome = json!({ "result": "confirmed" });
            outcome
                .as_object_mut()
                .expect("an object")
                .extend(more.as_object().cloned().expect("an object"));
            outcome
        };
        for (more, confirmation) in [
            (
                json!({ "normalized": "a@x.io" }),
                Confirmation::in_form("a@x.io".to_owned()),
            ),
            (json!({ "shown": false }), Confirmation::NOT_SHOWN),
        ] {
            usual["fields"]["email"]["result"] = outcome(more);
            let row = row(&usual);
            assert_eq!(
                row.fields[Field::EMAIL].result,
                Some(FieldResult::Confirmed(confirmation))
            );
            assert_eq!(stored(&row), usual);
        }
    }

    #[test]
    fn members_of_a_later_version_are_written_back() {
        let mut later = usual();
        later["new"] = json!({ "a": [1] });
        later["fields"]["email"]["new"] = json!(1);
        later["fields"]["email"]["result"] = json!({ "result": "postponed", "why": "later" });
        later["fields"]["phone"] = json!({ "value": 5, "changedIn": 1, "dirtySince": 1, "new": true });
        later["link"]["new"] = json!("x");
        later["link"]["origin"] = json!("byTelepathy");
        later["openAttempt"]["new"] = json!(null);
        let row = row(&later);
        assert_eq!(row.fields[Field::EMAIL].result, Some(FieldResult::Unknown));
        let origin = row.link.as_ref().map(|link| link.origin);
        assert_eq!(origin, Some(LinkOrigin::Unknown));
        assert_eq!(stored(&row), later);
    }

    #[test]
    fn a_known_result_replaces_an_unknown_one() {
        let mut later = usual();
        later["fields"]["email"]["result"] = json!({ "result": "postponed" });
        let mut row = row(&later);
        row.fields[Field::EMAIL].result = Some(FieldResult::CONFIRMED);
        assert_eq!(stored(&row), usual());
    }

    #[test]
    fn a_known_origin_replaces_an_unknown_one() {
        let mut later = usual();
        let origin: LinkOrigin =
            serde_json::from_value(later["link"]["origin"].take()).expect("a known origin");
        later["link"]["origin"] = json!("byTelepathy");
        let mut row = row(&later);
        row.link.as_mut().expect("a link").origin = origin;
        assert_eq!(stored(&row), usual());
    }

    #[test]
    fn members_of_a_link_end_with_the_link() {
        let mut later = usual();
        later["link"]["new"] = json!("x");
        let mut row = row(&later);
        let link = row.link.as_mut().expect("a link");
        link.contact_id = "52".to_owned();
        assert_eq!(stored(&row), usual());
    }
}
