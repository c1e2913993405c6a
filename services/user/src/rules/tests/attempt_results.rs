//! Results of attempts, as a worker reports them.

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

/// No field has a result.
pub(super) fn no_result(claim: &Claim) -> AttemptResult {
    AttemptResult {
        user_id: claim.user_id.clone(),
        attempt: claim.attempt,
        version: claim.version,
        field_results: std::collections::BTreeMap::new(),
        written: FieldSet::EMPTY,
        may_apply_late: false,
        target: None,
        cleared: FieldSet::EMPTY,
        may_have_created: false,
        last_response: None,
        link: None,
        confirmed_address: None,
        lacks_address: false,
        failure: None,
    }
}

/// Every dirty field has this result.
pub(super) fn all_with(claim: &Claim, result: &FieldResult) -> AttemptResult {
    AttemptResult {
        field_results: claim.dirty.iter().map(|field| (field, result.clone())).collect(),
        ..no_result(claim)
    }
}

/// Every dirty field was written and confirmed.
pub(super) fn all_confirmed(claim: &Claim) -> AttemptResult {
    AttemptResult {
        written: claim.dirty,
        ..all_with(claim, &FieldResult::CONFIRMED)
    }
}

/// The call timed out, and HubSpot may still apply it.
pub(super) fn timed_out(claim: &Claim) -> AttemptResult {
    AttemptResult {
        written: claim.dirty,
        may_apply_late: true,
        may_have_created: false,
        ..failed(claim, false)
    }
}

/// The attempt failed and wrote nothing.
pub(super) fn failed(claim: &Claim, is_counted: bool) -> AttemptResult {
    AttemptResult {
        failure: Some(AttemptFailure {
            reason: reason("TIMED_OUT"),
            is_counted,
            is_transient: true,
        }),
        ..no_result(claim)
    }
}

/// HubSpot rejected one field and confirmed the others.
pub(super) fn rejected(claim: &Claim, field: Field) -> AttemptResult {
    let mut result = all_confirmed(claim);
    let reason = reason("INVALID_VALUE");
    result
        .field_results
        .insert(field, FieldResult::Rejected { reason });
    result.written = claim.dirty.without(field);
    result
}

/// A contact was found by the address in the claim.
pub(super) fn contact_found(claim: &Claim, contact: &str, origin: LinkOrigin) -> AttemptResult {
    AttemptResult {
        link: Some(NewLink {
            contact_id: contact.to_owned(),
            account_id: ACCOUNT.to_owned(),
            address: claim.address().map(str::to_owned),
            origin,
            primary_address: match origin {
                LinkOrigin::PrimaryAddress | LinkOrigin::Followed => claim.address().map(str::to_owned),
                _ => Some("primary@example.com".to_owned()),
            },
            former_ids: Vec::new(),
        }),
        ..no_result(claim)
    }
}
