//! A page of a walk through all users.

use sqlx::{QueryBuilder, Sqlite, SqlitePool};

use super::rows::{decode, push_names};
use crate::store::{ScanPage, StoreError, UserScan, columns::integer, walk::Cut};

/// The last user of a stretch, if there is one as long.
const END: &str = "SELECT user_id FROM users WHERE user_id > ?1 ORDER BY user_id LIMIT 1 OFFSET ?2";

pub(super) async fn walk(pool: &SqlitePool, walk: &UserScan<'_>) -> Result<ScanPage, StoreError> {
    let rows = select(walk).build().fetch_all(pool).await;
    let rows = rows.map_err(StoreError::before_commit)?;
    let rows = match walk.cut(rows.iter().map(decode).collect()) {
        Cut::Page(page) => return Ok(page),
        Cut::Stretch(rows) => rows,
    };
    let end = sqlx::query_scalar::<_, String>(END)
        .bind(walk.after())
        .bind(integer(walk.stretch() as u64 - 1));
    let end = end
        .fetch_optional(pool)
        .await
        .map_err(StoreError::before_commit)?;
    Ok(ScanPage::stretch(rows, end.as_deref()))
}

fn select(walk: &UserScan<'_>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    push_names(&mut query);
    query.push(" FROM (SELECT * FROM users WHERE user_id > ");
    query
        .push_bind(walk.after().to_owned())
        .push(" ORDER BY user_id LIMIT ");
    query.push_bind(integer(walk.stretch() as u64)).push(") WHERE ");
    query
        .push(walk.filter.condition())
        .push(" ORDER BY user_id LIMIT ");
    query.push_bind(integer(walk.limit as u64 + 1));
    query
}
