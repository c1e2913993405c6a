//! Archives a property. Contacts keep its values, but no call reads or writes them.

use super::invalid;
use crate::model::{Account, Context, Rejection};

/// Archives a property that HubSpot lets an app archive.
pub(crate) fn archive_property(
    account: &mut Account,
    context: &Context<'_>,
    name: &str,
) -> Result<(), Rejection> {
    let mut definition = account.properties.get(name).ok_or(Rejection::NotFound)?.clone();
    if !definition.modification_metadata.archivable {
        return Err(invalid(format!("Property {name} cannot be archived.")));
    }
    definition.archived_at = Some(context.now);
    account.put_property(definition);
    Ok(())
}
