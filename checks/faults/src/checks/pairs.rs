//! Reads what became of the pairs, whose users have no contact of their own that never changes: their receipts, and their contacts.

use std::collections::BTreeMap;

use anyhow::Context;
use contracts::{Field, FieldReceipt, Receipt, SyncState};

use super::{CheckContext, property_of, receipts};
use crate::{
    callers::{accepted_changes::Expected, pairs::Pair, test_users::TestUser},
    system::hubspot::{Contact, Write},
};

/// A pair in the end.
#[derive(Debug)]
pub(super) struct PairFound<'a> {
    pub(super) pair: &'a Pair,
    pub(super) users: [UserFound<'a>; 2],
    /// Every write to a contact of the pair, each contact's in its order.
    pub(super) writes: Vec<Vec<Write>>,
}

/// A user of a pair in the end.
#[derive(Debug)]
pub(super) struct UserFound<'a> {
    pub(super) id: String,
    pub(super) expected: &'a Expected,
    /// The state of each field that it gave, by its latest receipt.
    pub(super) fields: BTreeMap<Field, FieldReceipt>,
    /// The contact to which it is linked.
    pub(super) contact: Option<Contact>,
}

impl UserFound<'_> {
    /// Its last accepted address.
    pub(super) fn address(&self) -> &str {
        let email = self.expected.fields.get(&Field::EMAIL);
        email
            .and_then(|(value, _)| value.as_ref()?.as_text())
            .unwrap_or("")
    }

    /// Whether one of its fields is in conflict.
    pub(super) fn is_in_conflict(&self) -> bool {
        let mut states = self.fields.values().map(|field| field.state);
        states.any(|state| state == SyncState::Conflict)
    }

    /// Whether it is linked to the same contact as another user.
    pub(super) fn shares_contact_with(&self, other: &Self) -> bool {
        let id = |user: &Self| user.contact.as_ref().map(|contact| contact.id.clone());
        self.contact.is_some() && id(self) == id(other)
    }

    /// The state of a version that was the last to change some fields: a conflict of one of them is not hidden.
    pub(super) fn state_of(&self, version: u64) -> SyncState {
        let last_changed = |field: &Field| {
            let expected = self.expected.fields.get(field);
            expected.is_some_and(|(_, last)| *last == version)
        };
        let mut last = self.fields.iter().filter(|(field, _)| last_changed(field));
        if last.any(|(_, field)| field.state == SyncState::Conflict) {
            SyncState::Conflict
        } else {
            SyncState::Confirmed
        }
    }

    /// How many values its contact has in fields that it never gave. Each is logged.
    pub(super) fn count_left_values(&self) -> u64 {
        let Some(contact) = &self.contact else { return 0 };
        let mut count = 0;
        for field in Field::BUILT_IN {
            let held = contact
                .properties
                .get(property_of(field))
                .map_or("", String::as_str);
            if !held.is_empty() && !self.expected.fields.contains_key(&field) {
                tracing::info!(
                    "contact {} of {} has {held:?}, which a former user gave",
                    contact.id,
                    self.id
                );
                count += 1;
            }
        }
        count
    }
}

/// Reads all pairs.
pub(super) async fn read<'a>(context: &CheckContext<'a>) -> anyhow::Result<Vec<PairFound<'a>>> {
    let mut pairs = Vec::new();
    for pair in context.pairs {
        let [one, other] = pair.users();
        pairs.push(PairFound {
            pair,
            users: [read_user(context, one).await?, read_user(context, other).await?],
            writes: read_writes(context, pair).await?,
        });
    }
    Ok(pairs)
}

async fn read_user<'a>(context: &CheckContext<'a>, user: TestUser) -> anyhow::Result<UserFound<'a>> {
    let id = user.id();
    let expected = context
        .expected
        .get(&id)
        .context("every user of a pair was created")?;
    let receipt = receipts::read_final(context, &id, expected.version).await?;
    let Receipt {
        mut fields,
        earlier_fields,
        contact,
        ..
    } = receipt;
    fields.extend(
        earlier_fields
            .into_iter()
            .map(|(field, earlier)| (field, earlier.field)),
    );
    let contact = match contact {
        Some(link) => Some(context.hubspot.contact(&link.contact_id).await?),
        None => None,
    };
    Ok(UserFound {
        id,
        expected,
        fields,
        contact,
    })
}

/// The writes to the contacts that the pair had at first, and to the one into which they were merged.
async fn read_writes(context: &CheckContext<'_>, pair: &Pair) -> anyhow::Result<Vec<Vec<Write>>> {
    let mut writes = BTreeMap::new();
    for user in pair.users() {
        let id = context
            .contacts
            .get(&user.id())
            .context("every user has a contact")?;
        let contact = context.hubspot.contact(id).await?;
        writes.insert(contact.id, contact.writes);
    }
    let before_merge = pair.record().writes_before_merge.clone();
    Ok(writes.into_values().chain(before_merge).collect())
}
