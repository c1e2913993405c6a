//! A page of a scan over all users, without locking them.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, PgConnection};

use super::{
    error::{before_commit, limited},
    rows::decode,
};
use crate::store::{
    ScanFilter, ScanPage, StoreError, UserScan,
    columns::{integer, selected_names},
    queries::ScannedRows,
};

/// The last row that a page reads, if there are as many as it may read.
const LAST_READ: &str = "SELECT user_id FROM users WHERE user_id > $1 ORDER BY user_id LIMIT 1 OFFSET $2";

static LINKED: LazyLock<String> = LazyLock::new(|| select(ScanFilter::Linked));
static DIRTY: LazyLock<String> = LazyLock::new(|| select(ScanFilter::Dirty));

pub(super) async fn scan(connection: &mut PgConnection, scan: &UserScan<'_>) -> Result<ScanPage, StoreError> {
    let statement = match scan.filter {
        ScanFilter::Linked => LINKED.as_str(),
        ScanFilter::Dirty => DIRTY.as_str(),
    };
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(scan.after())
        .bind(integer(scan.max_rows_read() as u64))
        .bind(integer(scan.max_matches() as u64));
    let rows = limited(rows.fetch_all(&mut *connection))
        .await
        .map_err(before_commit)?;
    let rows = match scan.sort_out(rows.iter().map(decode).collect()) {
        ScannedRows::FullPage(page) => return Ok(page),
        ScannedRows::AllMatches(rows) => rows,
    };
    let last_read = sqlx::query_scalar::<_, String>(LAST_READ)
        .bind(scan.after())
        .bind(integer(scan.max_rows_read() as u64 - 1));
    let last_read = limited(last_read.fetch_optional(connection))
        .await
        .map_err(before_commit)?;
    Ok(ScanPage::with_all_matches(rows, last_read.as_deref()))
}

/// Reads a limited number of rows, and selects the ones that match.
fn select(filter: ScanFilter) -> String {
    let names = selected_names().collect::<Vec<_>>().join(", ");
    let condition = filter.condition();
    format!(
        "SELECT {names} FROM (SELECT * FROM users WHERE user_id > $1 ORDER BY user_id LIMIT $2) AS read \
         WHERE {condition} ORDER BY user_id LIMIT $3"
    )
}
