//! The changes of a request so far: enough to roll them back, and to write them to the data file.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Contact, ContactId, PropertyDefinition, Write};

/// The changes of one request.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Each changed contact as it was before; none for a new one.
    pub(crate) before: BTreeMap<ContactId, Option<Contact>>,
    /// Writes to add to the record.
    pub(crate) writes: Vec<Write>,
    /// Whether the account itself changed: an id was used, or the block list changed.
    pub(crate) account: bool,
    /// The block list before the request, if it changed.
    pub(crate) blocked_before: Option<BTreeSet<String>>,
    /// Each changed property as it was before; none for a new one.
    pub(crate) properties_before: BTreeMap<String, Option<PropertyDefinition>>,
    /// The names of new groups of properties.
    pub(crate) new_groups: BTreeSet<String>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty()
            && self.writes.is_empty()
            && !self.account
            && self.properties_before.is_empty()
            && self.new_groups.is_empty()
    }
}
