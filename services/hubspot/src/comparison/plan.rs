//! Plans which contacts to read for a comparison, and by which keys.

use std::collections::BTreeSet;

use contracts::{
    ComparisonPurpose, Field, Finding, FindingKind, MAX_COMPARED, UserToCompare, lowercase_address,
};

use crate::engine::{ContactKey, Inspection, MAX_BATCH};

const _: () = assert!(MAX_COMPARED <= MAX_BATCH, "a page is read by one call");

/// What to read for a page of users.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Users whose contact is read by its id.
    pub(crate) by_id: Vec<UserToCompare>,
    /// Users for whom a contact is looked up by address.
    pub(crate) by_address: Vec<UserToCompare>,
    /// Findings that need no call to HubSpot.
    pub(crate) known: Vec<Finding>,
    /// How many users have nothing to compare.
    pub(crate) skipped: u64,
}

impl Plan {
    /// Makes the plan for these users. A link to a contact of another account is ignored.
    pub(crate) fn new(purpose: ComparisonPurpose, users: Vec<UserToCompare>, account_id: &str) -> Self {
        let mut plan = Self::default();
        for mut user in users {
            user.link = user.link.filter(|link| link.account_id == account_id);
            match purpose {
                ComparisonPurpose::Drift { .. } => plan.add_to_drift(user),
                ComparisonPurpose::DryRun => plan.add_to_dry_run(user),
            }
        }
        plan
    }

    fn add_to_drift(&mut self, user: UserToCompare) {
        match &user.link {
            Some(link) if link.shared => self.known.push(Finding {
                kind: FindingKind::Shared,
                contact_id: Some(link.contact_id.clone()),
                user_id: user.user_id,
                fields: Vec::new(),
            }),
            Some(_) if !user.confirmed.is_empty() => self.by_id.push(user),
            _ => self.skipped += 1,
        }
    }

    fn add_to_dry_run(&mut self, user: UserToCompare) {
        if user.dirty.is_empty() {
            self.skipped += 1;
        } else if user.link.is_some() {
            self.by_id.push(user);
        } else {
            self.by_address.push(user);
        }
    }

    /// The contacts to read by their ids.
    pub(crate) fn ids(&self) -> Option<Inspection> {
        let links = self.by_id.iter().filter_map(|user| user.link.as_ref());
        inspection(
            ContactKey::Id,
            links.map(|link| link.contact_id.clone()).collect(),
        )
    }

    /// The contacts to look up by address.
    pub(crate) fn addresses(&self) -> Option<Inspection> {
        let addresses = self.by_address.iter().filter_map(address_of);
        inspection(ContactKey::Address, addresses.collect())
    }
}

/// The address by which a user's contact is looked up, in lower case.
pub(super) fn address_of(user: &UserToCompare) -> Option<String> {
    let address = user.values.get(&Field::EMAIL)?.as_ref()?.as_text()?;
    Some(lowercase_address(address))
}

/// The keys are a set, because HubSpot rejects a batch that names a contact twice.
fn inspection(by: ContactKey, keys: BTreeSet<String>) -> Option<Inspection> {
    let keys: Vec<String> = keys.into_iter().collect();
    (!keys.is_empty()).then_some(Inspection { by, keys })
}
