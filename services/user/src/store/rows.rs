//! Reading rows from and writing them to the table `users`.

use contracts::{Field, Lane, PerField, UserId};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteExecutor, sqlite::SqliteRow};

use super::{
    StoreError, Unreadable,
    ledger::{Columns, Ledger},
};
use crate::rules::Row;

/// Rows of one INSERT; with its columns well below SQLite's 32,766 parameters.
const ROWS_PER_INSERT: usize = 128;
const FIXED_COLUMNS: &str = "user_id, version, updated_at, ledger, lane, unsettled, due_at, recheck_at, open_epoch, account_id, contact_id";

/// The rows of those users that exist, in no order. One that cannot be read spoils no other.
pub(super) async fn load<'a>(
    executor: impl SqliteExecutor<'_>,
    users: impl IntoIterator<Item = &'a UserId>,
) -> Result<Vec<Result<Row, Unreadable>>, StoreError> {
    let ids = serde_json::to_string(&users.into_iter().collect::<Vec<_>>()).expect("ids are text");
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    query.push(FIXED_COLUMNS);
    for field in Field::ALL {
        query.push(", ").push(field.spec().column);
    }
    query
        .push(" FROM users WHERE user_id IN (SELECT value FROM json_each(")
        .push_bind(ids)
        .push("))");
    let rows = query
        .build()
        .fetch_all(executor)
        .await
        .map_err(StoreError::before_commit)?;
    Ok(rows.iter().map(decode).collect())
}

/// Inserts rows, or replaces those that exist.
pub(super) async fn save(connection: &mut sqlx::SqliteConnection, rows: &[&Row]) -> Result<(), StoreError> {
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO users (");
        insert.push(FIXED_COLUMNS);
        for field in Field::ALL {
            insert.push(", ").push(field.spec().column);
        }
        insert.push(") ");
        insert.push_values(chunk, |tuple, row| bind(tuple, row));
        insert.push(" ON CONFLICT (user_id) DO UPDATE SET ");
        insert.push(
            "version = excluded.version, updated_at = excluded.updated_at, ledger = excluded.ledger, \
             lane = excluded.lane, unsettled = excluded.unsettled, due_at = excluded.due_at, \
             recheck_at = excluded.recheck_at, open_epoch = excluded.open_epoch, \
             account_id = excluded.account_id, contact_id = excluded.contact_id",
        );
        for field in Field::ALL {
            let column = field.spec().column;
            insert.push(", ").push(column).push(" = excluded.").push(column);
        }
        // Each length of chunk is a statement of its own: only those of single rows are worth keeping prepared.
        let query = insert.build().persistent(chunk.len() == 1);
        query
            .execute(&mut *connection)
            .await
            .map_err(StoreError::before_commit)?;
    }
    Ok(())
}

fn bind(mut tuple: sqlx::query_builder::Separated<'_, Sqlite, &'static str>, row: &Row) {
    let ledger = serde_json::to_string(&Ledger::of(row)).expect("a ledger has text keys");
    tuple
        .push_bind(row.user_id.as_str().to_owned())
        .push_bind(integer(row.version))
        .push_bind(row.updated_at)
        .push_bind(ledger)
        .push_bind(lane_number(row.lane))
        .push_bind(row.is_unsettled())
        .push_bind(row.due_at())
        .push_bind(row.recheck_at)
        .push_bind(row.open.as_ref().map(|open| integer(open.epoch)))
        .push_bind(row.link.as_ref().map(|link| link.account_id.clone()))
        .push_bind(row.link.as_ref().map(|link| link.contact_id.clone()));
    for (_, state) in row.fields.iter() {
        tuple.push_bind(state.value.clone());
    }
}

fn decode(row: &SqliteRow) -> Result<Row, Unreadable> {
    let user_id = get::<String>(row, "user_id").unwrap_or_default();
    try_decode(row, &user_id).map_err(|reason| Unreadable { user_id, reason })
}

fn try_decode(row: &SqliteRow, user_id: &str) -> Result<Row, String> {
    let ledger: Ledger =
        serde_json::from_str(get(row, "ledger")?).map_err(|error| format!("ledger: {error}"))?;
    let mut values = PerField::from_fn(|_| None);
    for field in Field::ALL {
        values[field] = get(row, field.spec().column)?;
    }
    let account: Option<String> = get(row, "account_id")?;
    let contact: Option<String> = get(row, "contact_id")?;
    let columns = Columns {
        user_id: user_id
            .parse()
            .map_err(|error: contracts::InvalidUserId| error.to_string())?,
        version: u64::try_from(get::<i64>(row, "version")?).map_err(|error| error.to_string())?,
        updated_at: get(row, "updated_at")?,
        values,
        lane: if get::<i64>(row, "lane")? == lane_number(Lane::Live) {
            Lane::Live
        } else {
            Lane::Backfill
        },
        recheck_at: get(row, "recheck_at")?,
        contact: account.zip(contact),
    };
    Ok(ledger.into_row(columns))
}

fn get<'row, T>(row: &'row SqliteRow, column: &str) -> Result<T, String>
where
    T: sqlx::Decode<'row, Sqlite> + sqlx::Type<Sqlite>,
{
    row.try_get(column).map_err(|error| error.to_string())
}

/// Versions and epochs count single events, so that they stay below 2^63.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The number that stands for a lane; the smaller goes first.
pub(super) fn lane_number(lane: Lane) -> i64 {
    match lane {
        Lane::Live => 0,
        Lane::Backfill => 1,
    }
}
