//! Turns the contacts that were read into a finding for each user.

use contracts::{
    ComparisonPurpose, Difference, Field, FieldDefinitions, FieldSet, Finding, FindingKind, RepairUser,
    UserToCompare,
};

use super::{
    contacts::{Contacts, Seen},
    differences::{Compared, Selection, all_given, compare},
    plan::address_of,
};
use crate::engine::{MissingContact, Profile};

/// Finds what is different for one user at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserComparer<'a> {
    pub(crate) purpose: ComparisonPurpose,
    /// Whether findings are to have values.
    pub(crate) values: bool,
    /// What a delivery does with a user without a contact.
    pub(crate) missing: MissingContact,
    /// The definitions of the fields.
    pub(crate) fields: &'a FieldDefinitions,
}

impl UserComparer<'_> {
    /// The finding for a linked user, whose contact was read by its id.
    pub(crate) fn linked(self, user: &UserToCompare, contacts: &Contacts<'_>) -> Option<Finding> {
        let contact_id = &user.link.as_ref()?.contact_id;
        let (fields, if_different) = match self.purpose {
            ComparisonPurpose::Drift { .. } => (user.confirmed, FindingKind::Changed),
            ComparisonPurpose::DryRun => (self.written_to_linked(user.dirty), FindingKind::WouldWrite),
        };
        match contacts.by_id(contact_id) {
            Seen::Contact(profile) => {
                let Compared { differ, not_reported } = self.compare(user, profile, fields);
                if !differ.is_empty() {
                    return Some(finding_at(user, if_different, profile, differ));
                }
                (!not_reported.is_empty())
                    .then(|| finding_at(user, FindingKind::NotReported, profile, not_reported))
            }
            Seen::Merged(profile) => {
                let fields = self.compare(user, profile, fields).differ;
                Some(finding_at(user, FindingKind::Merged, profile, fields))
            }
            Seen::Absent => Some(finding(user, FindingKind::Gone, Some(contact_id), Vec::new())),
            Seen::NotReported => Some(finding(
                user,
                FindingKind::NotReported,
                Some(contact_id),
                Vec::new(),
            )),
        }
    }

    /// The finding for a user without a link, whose contact was looked up by address. A delivery would write every field
    /// except the address that found the contact.
    pub(crate) fn unlinked(self, user: &UserToCompare, contacts: &Contacts<'_>) -> Finding {
        let seen = address_of(user).map_or(Seen::Absent, |address| contacts.by_address(&address));
        match seen {
            Seen::Contact(profile) | Seen::Merged(profile) => {
                let fields = self.written_to_linked(self.fields.all().without(Field::EMAIL));
                let Compared { differ, not_reported } = self.compare(user, profile, fields);
                if differ.is_empty() && !not_reported.is_empty() {
                    return finding_at(user, FindingKind::NotReported, profile, not_reported);
                }
                finding_at(user, FindingKind::WouldLink, profile, differ)
            }
            Seen::Absent if self.missing == MissingContact::Create && user.never_linked => {
                finding(user, FindingKind::WouldCreate, None, all_given(user, self.values))
            }
            Seen::Absent => finding(user, FindingKind::NotFound, None, Vec::new()),
            Seen::NotReported => finding(user, FindingKind::NotReported, None, Vec::new()),
        }
    }

    /// Fields that are written only to a new contact are not written to one that is there.
    fn written_to_linked(self, fields: FieldSet) -> FieldSet {
        let is_written = |field: &Field| !self.fields.is_written_once(*field);
        fields.iter().filter(is_written).collect()
    }

    fn compare(self, user: &UserToCompare, profile: &Profile, fields: FieldSet) -> Compared {
        let selection = Selection {
            purpose: self.purpose,
            fields,
            values: self.values,
        };
        compare(user, profile, self.fields, selection)
    }
}

/// The fields to send again for a finding, or none if it is not repaired.
///
/// For a contact that is gone every confirmed field except the address is sent: the delivery looks the contact up by that
/// address, which so is not written over the address of the contact it finds. Merged contacts are not repaired, because
/// the values may be another user's. An operator decides: the link moves with the next change, and `resync` sends
/// every field.
pub(crate) fn repair_of(user: &UserToCompare, finding: &Finding) -> Option<RepairUser> {
    let fields = match finding.kind {
        FindingKind::Changed => finding.fields.iter().map(|difference| difference.field).collect(),
        FindingKind::Gone if user.confirmed == FieldSet::from_iter([Field::EMAIL]) => user.confirmed,
        FindingKind::Gone => user.confirmed.without(Field::EMAIL),
        FindingKind::Merged
        | FindingKind::Shared
        | FindingKind::NotReported
        | FindingKind::WouldWrite
        | FindingKind::WouldLink
        | FindingKind::WouldCreate
        | FindingKind::NotFound
        | FindingKind::Unknown => return None,
    };
    Some(RepairUser {
        user_id: user.user_id.clone(),
        generation: user.generation,
        fields,
    })
}

fn finding_at(
    user: &UserToCompare,
    kind: FindingKind,
    profile: &Profile,
    fields: Vec<Difference>,
) -> Finding {
    finding(user, kind, Some(&profile.contact.id), fields)
}

fn finding(
    user: &UserToCompare,
    kind: FindingKind,
    contact_id: Option<&String>,
    fields: Vec<Difference>,
) -> Finding {
    Finding {
        user_id: user.user_id.clone(),
        kind,
        contact_id: contact_id.cloned(),
        fields,
    }
}
