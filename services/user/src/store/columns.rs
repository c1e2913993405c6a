//! How a row is stored. What SQL searches by has columns of its own; what only the rules read, the values among it, is JSON in one
//! column. All three stores keep rows in this form. The columns keep the names under which they were created.

mod row_json;

use contracts::{Field, FieldDefinitions, InvalidUserId, PerField, Priority, SyncState, WriteTarget};
use sqlx::FromRow;

use self::row_json::RowJson;
use super::{LateWrite, StoreError, Unreadable, error::parse_ids};
use crate::rules::{ChangeHash, KeyedChange, Lease, Row, UnixMs, overall_state};

/// The columns of a row, in the order of [`Columns`].
pub(super) const NAMES: [&str; 14] = [
    "user_id",
    "version",
    "updated_at",
    "ledger",
    "lane",
    "unsettled",
    "due_at",
    "recheck_at",
    "open_epoch",
    "account_id",
    "contact_id",
    "state",
    "reason",
    "pending_since",
];

/// The columns in which earlier versions stored values, and their fields. They are empty in a row that this version has saved.
pub(super) const FORMER_VALUES: [(&str, Field); 3] = [
    ("email", Field::EMAIL),
    ("first_name", Field::FIRST_NAME),
    ("last_name", Field::LAST_NAME),
];

/// The columns of a row.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Columns {
    pub(super) user_id: String,
    pub(super) version: i64,
    pub(super) updated_at: UnixMs,
    /// What only the rules read; see [`RowJson`].
    #[sqlx(rename = "ledger")]
    pub(super) row_json: String,
    /// See [`priority_number`].
    #[sqlx(rename = "lane")]
    pub(super) priority: i64,
    #[sqlx(rename = "unsettled")]
    pub(super) is_dirty: bool,
    /// See [`Row::due_at`].
    pub(super) due_at: Option<UnixMs>,
    pub(super) recheck_at: Option<UnixMs>,
    /// The epoch of the open attempt.
    pub(super) open_epoch: Option<i64>,
    pub(super) account_id: Option<String>,
    pub(super) contact_id: Option<String>,
    /// The overall state; see [`state_number`].
    pub(super) state: i64,
    /// The code of the reason for this state; empty where there is none.
    pub(super) reason: String,
    pub(super) pending_since: Option<UnixMs>,
}

/// The columns of the lease.
#[derive(Debug, FromRow)]
pub(super) struct LeaseColumns {
    holder: Option<String>,
    epoch: i64,
    expires_at: UnixMs,
    asked_at: Option<UnixMs>,
    stepped_aside_at: Option<UnixMs>,
    account_id: Option<String>,
    paused_since: Option<UnixMs>,
    version_floor: i64,
    fingerprint: Option<String>,
    token_refused_at: Option<UnixMs>,
    accepted_request_at: Option<UnixMs>,
}

impl From<LeaseColumns> for Lease {
    fn from(columns: LeaseColumns) -> Self {
        Self {
            holder: columns.holder,
            epoch: u64::try_from(columns.epoch).unwrap_or(0),
            expires_at: columns.expires_at,
            requested_at: columns.asked_at,
            yielded_at: columns.stepped_aside_at,
            account_id: columns.account_id,
            paused_since: columns.paused_since,
            version_floor: u64::try_from(columns.version_floor).unwrap_or(0),
            fingerprint: columns.fingerprint,
            token_refused_at: columns.token_refused_at,
            accepted_request_at: columns.accepted_request_at,
        }
    }
}

/// The columns of an idempotency key that was found.
#[derive(Debug, FromRow)]
pub(super) struct KeyColumns {
    /// The place of the key among those that were looked for.
    position: i64,
    version: i64,
    changed: bool,
    change_hash: Vec<u8>,
    expires_at: UnixMs,
}

/// The changes that were made with keys, in the order in which these were looked for.
pub(super) fn changes_of_keys(
    wanted: usize,
    found: Vec<KeyColumns>,
) -> sqlx::Result<Vec<Option<KeyedChange>>> {
    let mut changes = vec![None; wanted];
    for columns in found {
        let hash = <[u8; 32]>::try_from(columns.change_hash);
        let hash = hash.map_err(|hash| {
            sqlx::Error::Decode(format!("a hash of {} bytes instead of 32", hash.len()).into())
        })?;
        let change = KeyedChange {
            version: u64::try_from(columns.version).unwrap_or(0),
            is_changed: columns.changed,
            hash: ChangeHash(hash),
            expires_at: columns.expires_at,
        };
        let place = usize::try_from(columns.position).ok();
        if let Some(place) = place.and_then(|place| changes.get_mut(place)) {
            *place = Some(change);
        }
    }
    Ok(changes)
}

/// The columns of a late write.
#[derive(Debug, FromRow)]
pub(super) struct LateWriteColumns {
    target: String,
    user_id: String,
    until: UnixMs,
}

impl TryFrom<LateWriteColumns> for LateWrite {
    type Error = StoreError;

    fn try_from(columns: LateWriteColumns) -> Result<Self, StoreError> {
        let user_id = parse_ids(vec![columns.user_id])?.remove(0);
        Ok(Self {
            target: WriteTarget::from_text(columns.target),
            user_id,
            until: columns.until,
        })
    }
}

/// The names of the columns to select, those of earlier versions last.
pub(super) fn selected_names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(FORMER_VALUES.map(|(name, _)| name))
}

impl Columns {
    /// The columns of a row.
    pub(super) fn of(row: &Row) -> Self {
        Self {
            row_json: serde_json::to_string(&RowJson::of(row)).expect("the keys of its maps are text"),
            ..Self::without_json(row)
        }
    }

    /// The columns of a row, with no text where its JSON belongs.
    pub(super) fn without_json(row: &Row) -> Self {
        let (state, reason) = overall_state(row);
        Self {
            user_id: row.user_id.as_str().to_owned(),
            version: integer(row.version),
            updated_at: row.updated_at,
            row_json: String::new(),
            priority: priority_number(row.priority),
            is_dirty: row.is_dirty(),
            due_at: row.due_at(),
            recheck_at: row.recheck_at,
            open_epoch: row.open_attempt.as_ref().map(|open| integer(open.epoch)),
            account_id: row.link.as_ref().map(|link| link.account_id.clone()),
            contact_id: row.link.as_ref().map(|link| link.contact_id.clone()),
            state: state_number(state),
            reason: reason.map(|reason| reason.code).unwrap_or_default(),
            pending_since: row.pending_since,
        }
    }

    /// Builds the row from its columns, and the values that an earlier version stored in columns.
    pub(super) fn into_row(self, values: PerField<Option<String>>) -> Result<Row, Unreadable> {
        let user_id = self.user_id.clone();
        self.try_into_row(values)
            .map_err(|reason| Unreadable { user_id, reason })
    }

    fn try_into_row(self, values: PerField<Option<String>>) -> Result<Row, String> {
        let json: RowJson =
            serde_json::from_str(&self.row_json).map_err(|error| format!("ledger: {error}"))?;
        let user_id = self.user_id.parse();
        let mut row = Row::new(user_id.map_err(|error: InvalidUserId| error.to_string())?);
        row.version = u64::try_from(self.version).map_err(|error| error.to_string())?;
        row.updated_at = self.updated_at;
        row.priority = if self.priority == priority_number(Priority::Live) {
            Priority::Live
        } else {
            Priority::Backfill
        };
        row.recheck_at = self.recheck_at;
        row.pending_since = self.pending_since;
        json.fill(&mut row, values, self.account_id.zip(self.contact_id));
        Ok(row)
    }
}

/// The text in which a set of fields is stored.
pub(super) fn fields_text(definitions: &FieldDefinitions) -> String {
    let definitions: Vec<_> = definitions.iter().map(|(_, definition)| definition).collect();
    serde_json::to_string(&definitions).expect("definitions have text keys")
}

/// The set of fields that is stored as this revision.
pub(super) fn read_fields(stored: Option<(i64, String)>) -> Result<Option<FieldDefinitions>, StoreError> {
    let Some((revision, text)) = stored else {
        return Ok(None);
    };
    let unreadable = |error: String| StoreError::UnreadableFields { revision, error };
    let definitions = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    let definitions = FieldDefinitions::new(u64::try_from(revision).unwrap_or(0), definitions);
    definitions
        .map(Some)
        .map_err(|error| unreadable(error.to_string()))
}

/// A count as the database stores it. Versions and epochs count single events, so they stay below 2^63.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The number that a priority is stored as. Smaller numbers are delivered first.
pub(super) const fn priority_number(priority: Priority) -> i64 {
    match priority {
        Priority::Live => 0,
        Priority::Backfill => 1,
    }
}

/// The number that a state is stored as. Migrations use these numbers, so they never change.
pub(super) const fn state_number(state: SyncState) -> i64 {
    match state {
        SyncState::Pending => 0,
        SyncState::Rejected => 1,
        SyncState::Conflict => 2,
        SyncState::Failed => 3,
        SyncState::NotFound => 4,
        SyncState::Confirmed => 5,
        SyncState::Superseded => 6,
        // 7 was the state of a version that changed nothing. There are no such versions any more.
        SyncState::Unknown => 8,
        SyncState::Skipped => 9,
    }
}
