//! Fields in which a user and a contact differ.

use contracts::{Difference, Field, FieldSet, UserToCompare};

use crate::engine::Profile;

/// A contact's value is told no longer than a user's may be, so that an answer fits into a message.
const LONGEST: usize = 255;

/// Those of the fields that differ. The values are told only if they are wanted.
pub(super) fn differences(
    user: &UserToCompare,
    fields: FieldSet,
    profile: &Profile,
    values: bool,
) -> Vec<Difference> {
    let given = user.values.iter().filter(|(field, _)| fields.contains(**field));
    given
        .filter(|(field, ours)| !is_held(**field, ours.as_deref(), profile))
        .map(|(field, ours)| Difference {
            field: *field,
            ours: ours.clone().filter(|_| values),
            theirs: profile
                .values
                .get(field)
                .filter(|_| values)
                .map(|theirs| theirs.chars().take(LONGEST).collect()),
        })
        .collect()
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

/// Whether the contact holds the value: an address as any of its addresses, a cleared name as none or an empty one.
/// HubSpot lower-cases addresses, and blanks around a value are nothing that a person changed.
fn is_held(field: Field, ours: Option<&str>, profile: &Profile) -> bool {
    let theirs = profile.values.get(&field).map(String::as_str);
    if field != Field::Email {
        return ours.unwrap_or_default().trim() == theirs.unwrap_or_default().trim();
    }
    // An address is never cleared.
    let Some(ours) = ours.map(str::to_lowercase) else {
        return true;
    };
    let contact = &profile.contact;
    let mut held = contact.email.iter().chain(&contact.additional_emails);
    held.any(|address| address.to_lowercase() == ours)
}
