//! One attempt by itself: which event leads from which step to which.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use contracts::{Claim, Field, FieldDefinitions};

use super::samples::{ACCOUNT, claim, contact, linked, ms, reason};
use crate::engine::{
    CallError, CallErrorKind, EmailConflict, InputError, MAX_BATCH, MissingContact, WrittenContact,
    attempt::{Attempt, AttemptPolicy, Event, FoundContacts, Step},
    circuit_breaker::FailureScope,
};

const POLICY: AttemptPolicy<'_> = AttemptPolicy {
    now: Duration::ZERO,
    account_id: ACCOUNT,
    email_conflict: EmailConflict::Follow,
    missing_contact: MissingContact::Create,
};

fn attempt(claim: Claim) -> Attempt {
    Attempt::new(
        claim,
        Arc::clone(FieldDefinitions::built_in()),
        ms(0),
        1,
        MAX_BATCH,
        POLICY,
    )
}

fn error(kind: CallErrorKind) -> CallError {
    CallError {
        kind,
        reason: reason("X"),
    }
}

/// An attempt whose address no contact has.
fn creating() -> Attempt {
    let mut attempt = attempt(claim("a"));
    let requested = ["a@example.com".to_owned()];
    let errors = [InputError {
        ids: requested.to_vec(),
        trace_ids: Vec::new(),
        error: error(CallErrorKind::NotFound),
    }];
    attempt.handle(
        Event::LookedUp(&FoundContacts::new(&requested, &[], &errors)),
        POLICY,
    );
    assert_eq!(attempt.step(), &Step::Create);
    attempt
}

fn updating() -> Attempt {
    let mut attempt = attempt(linked("a", &[Field::FIRST_NAME, Field::LAST_NAME]));
    assert_eq!(attempt.step(), &Step::Update);
    attempt.start_update();
    attempt
}

#[test]
fn each_event_leads_an_update_to_its_next_step() {
    let not_found = error(CallErrorKind::NotFound);
    let unnamed = error(CallErrorKind::Invalid {
        fields: BTreeMap::new(),
    });
    let forbidden = error(CallErrorKind::Forbidden);
    let written = |contact_id: &str| WrittenContact {
        contact_id: contact_id.to_owned(),
        values: claim("a").values,
        ..WrittenContact::default()
    };
    let (written, merged) = (written("c-a"), written("merged"));
    let not_shown = WrittenContact {
        values: BTreeMap::new(),
        ..written.clone()
    };
    let merged_and_not_shown = WrittenContact {
        values: BTreeMap::new(),
        ..merged.clone()
    };
    for (event, step) in [
        (Event::Updated(&written), Step::Done),
        (Event::Updated(&merged), Step::Read(Some("merged".to_owned()))),
        (Event::Updated(&not_shown), Step::ReadBack),
        (
            Event::Updated(&merged_and_not_shown),
            Step::Read(Some("merged".to_owned())),
        ),
        (Event::Unlisted, Step::Read(None)),
        (Event::WriteFailed(&not_found), Step::Read(None)),
        (Event::WriteFailed(&unnamed), Step::UpdateSingle),
        (Event::WriteFailed(&forbidden), Step::Done),
    ] {
        let name = format!("{event:?}");
        let mut attempt = updating();
        attempt.handle(event, POLICY);
        assert_eq!(attempt.step(), &step, "{name}");
    }
}

#[test]
fn an_update_that_was_not_listed_goes_alone_once_the_contact_is_seen() {
    let mut attempt = updating();
    attempt.handle(Event::Unlisted, POLICY);
    attempt.handle(Event::ContactRead(&contact("c-a", "a@example.com")), POLICY);
    assert_eq!(attempt.step(), &Step::UpdateSingle);
    attempt.handle(Event::ContactNotFound, POLICY);
    assert!(matches!(attempt.step(), Step::Find(_)));
}

#[test]
fn a_create_that_does_not_find_something_is_a_failure_of_the_record() {
    let mut attempt = creating();
    attempt.handle(Event::WriteFailed(&error(CallErrorKind::NotFound)), POLICY);
    assert_eq!(
        (attempt.failure().map(|failure| failure.scope), attempt.step()),
        (Some(FailureScope::Record), &Step::Done)
    );
}

#[test]
fn a_create_that_was_not_listed_is_looked_up_alone() {
    let mut attempt = creating();
    attempt.handle(Event::Unlisted, POLICY);
    assert!(matches!(attempt.step(), Step::FindSingle(_)));
}

#[test]
fn only_a_rejection_of_that_field_and_code_is_retracted() {
    let mut attempt = updating();
    let fields = BTreeMap::from([
        (Field::FIRST_NAME, reason("RULE")),
        (Field::LAST_NAME, reason("OTHER")),
    ]);
    attempt.handle(
        Event::WriteFailed(&error(CallErrorKind::Invalid { fields })),
        POLICY,
    );
    assert!(!attempt.retract_rejection(Field::LAST_NAME, "RULE"));
    assert_eq!((attempt.rejections().count(), attempt.step()), (2, &Step::Done));
    assert!(attempt.retract_rejection(Field::LAST_NAME, "OTHER"));
    assert_eq!((attempt.rejections().count(), attempt.step()), (1, &Step::Update));
}
