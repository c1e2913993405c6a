//! The lag of search: it shows a write only some time after it took effect.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm>

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;

use crate::model::{Contact, ContactId, Context};

/// Earlier versions of contacts, which search still shows.
#[derive(Debug, Default)]
pub(crate) struct SearchLag {
    stale: HashMap<ContactId, Vec<StaleContact>>,
    /// At this number of contacts, versions that search no longer shows are dropped.
    clean_up_at: usize,
}

/// Below this number of contacts nothing is dropped.
const MIN_STALE_TO_CLEAN_UP: usize = 1_000;

#[derive(Debug)]
struct StaleContact {
    until: Timestamp,
    contact: Option<Contact>,
}

impl SearchLag {
    /// Remembers a contact as it was before a change, for the length of the lag.
    pub(crate) fn before_change(&mut self, context: &Context<'_>, id: ContactId, before: Option<Contact>) {
        let lag = Duration::from_millis(context.switches.search_lag_ms);
        if lag.is_zero() {
            return;
        }
        if self.stale.len() >= self.clean_up_at.max(MIN_STALE_TO_CLEAN_UP) {
            self.advance(context.now);
            self.clean_up_at = 2 * self.stale.len();
        }
        let until = context.now.saturating_add(lag).unwrap_or(Timestamp::MAX);
        let versions = self.stale.entry(id).or_default();
        versions.retain(|version| version.until > context.now);
        versions.push(StaleContact {
            until,
            contact: before,
        });
    }

    /// Drops the versions that search no longer shows.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.stale.retain(|_, versions| {
            versions.retain(|version| version.until > now);
            !versions.is_empty()
        });
    }

    /// The contacts as search shows them, in the order of their ids.
    pub(crate) fn visible<'a>(&'a self, contacts: impl Iterator<Item = &'a Contact>) -> Vec<&'a Contact> {
        // A contact without earlier versions is shown as it is now.
        let mut current: Vec<&Contact> = contacts
            .filter(|contact| !self.stale.contains_key(&contact.id))
            .collect();
        // Of the others, the oldest version that has not expired is shown. A contact that did not exist then is left out.
        let oldest = self
            .stale
            .values()
            .filter_map(|versions| versions.first()?.contact.as_ref());
        current.extend(oldest);
        current.retain(|contact| !contact.is_archived());
        current.sort_by_key(|contact| contact.id);
        current
    }
}
