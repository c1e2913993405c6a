//! A page of a walk through all users, without a lock.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, PgConnection};

use super::{
    error::{before_commit, limited},
    rows::decode,
};
use crate::store::{
    ScanFilter, ScanPage, StoreError, UserScan,
    columns::{self, integer},
    walk::Cut,
};

/// The last user of a stretch, if there is one as long.
const END: &str = "SELECT user_id FROM users WHERE user_id > $1 ORDER BY user_id LIMIT 1 OFFSET $2";

static LINKED: LazyLock<String> = LazyLock::new(|| select(ScanFilter::Linked));
static OWING: LazyLock<String> = LazyLock::new(|| select(ScanFilter::Dirty));

pub(super) async fn walk(connection: &mut PgConnection, walk: &UserScan<'_>) -> Result<ScanPage, StoreError> {
    let statement = match walk.filter {
        ScanFilter::Linked => LINKED.as_str(),
        ScanFilter::Dirty => OWING.as_str(),
    };
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(walk.after())
        .bind(integer(walk.stretch() as u64))
        .bind(integer(walk.limit as u64 + 1));
    let rows = limited(rows.fetch_all(&mut *connection))
        .await
        .map_err(before_commit)?;
    let rows = match walk.cut(rows.iter().map(decode).collect()) {
        Cut::Page(page) => return Ok(page),
        Cut::Stretch(rows) => rows,
    };
    let end = sqlx::query_scalar::<_, String>(END)
        .bind(walk.after())
        .bind(integer(walk.stretch() as u64 - 1));
    let end = limited(end.fetch_optional(connection))
        .await
        .map_err(before_commit)?;
    Ok(ScanPage::stretch(rows, end.as_deref()))
}

fn select(whom: ScanFilter) -> String {
    let names = columns::names().collect::<Vec<_>>().join(", ");
    let condition = whom.condition();
    format!(
        "SELECT {names} FROM (SELECT * FROM users WHERE user_id > $1 ORDER BY user_id LIMIT $2) AS stretch \
         WHERE {condition} ORDER BY user_id LIMIT $3"
    )
}
