//! Finds the fields in which a user and a contact differ.

use contracts::{
    ComparisonPurpose, Difference, Field, FieldDefinitions, FieldSet, UserToCompare, Value, is_same_address,
};

use crate::engine::Profile;

/// A longer value of a contact is cut to this length, in characters, so that a comparison fits into a NATS message. No
/// value of a user is longer.
const MAX_VALUE_CHARS: usize = 255;

/// The result of comparing the fields of a user with those of a contact.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// The fields that differ, with their values if these were requested.
    pub(super) differ: Vec<Difference>,
    /// The fields that the response does not show, so that nothing is known about them; without values.
    pub(super) not_reported: Vec<Difference>,
}

/// Which fields to compare, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection {
    pub(super) purpose: ComparisonPurpose,
    pub(super) fields: FieldSet,
    /// Whether the result is to have values.
    pub(super) values: bool,
}

/// Compares the requested fields that a caller ever gave.
pub(super) fn compare(
    user: &UserToCompare,
    profile: &Profile,
    definitions: &FieldDefinitions,
    selection: Selection,
) -> Compared {
    let Selection {
        purpose,
        fields,
        values,
    } = selection;
    let mut compared = Compared::default();
    let given = user.values.iter().filter(|(field, _)| fields.contains(**field));
    for (field, ours) in given {
        match is_held(user, *field, ours.as_ref(), profile, definitions, purpose) {
            Some(true) => {}
            Some(false) => compared.differ.push(Difference {
                field: *field,
                user_value: ours.clone().filter(|_| values),
                contact_value: theirs(*field, profile).filter(|_| values).map(shortened),
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

fn theirs(field: Field, profile: &Profile) -> Option<&Value> {
    profile.values.get(&field)?.as_ref()
}

fn shortened(value: &Value) -> Value {
    match value {
        Value::Text(text) => text.chars().take(MAX_VALUE_CHARS).collect::<String>().into(),
        _ => value.clone(),
    }
}

/// The fields that a new contact would get.
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

/// Whether the contact has the value, or the form of it that HubSpot kept when it confirmed the value; none if the response does not
/// show it.
fn is_held(
    user: &UserToCompare,
    field: Field,
    ours: Option<&Value>,
    profile: &Profile,
    definitions: &FieldDefinitions,
    purpose: ComparisonPurpose,
) -> Option<bool> {
    let form = user.normalized.get(&field).map(String::as_str);
    if field == Field::EMAIL {
        // An address is never cleared, so a user without one has nothing to compare.
        let Some(ours) = ours.and_then(Value::as_text) else {
            return Some(true);
        };
        let is_form_held = form.is_some_and(|form| is_address_held(form, profile, purpose) == Some(true));
        return if is_form_held {
            Some(true)
        } else {
            is_address_held(ours, profile, purpose)
        };
    }
    profile.values.get(&field)?;
    let theirs = theirs(field, profile);
    // A delivery leaves such a value alone, unless hubsync confirmed it, which is not known here.
    if purpose == ComparisonPurpose::DryRun && definitions.is_written_if_empty(field) && theirs.is_some() {
        return Some(true);
    }
    let is_form = form.is_some_and(|form| definitions.is_equal(field, Some(&form.into()), theirs));
    Some(is_form || definitions.is_held(field, ours, theirs))
}

/// Whether the contact has the address. A confirmed address may be any of the contact's addresses, because a salesperson
/// may make another one primary. A dirty address has to be the primary one, because a delivery writes that.
fn is_address_held(ours: &str, profile: &Profile, purpose: ComparisonPurpose) -> Option<bool> {
    let contact = &profile.contact;
    let (secondary, shows_all): (&[String], bool) = match purpose {
        ComparisonPurpose::Drift { .. } => {
            (contact.secondary_addresses(), contact.shows_secondary_addresses())
        }
        ComparisonPurpose::DryRun => (&[], true),
    };
    let mut held = contact.email.iter().chain(secondary);
    if held.any(|address| is_same_address(ours, address)) {
        return Some(true);
    }
    (shows_all && profile.values.contains_key(&Field::EMAIL)).then_some(false)
}
