//! Reads rows from the table `users` and writes them to it.

use std::sync::LazyLock;

use contracts::{PerField, UserId};
use sqlx::{
    FromRow as _, QueryBuilder, Row as _, Sqlite, SqliteConnection, SqliteExecutor,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::{
    rules::Row,
    store::{
        List, Listed, LoadedRows, StoreError, Unreadable,
        columns::{self, Columns, FORMER_VALUES, NAMES},
        queries::{PENDING_POSITION, PROBLEM_POSITION},
    },
};

/// The maximum number of rows of one INSERT, a power of two. With a parameter for each column they stay well below SQLite's limit of 32,766
/// parameters.
const MAX_ROWS_PER_INSERT: usize = 128;

/// The statements that save 1, 2, 4, … rows.
static INSERTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let lengths = (0..=MAX_ROWS_PER_INSERT.ilog2()).map(|power| 1 << power);
    lengths.map(insert_statement).collect()
});

/// Loads the rows of those users that exist.
pub(super) async fn load(
    executor: impl SqliteExecutor<'_>,
    users: &[&UserId],
) -> Result<LoadedRows, StoreError> {
    let ids = serde_json::to_string(users).expect("ids are text");
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    push_column_names(&mut query);
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

/// Selects users of a list, in its order.
pub(super) async fn list(
    executor: impl SqliteExecutor<'_>,
    list: &List,
    limit: usize,
) -> Result<Vec<Listed>, StoreError> {
    let mut query = select_list(list, limit);
    let rows = query.build().fetch_all(executor).await;
    let listed = |row: &SqliteRow| {
        Ok(Listed {
            position: row.try_get("position")?,
            row: decode(row),
        })
    };
    let rows = rows.and_then(|rows| rows.iter().map(listed).collect());
    rows.map_err(StoreError::before_commit)
}

/// The statement of a list.
pub(super) fn select_list(list: &List, limit: usize) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    push_column_names(&mut query);
    match list {
        List::Pending { after } => {
            query.push(", ").push(PENDING_POSITION);
            query.push(" AS position FROM users WHERE due_at IS NOT NULL AND pending_since IS NOT NULL");
            query.push(" AND (lane, due_at, user_id) > ");
            query.push_tuples([after], |mut tuple, after| {
                tuple.push_bind(after.priority).push_bind(after.due_at);
                tuple.push_bind(after.user_id.clone());
            });
            query.push(" ORDER BY lane, due_at, user_id LIMIT ");
        }
        List::Problems { after, before } => {
            query.push(", ").push(PROBLEM_POSITION);
            query.push(" AS position FROM users WHERE state BETWEEN 1 AND 4");
            query.push(" AND (state, reason, user_id) > ");
            query.push_tuples([after], |mut tuple, after| {
                tuple.push_bind(after.state).push_bind(after.reason.clone());
                tuple.push_bind(after.user_id.clone());
            });
            query.push(" AND (state, reason) < ");
            query.push_tuples([before], |mut tuple, (state, reason)| {
                tuple.push_bind(*state).push_bind(reason.clone());
            });
            query.push(" ORDER BY state, reason, user_id LIMIT ");
        }
        List::All { after } => {
            query.push(", user_id AS position FROM users WHERE user_id > ");
            query.push_bind(after.clone()).push(" ORDER BY user_id LIMIT ");
        }
    }
    query.push_bind(columns::integer(limit as u64));
    query
}

/// Inserts rows, and replaces those that exist.
pub(super) async fn save(connection: &mut SqliteConnection, rows: &[&Row]) -> Result<(), StoreError> {
    for chunk in chunks_of_few_lengths(rows) {
        let insert = INSERTS[chunk.len().ilog2() as usize].as_str();
        let mut query = sqlx::query(insert);
        for row in chunk {
            query = bind(query, row);
        }
        query
            .execute(&mut *connection)
            .await
            .map_err(StoreError::before_commit)?;
    }
    Ok(())
}

/// Splits rows into chunks whose lengths are powers of two, so that a few statements, which stay prepared, are enough for any number of
/// rows. To prepare a statement for many rows takes longer than to execute it.
fn chunks_of_few_lengths<'a>(mut rows: &'a [&'a Row]) -> impl Iterator<Item = &'a [&'a Row]> {
    std::iter::from_fn(move || {
        let length = 1 << rows.len().min(MAX_ROWS_PER_INSERT).checked_ilog2()?;
        let (chunk, rest) = rows.split_at(length);
        rows = rest;
        Some(chunk)
    })
}

/// The statement that saves this many rows.
fn insert_statement(rows: usize) -> String {
    let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO users (");
    let tuple = format!("({})", ["?"; NAMES.len()].join(", "));
    insert.push(NAMES.join(", "));
    insert.push(") VALUES ").push(vec![tuple; rows].join(", "));
    let replaced = NAMES.into_iter().filter(|name| *name != "user_id");
    let replaced = replaced.map(|name| format!("{name} = excluded.{name}"));
    let emptied = FORMER_VALUES.map(|(name, _)| format!("{name} = NULL"));
    let sets: Vec<String> = replaced.chain(emptied).collect();
    insert.push(" ON CONFLICT (user_id) DO UPDATE SET ");
    insert.push(sets.join(", "));
    insert.into_string()
}

/// Pushes the names of the columns to select, separated by commas.
pub(super) fn push_column_names(query: &mut QueryBuilder<Sqlite>) {
    let mut names = query.separated(", ");
    for name in columns::selected_names() {
        names.push(name);
    }
}

fn bind<'q>(query: Query<'q, Sqlite, SqliteArguments>, row: &Row) -> Query<'q, Sqlite, SqliteArguments> {
    let columns = Columns::of(row);
    query
        .bind(columns.user_id)
        .bind(columns.version)
        .bind(columns.updated_at)
        .bind(columns.row_json)
        .bind(columns.priority)
        .bind(columns.is_dirty)
        .bind(columns.due_at)
        .bind(columns.recheck_at)
        .bind(columns.open_epoch)
        .bind(columns.account_id)
        .bind(columns.contact_id)
        .bind(columns.state)
        .bind(columns.reason)
        .bind(columns.pending_since)
}

/// Builds a row from what a statement selected.
pub(super) fn decode(row: &SqliteRow) -> Result<Row, Unreadable> {
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
