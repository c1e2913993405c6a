//! A page of a scan over all users.

use sqlx::{QueryBuilder, Sqlite, SqlitePool};

use super::rows::{decode, push_column_names};
use crate::store::{ScanPage, StoreError, UserScan, columns::integer, queries::ScannedRows};

/// The last row that a page reads, if there are as many as it may read.
const LAST_READ: &str = "SELECT user_id FROM users WHERE user_id > ?1 ORDER BY user_id LIMIT 1 OFFSET ?2";

pub(super) async fn scan(pool: &SqlitePool, scan: &UserScan<'_>) -> Result<ScanPage, StoreError> {
    let rows = select(scan).build().fetch_all(pool).await;
    let rows = rows.map_err(StoreError::before_commit)?;
    let rows = match scan.sort_out(rows.iter().map(decode).collect()) {
        ScannedRows::FullPage(page) => return Ok(page),
        ScannedRows::AllMatches(rows) => rows,
    };
    let last_read = sqlx::query_scalar::<_, String>(LAST_READ)
        .bind(scan.after())
        .bind(integer(scan.max_rows_read() as u64 - 1));
    let last_read = last_read
        .fetch_optional(pool)
        .await
        .map_err(StoreError::before_commit)?;
    Ok(ScanPage::with_all_matches(rows, last_read.as_deref()))
}

/// Reads a limited number of rows, and selects the ones that match.
fn select(scan: &UserScan<'_>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    push_column_names(&mut query);
    query.push(" FROM (SELECT * FROM users WHERE user_id > ");
    query
        .push_bind(scan.after().to_owned())
        .push(" ORDER BY user_id LIMIT ");
    query
        .push_bind(integer(scan.max_rows_read() as u64))
        .push(") WHERE ");
    query
        .push(scan.filter.condition())
        .push(" ORDER BY user_id LIMIT ");
    query.push_bind(integer(scan.max_matches() as u64));
    query
}
