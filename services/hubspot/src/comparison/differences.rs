//! Fields in which a user and a contact differ.

use contracts::{Difference, Field, FieldSet, UserToCompare};

use crate::engine::Profile;

/// A contact's value is told no longer than a user's may be, so that an answer fits into a message.
const LONGEST: usize = 255;

/// The fields of a user beside those of a contact.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Those that differ. The values are told only if they are wanted.
    pub(super) differ: Vec<Difference>,
    /// Those of which the answer says nothing, so that nobody knows; without values.
    pub(super) not_told: Vec<Difference>,
}

/// Compares these fields, as far as they were ever given.
pub(super) fn compare(user: &UserToCompare, fields: FieldSet, profile: &Profile, values: bool) -> Compared {
    let mut compared = Compared::default();
    let given = user.values.iter().filter(|(field, _)| fields.contains(**field));
    for (field, ours) in given {
        match is_held(*field, ours.as_deref(), profile) {
            Some(true) => {}
            Some(false) => compared.differ.push(Difference {
                field: *field,
                ours: ours.clone().filter(|_| values),
                theirs: theirs(*field, profile)
                    .filter(|_| values)
                    .map(|theirs| theirs.chars().take(LONGEST).collect()),
            }),
            None => compared.not_told.push(Difference {
                field: *field,
                ours: None,
                theirs: None,
            }),
        }
    }
    compared
}

fn theirs(field: Field, profile: &Profile) -> Option<&str> {
    profile.values.get(&field)?.as_deref()
}

/// Fields that a new contact would get.
pub(super) fn all_given(user: &UserToCompare, values: bool) -> Vec<Difference> {
    let given = user.values.iter().filter(|(_, ours)| ours.is_some());
    given
        .map(|(field, ours)| Difference {
            field: *field,
            ours: ours.clone().filter(|_| values),
            theirs: None,
        })
        .collect()
}

/// Whether the contact holds the value: an address as any of its addresses, a cleared name as none or an empty one. None
/// where the answer does not tell. HubSpot lower-cases addresses, and blanks around a value are nothing that a person
/// changed.
fn is_held(field: Field, ours: Option<&str>, profile: &Profile) -> Option<bool> {
    if field != Field::Email {
        profile.values.get(&field)?;
        return Some(ours.unwrap_or_default().trim() == theirs(field, profile).unwrap_or_default().trim());
    }
    // An address is never cleared.
    let Some(ours) = ours.map(str::to_lowercase) else {
        return Some(true);
    };
    let contact = &profile.contact;
    let mut held = contact.email.iter().chain(&contact.additional_emails);
    if held.any(|address| address.to_lowercase() == ours) {
        return Some(true);
    }
    let tells_all = profile.values.contains_key(&Field::Email) && profile.tells_additional_emails;
    tells_all.then_some(false)
}
