//! What follows for a user from what was read.

use contracts::{
    ComparisonPurpose, Difference, Field, FieldSet, Finding, FindingKind, RepairUser, UserToCompare,
};

use super::{
    contacts::{Contacts, Seen},
    differences::{Compared, Question, all_given, compare},
    plan::address_of,
};
use crate::engine::{MissingContact, Profile};

/// Judges users, each by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge {
    pub(crate) aim: ComparisonPurpose,
    /// Whether findings are to have values.
    pub(crate) values: bool,
    /// What would become of a user without a contact.
    pub(crate) missing: MissingContact,
}

impl Judge {
    /// Of a user whose contact was read by its id.
    pub(crate) fn linked(self, user: &UserToCompare, contacts: &Contacts<'_>) -> Option<Finding> {
        let contact_id = &user.link.as_ref()?.contact_id;
        let (fields, if_different) = match self.aim {
            ComparisonPurpose::Drift { .. } => (user.confirmed, FindingKind::Changed),
            ComparisonPurpose::DryRun => (user.dirty, FindingKind::WouldWrite),
        };
        match contacts.by_id(contact_id) {
            Seen::Contact(profile) => {
                let Compared { differ, not_reported } = self.compare(user, profile, fields);
                if !differ.is_empty() {
                    return Some(at(user, if_different, profile, differ));
                }
                (!not_reported.is_empty()).then(|| at(user, FindingKind::NotReported, profile, not_reported))
            }
            Seen::Merged(profile) => {
                let fields = self.compare(user, profile, fields).differ;
                Some(at(user, FindingKind::Merged, profile, fields))
            }
            Seen::Absent => Some(finding(user, FindingKind::Gone, Some(contact_id), Vec::new())),
            Seen::NotTold => Some(finding(
                user,
                FindingKind::NotReported,
                Some(contact_id),
                Vec::new(),
            )),
        }
    }

    /// Of a user that has no contact, and for whom one was looked up: it would get all but the address that found it.
    pub(crate) fn unlinked(self, user: &UserToCompare, contacts: &Contacts<'_>) -> Finding {
        let seen = address_of(user).map_or(Seen::Absent, |address| contacts.by_address(&address));
        match seen {
            Seen::Contact(profile) | Seen::Merged(profile) => {
                let fields = FieldSet::all().without(Field::EMAIL);
                let Compared { differ, not_reported } = self.compare(user, profile, fields);
                if differ.is_empty() && !not_reported.is_empty() {
                    return at(user, FindingKind::NotReported, profile, not_reported);
                }
                at(user, FindingKind::WouldLink, profile, differ)
            }
            Seen::Absent if self.missing == MissingContact::Create && user.never_linked => {
                finding(user, FindingKind::WouldCreate, None, all_given(user, self.values))
            }
            Seen::Absent => finding(user, FindingKind::NotFound, None, Vec::new()),
            Seen::NotTold => finding(user, FindingKind::NotReported, None, Vec::new()),
        }
    }

    fn compare(self, user: &UserToCompare, profile: &Profile, fields: FieldSet) -> Compared {
        let question = Question {
            aim: self.aim,
            fields,
            values: self.values,
        };
        compare(user, profile, question)
    }
}

/// What is to be sent again for a finding. A delivery finds out by itself what became of a contact that is gone; the
/// address it looks it up by is not written over the one that is found. What a merged contact holds may be another
/// user's, so that people decide: the link moves with the next change, and `resync` sends everything.
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

fn at(user: &UserToCompare, kind: FindingKind, profile: &Profile, fields: Vec<Difference>) -> Finding {
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
