//! Fields in which a user and a contact differ.

use contracts::{ComparisonPurpose, Difference, Field, FieldSet, UserToCompare, is_same_address};

use crate::engine::Profile;

/// A contact's value is told no longer than a user's may be, so that an answer fits into a message.
const LONGEST: usize = 255;

/// The fields of a user beside those of a contact.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Those that differ. The values are told only if they are wanted.
    pub(super) differ: Vec<Difference>,
    /// Those of which the answer says nothing, so that nobody knows; without values.
    pub(super) not_reported: Vec<Difference>,
}

/// What is compared, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) aim: ComparisonPurpose,
    pub(super) fields: FieldSet,
    /// Whether the values are wanted.
    pub(super) values: bool,
}

/// Compares the fields that are asked for, as far as they were ever given.
pub(super) fn compare(user: &UserToCompare, profile: &Profile, question: Question) -> Compared {
    let Question { aim, fields, values } = question;
    let mut compared = Compared::default();
    let given = user.values.iter().filter(|(field, _)| fields.contains(**field));
    for (field, ours) in given {
        match is_held(*field, ours.as_deref(), profile, aim) {
            Some(true) => {}
            Some(false) => compared.differ.push(Difference {
                field: *field,
                user_value: ours.clone().filter(|_| values),
                contact_value: theirs(*field, profile)
                    .filter(|_| values)
                    .map(|theirs| theirs.chars().take(LONGEST).collect()),
            }),
            None => compared.not_reported.push(Difference {
                field: *field,
                user_value: None,
                contact_value: None,
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
            user_value: ours.clone().filter(|_| values),
            contact_value: None,
        })
        .collect()
}

/// Whether the contact holds the value, a cleared name as none or an empty one; none where the answer does not tell.
/// Blanks around a value are nothing that a person changed.
fn is_held(field: Field, ours: Option<&str>, profile: &Profile, aim: ComparisonPurpose) -> Option<bool> {
    if field == Field::EMAIL {
        // An address is never cleared.
        return ours.map_or(Some(true), |ours| is_address_held(ours, profile, aim));
    }
    profile.values.get(&field)?;
    Some(ours.unwrap_or_default().trim() == theirs(field, profile).unwrap_or_default().trim())
}

/// Whether the contact holds the address: as any of its addresses where it was confirmed, for people may choose another
/// primary one; as the primary one where it is owed, since that is what a delivery writes. HubSpot lower-cases addresses.
fn is_address_held(ours: &str, profile: &Profile, aim: ComparisonPurpose) -> Option<bool> {
    let contact = &profile.contact;
    let (secondary, tells_all): (&[String], bool) = match aim {
        ComparisonPurpose::Drift { .. } => {
            (contact.secondary_addresses(), contact.shows_secondary_addresses())
        }
        ComparisonPurpose::DryRun => (&[], true),
    };
    let mut held = contact.email.iter().chain(secondary);
    if held.any(|address| is_same_address(address, ours)) {
        return Some(true);
    }
    (tells_all && profile.values.contains_key(&Field::EMAIL)).then_some(false)
}
