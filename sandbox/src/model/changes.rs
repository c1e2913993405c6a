//! What a request has changed so far: enough to undo it, and to write it down once it succeeds.

use std::collections::{BTreeMap, BTreeSet};

use super::{Contact, ContactId, Write};

/// The changes of one request.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Each touched contact as it was before, or that there was none.
    pub(crate) before: BTreeMap<ContactId, Option<Contact>>,
    /// Writes to record.
    pub(crate) writes: Vec<Write>,
    /// The account itself changed: an id was given out, or an address blocked.
    pub(crate) account: bool,
    /// The block list as it was, if it changed.
    pub(crate) blocked_before: Option<BTreeSet<String>>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.writes.is_empty() && !self.account
    }
}
