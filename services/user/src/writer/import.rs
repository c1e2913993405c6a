//! A line of an import.

use contracts::{ImportLine, ImportResult, ServiceError};

use super::{
    batch::Batch,
    update::{check_readable, check_values, refused, stored_or_new},
};
use crate::rules::{Imported, import};

pub(super) fn import_line(batch: &mut Batch<'_>, line: &ImportLine) -> Result<ImportResult, ServiceError> {
    check_values(&line.fields)?;
    check_readable(batch, &line.user_id)?;
    let mut row = stored_or_new(batch, &line.user_id);
    let Imported { version, changed } = import(&mut row, &line.fields, batch.now).map_err(refused)?;
    if !changed {
        return Ok(ImportResult::Unchanged { version });
    }
    batch.accepted.count();
    // The sweep announces it when there is room for back-fill.
    batch.put(row);
    Ok(ImportResult::Changed { version })
}
