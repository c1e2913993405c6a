//! The set of fields.

use contracts::FieldDefinitions;
use sqlx::{Executor, Sqlite};

use crate::store::{StoreError, columns::read_fields};

/// Reads the set that was stored last.
pub(super) async fn read(
    connection: impl Executor<'_, Database = Sqlite>,
) -> Result<Option<FieldDefinitions>, StoreError> {
    let latest =
        sqlx::query_as("SELECT revision, definitions FROM field_sets ORDER BY revision DESC LIMIT 1");
    let stored = latest.fetch_optional(connection).await;
    read_fields(stored.map_err(StoreError::before_commit)?)
}
