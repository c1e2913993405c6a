//! The set of fields.

use contracts::FieldDefinitions;
use sqlx::PgConnection;

use super::error::{before_commit, limited};
use crate::store::{StoreError, columns::read_fields};

/// Reads the set that was stored last.
pub(super) async fn read(connection: &mut PgConnection) -> Result<Option<FieldDefinitions>, StoreError> {
    let latest =
        sqlx::query_as("SELECT revision, definitions FROM field_sets ORDER BY revision DESC LIMIT 1");
    let stored = limited(latest.fetch_optional(connection)).await;
    read_fields(stored.map_err(before_commit)?)
}
