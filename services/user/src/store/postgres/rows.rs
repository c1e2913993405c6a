//! Reads rows from the table `users` and writes them to it, all rows of a batch in one statement.

use std::sync::LazyLock;

use contracts::{PerField, UserId};
use sqlx::{
    AssertSqlSafe, Executor, FromRow as _, PgConnection, Postgres, Row as _,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use super::error::{before_commit, limited};
use crate::{
    rules::{Row, UnixMs},
    store::{
        List, Listed, LoadedRows, StoreError, Unreadable,
        columns::{self, Columns, FORMER_VALUES, NAMES},
        queries::{PENDING_POSITION, PROBLEM_POSITION},
    },
};

/// The types of the columns, in their order.
const TYPES: [&str; NAMES.len()] = [
    "text", "int8", "int8", "text", "int8", "bool", "int8", "int8", "int8", "text", "text", "int8", "text",
    "int8",
];

struct Statements {
    find: String,
    pending: String,
    problems: String,
    all: String,
    begin_with: String,
    load: String,
    insert: String,
    update: String,
}

static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    let selected = columns::selected_names().collect::<Vec<_>>().join(", ");
    let names = NAMES.join(", ");
    let locked =
        format!("SELECT {selected} FROM users WHERE user_id = ANY ($1) ORDER BY user_id FOR NO KEY UPDATE");
    let arrays: Vec<String> = TYPES
        .into_iter()
        .zip(1..)
        .map(|(kind, at)| format!("${at}::{kind}[]"))
        .collect();
    let given = format!("unnest({}) AS given ({names})", arrays.join(", "));
    let replaced = NAMES.into_iter().filter(|name| *name != "user_id");
    let replaced = replaced.map(|name| format!("{name} = given.{name}"));
    let emptied = FORMER_VALUES.map(|(name, _)| format!("{name} = NULL"));
    let set = replaced.chain(emptied).collect::<Vec<_>>().join(", ");
    Statements {
        find: format!("SELECT {selected} FROM users WHERE user_id = $1"),
        pending: format!(
            "SELECT {selected}, {PENDING_POSITION} AS position FROM users WHERE due_at IS NOT NULL AND pending_since IS NOT NULL \
             AND (lane, due_at, user_id) > ($1, $2, $3) ORDER BY lane, due_at, user_id LIMIT $4"
        ),
        problems: format!(
            "SELECT {selected}, {PROBLEM_POSITION} AS position FROM users WHERE state BETWEEN 1 AND 4 \
             AND (state, reason, user_id) > ($1, $2, $3) AND (state, reason) < ($4, $5) ORDER BY state, reason, user_id LIMIT $6"
        ),
        all: format!(
            "SELECT {selected}, user_id AS position FROM users WHERE user_id > $1 ORDER BY user_id LIMIT $2"
        ),
        // The time is read after the rows are locked, so that it is later than the times of transactions that held them
        // before. `MATERIALIZED` makes the server finish locking first.
        begin_with: format!(
            "WITH locked AS MATERIALIZED ({locked}) \
             SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8 AS now, locked.* \
             FROM (VALUES (1)) AS one LEFT JOIN locked ON true"
        ),
        load: format!("{locked} NOWAIT"),
        insert: format!(
            "INSERT INTO users ({names}) SELECT {names} FROM {given} ORDER BY user_id ON CONFLICT DO NOTHING"
        ),
        update: format!("UPDATE users SET {set} FROM {given} WHERE users.user_id = given.user_id"),
    }
});

/// Selects a row without locking it.
pub(super) async fn find(
    connection: &mut PgConnection,
    user_id: &UserId,
) -> Result<Option<Result<Row, Unreadable>>, StoreError> {
    let query = sqlx::query(AssertSqlSafe(STATEMENTS.find.as_str())).bind(user_id.as_str());
    let row = limited(query.fetch_optional(connection))
        .await
        .map_err(before_commit)?;
    Ok(row.as_ref().map(decode))
}

/// Selects users of a list, in its order, without locking them.
pub(super) async fn list(
    connection: &mut PgConnection,
    list: &List,
    limit: usize,
) -> Result<Vec<Listed>, StoreError> {
    let query = match list {
        List::Pending { after } => sqlx::query(AssertSqlSafe(STATEMENTS.pending.as_str()))
            .bind(after.priority)
            .bind(after.due_at)
            .bind(&after.user_id),
        List::Problems {
            after,
            before: (state, reason),
        } => sqlx::query(AssertSqlSafe(STATEMENTS.problems.as_str()))
            .bind(after.state)
            .bind(&after.reason)
            .bind(&after.user_id)
            .bind(state)
            .bind(reason),
        List::All { after } => sqlx::query(AssertSqlSafe(STATEMENTS.all.as_str())).bind(after),
    };
    let rows = limited(query.bind(columns::integer(limit as u64)).fetch_all(connection)).await;
    let listed = |row: &PgRow| {
        Ok(Listed {
            position: row.try_get("position")?,
            row: decode(row),
        })
    };
    let rows = rows.and_then(|rows| rows.iter().map(listed).collect());
    rows.map_err(before_commit)
}

/// Locks the rows of those users that exist, in the order of their ids, and returns them with the time after that.
pub(super) async fn begin_with(
    connection: &mut PgConnection,
    users: &[&UserId],
) -> sqlx::Result<(UnixMs, LoadedRows)> {
    let rows = fetch(connection, &STATEMENTS.begin_with, users).await?;
    let mut now = UnixMs::MIN;
    let mut loaded = Vec::with_capacity(rows.len());
    for row in &rows {
        now = now.max(row.try_get("now")?);
        // If no user exists, one row has only the time.
        if row.try_get::<Option<&str>, _>("user_id")?.is_some() {
            loaded.push(decode(row));
        }
    }
    Ok((now, loaded))
}

/// Locks the rows of those users that exist, and fails at once if another transaction holds one of them.
pub(super) async fn load(connection: &mut PgConnection, users: &[&UserId]) -> sqlx::Result<LoadedRows> {
    let rows = fetch(connection, &STATEMENTS.load, users).await?;
    Ok(rows.iter().map(decode).collect())
}

/// Inserts rows that do not exist yet, in the order of their ids, and returns how many these were.
pub(super) async fn insert(connection: &mut PgConnection, rows: &[&Row]) -> sqlx::Result<u64> {
    write(connection, &STATEMENTS.insert, rows).await
}

/// Replaces rows that exist, and returns how many these were.
pub(super) async fn update(connection: &mut PgConnection, rows: &[&Row]) -> sqlx::Result<u64> {
    write(connection, &STATEMENTS.update, rows).await
}

async fn fetch(
    connection: &mut PgConnection,
    statement: &'static str,
    users: &[&UserId],
) -> sqlx::Result<Vec<PgRow>> {
    let ids: Vec<&str> = users.iter().map(|user| user.as_str()).collect();
    let query = sqlx::query(AssertSqlSafe(statement)).bind(ids);
    limited(query.fetch_all(connection)).await
}

async fn write(connection: &mut PgConnection, statement: &'static str, rows: &[&Row]) -> sqlx::Result<u64> {
    let query = bind(sqlx::query(AssertSqlSafe(statement)), rows);
    Ok(limited(connection.execute(query)).await?.rows_affected())
}

/// Binds each column of all rows as an array.
fn bind<'q>(query: Query<'q, Postgres, PgArguments>, rows: &[&'q Row]) -> Query<'q, Postgres, PgArguments> {
    let columns: Vec<Columns> = rows.iter().map(|row| Columns::of(row)).collect();
    query
        .bind(rows.iter().map(|row| row.user_id.as_str()).collect::<Vec<_>>())
        .bind(columns.iter().map(|row| row.version).collect::<Vec<_>>())
        .bind(columns.iter().map(|row| row.updated_at).collect::<Vec<_>>())
        .bind(
            columns
                .iter()
                .map(|row| row.row_json.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(columns.iter().map(|row| row.priority).collect::<Vec<_>>())
        .bind(columns.iter().map(|row| row.is_dirty).collect::<Vec<_>>())
        .bind(columns.iter().map(|row| row.due_at).collect::<Vec<_>>())
        .bind(columns.iter().map(|row| row.recheck_at).collect::<Vec<_>>())
        .bind(columns.iter().map(|row| row.open_epoch).collect::<Vec<_>>())
        .bind(
            columns
                .iter()
                .map(|row| row.account_id.as_deref())
                .collect::<Vec<_>>(),
        )
        .bind(
            columns
                .iter()
                .map(|row| row.contact_id.as_deref())
                .collect::<Vec<_>>(),
        )
        .bind(columns.iter().map(|row| row.state).collect::<Vec<_>>())
        .bind(columns.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>())
        .bind(columns.iter().map(|row| row.pending_since).collect::<Vec<_>>())
}

/// Builds a row from what a statement selected.
pub(super) fn decode(row: &PgRow) -> Result<Row, Unreadable> {
    let unreadable = |error: sqlx::Error| Unreadable {
        user_id: row.try_get("user_id").unwrap_or_default(),
        reason: error.to_string(),
    };
    let mut values = PerField::default();
    for (name, field) in FORMER_VALUES {
        values[field] = row.try_get(name).map_err(unreadable)?;
    }
    Columns::from_row(row).map_err(unreadable)?.into_row(values)
}
