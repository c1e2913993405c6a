//! Verdicts as a worker would report them.

use contracts::{
    AttemptFailure, AttemptResult, Claim, Field, FieldResult, FieldSet, LinkOrigin, NewLink, Reason,
};

pub(super) const ACCOUNT: &str = "4711";

pub(super) fn reason(code: &str) -> Reason {
    Reason {
        status: Some(400),
        ..Reason::ours(code, "in HubSpot's words")
    }
}

/// One that says nothing yet.
pub(super) fn verdict(claim: &Claim) -> AttemptResult {
    AttemptResult {
        user_id: claim.user_id.clone(),
        attempt: claim.attempt,
        version: claim.version,
        field_results: std::collections::BTreeMap::new(),
        written: FieldSet::EMPTY,
        may_apply_late: false,
        may_have_created: false,
        last_response: None,
        link: None,
        confirmed_address: None,
        failure: None,
    }
}

/// The same for every field that was to be sent.
pub(super) fn all(claim: &Claim, outcome: &FieldResult) -> AttemptResult {
    AttemptResult {
        field_results: claim.dirty.iter().map(|field| (field, outcome.clone())).collect(),
        ..verdict(claim)
    }
}

/// Everything was written.
pub(super) fn done(claim: &Claim) -> AttemptResult {
    AttemptResult {
        written: claim.dirty,
        ..all(claim, &FieldResult::Confirmed)
    }
}

/// The call timed out and may still be carried out.
pub(super) fn may_be_late(claim: &Claim) -> AttemptResult {
    AttemptResult {
        written: claim.dirty,
        may_apply_late: true,
        may_have_created: false,
        ..failed(claim, false)
    }
}

/// Nothing reached HubSpot.
pub(super) fn failed(claim: &Claim, charged: bool) -> AttemptResult {
    AttemptResult {
        failure: Some(AttemptFailure {
            reason: reason("TIMED_OUT"),
            is_counted: charged,
            is_transient: true,
        }),
        ..verdict(claim)
    }
}

/// HubSpot refused one field and took the others.
pub(super) fn refused(claim: &Claim, field: Field) -> AttemptResult {
    let mut verdict = done(claim);
    let reason = reason("INVALID_VALUE");
    verdict
        .field_results
        .insert(field, FieldResult::Rejected { reason });
    verdict.written = claim.dirty.without(field);
    verdict
}

/// A contact was found by the user's present address.
pub(super) fn found(claim: &Claim, contact: &str, found: LinkOrigin) -> AttemptResult {
    AttemptResult {
        link: Some(NewLink {
            contact_id: contact.to_owned(),
            account_id: ACCOUNT.to_owned(),
            address: claim.values[&Field::EMAIL].clone(),
            origin: found,
        }),
        ..verdict(claim)
    }
}
