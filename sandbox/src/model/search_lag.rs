//! Search shows a write only some time after it happened.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm>

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;

use super::{Contact, ContactId, Context};

/// Contacts as search still sees them.
#[derive(Debug, Default)]
pub(crate) struct SearchLag {
    stale: HashMap<ContactId, Vec<Stale>>,
    /// At this size it is time to forget what search no longer shows.
    forget_at: usize,
}

const SMALLEST_TO_FORGET: usize = 1_000;

#[derive(Debug)]
struct Stale {
    until: Timestamp,
    seen: Option<Contact>,
}

impl SearchLag {
    /// Remembers what a contact was before a change, for as long as search lags.
    pub(crate) fn before_change(&mut self, context: &Context<'_>, id: ContactId, before: Option<Contact>) {
        let lag = Duration::from_millis(context.switches.search_lag_ms);
        if lag.is_zero() {
            return;
        }
        if self.stale.len() >= self.forget_at.max(SMALLEST_TO_FORGET) {
            self.advance(context.now);
            self.forget_at = 2 * self.stale.len();
        }
        let until = context.now.saturating_add(lag).unwrap_or(Timestamp::MAX);
        let versions = self.stale.entry(id).or_default();
        versions.retain(|version| version.until > context.now);
        versions.push(Stale { until, seen: before });
    }

    /// Forgets what search no longer shows.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.stale.retain(|_, versions| {
            versions.retain(|version| version.until > now);
            !versions.is_empty()
        });
    }

    /// The contacts as search sees them, by rising id.
    pub(crate) fn seen<'a>(&'a self, contacts: impl Iterator<Item = &'a Contact>) -> Vec<&'a Contact> {
        let mut current: Vec<&Contact> = contacts
            .filter(|contact| !self.stale.contains_key(&contact.id))
            .collect();
        let oldest = self
            .stale
            .values()
            .filter_map(|versions| versions.first()?.seen.as_ref());
        current.extend(oldest);
        current.retain(|contact| !contact.is_archived());
        current.sort_by_key(|contact| contact.id);
        current
    }
}
