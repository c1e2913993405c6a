//! Verdicts as a worker would report them.

use contracts::{Claim, Failure, Field, FieldSet, Found, LinkFound, Outcome, Reason, Verdict};

pub(super) const ACCOUNT: &str = "4711";

pub(super) fn reason(code: &str) -> Reason {
    Reason {
        status: Some(400),
        ..Reason::ours(code, "in HubSpot's words")
    }
}

/// One that says nothing yet.
pub(super) fn verdict(claim: &Claim) -> Verdict {
    Verdict {
        user_id: claim.user_id.clone(),
        attempt: claim.attempt,
        version: claim.version,
        turn: claim.turn,
        outcomes: std::collections::BTreeMap::new(),
        written: FieldSet::EMPTY,
        may_take_effect_late: false,
        may_have_created: false,
        answer: None,
        link: None,
        confirmed_address: None,
        failure: None,
    }
}

/// The same for every field that was to be sent.
pub(super) fn all(claim: &Claim, outcome: &Outcome) -> Verdict {
    Verdict {
        outcomes: claim.owed.iter().map(|field| (field, outcome.clone())).collect(),
        ..verdict(claim)
    }
}

/// Everything was written.
pub(super) fn done(claim: &Claim) -> Verdict {
    Verdict {
        written: claim.owed,
        ..all(claim, &Outcome::Confirmed)
    }
}

/// The call timed out and may still be carried out.
pub(super) fn may_be_late(claim: &Claim) -> Verdict {
    Verdict {
        written: claim.owed,
        may_take_effect_late: true,
        may_have_created: false,
        ..failed(claim, false)
    }
}

/// Nothing reached HubSpot.
pub(super) fn failed(claim: &Claim, charged: bool) -> Verdict {
    Verdict {
        failure: Some(Failure {
            reason: reason("TIMED_OUT"),
            charged,
            may_pass: true,
        }),
        ..verdict(claim)
    }
}

/// HubSpot refused one field and took the others.
pub(super) fn refused(claim: &Claim, field: Field) -> Verdict {
    let mut verdict = done(claim);
    let reason = reason("INVALID_VALUE");
    verdict.outcomes.insert(field, Outcome::Refused { reason });
    verdict.written = claim.owed.without(field);
    verdict
}

/// A contact was found by the user's present address.
pub(super) fn found(claim: &Claim, contact: &str, found: Found) -> Verdict {
    Verdict {
        link: Some(LinkFound {
            contact_id: contact.to_owned(),
            account_id: ACCOUNT.to_owned(),
            address: claim.values[&Field::Email].clone(),
            found,
        }),
        ..verdict(claim)
    }
}
