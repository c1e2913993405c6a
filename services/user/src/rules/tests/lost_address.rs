//! Confirmed addresses that the contact does not have any more.

use contracts::{AttemptResult, Claim, Confirmation, Field, FieldResult, FieldSet, NextAction, Priority};

use super::{
    attempt_results::{all_confirmed, all_with, reason},
    test_user::TestUser,
};

/// A change of the name, whose attempt saw a contact without the user's address.
fn name_written_to_a_contact_without_the_address(user: &mut TestUser) -> (Claim, NextAction) {
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    let effects = user.report(AttemptResult {
        lacks_address: true,
        ..all_confirmed(&claim)
    });
    (claim, effects.next)
}

fn address() -> FieldSet {
    FieldSet::from_iter([Field::EMAIL])
}

#[test]
fn a_confirmed_address_that_the_contact_lacks_is_sent_once() {
    let mut user = TestUser::confirmed();
    let (_, next) = name_written_to_a_contact_without_the_address(&mut user);
    assert_eq!(next, NextAction::Now);
    assert_eq!(user.row.dirty_fields(), address());
    assert_eq!((user.row.version, user.row.priority), (2, Priority::Backfill));
    let claim = user.claim();
    let conflict = FieldResult::Conflict {
        reason: reason("CONFLICT"),
    };
    let effects = user.report(all_with(&claim, &conflict));
    assert_eq!(effects.next, NextAction::Clean, "a conflict is one");
    // The contact still lacks it. It is not confirmed any more, so it is left to the recheck.
    user.change([(Field::LAST_NAME, "Byron")]);
    let claim = user.claim();
    user.report(AttemptResult {
        lacks_address: true,
        ..all_confirmed(&claim)
    });
    assert!(!user.row.is_dirty());
}

#[test]
fn an_address_that_changed_since_the_claim_is_sent_anyway() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.change([(Field::EMAIL, "eva@example.com")]);
    let generation = user.row.generation;
    user.report(AttemptResult {
        lacks_address: true,
        ..all_confirmed(&claim)
    });
    assert_eq!(
        (user.row.dirty_fields(), user.row.generation),
        (address(), generation)
    );
}

#[test]
fn an_address_without_confirmation_stays_as_it_is() {
    for result in [
        FieldResult::NotFound,
        FieldResult::Rejected { reason: reason("A") },
    ] {
        let mut user = TestUser::confirmed();
        user.change([(Field::EMAIL, "eva@example.com")]);
        let claim = user.claim();
        user.report(all_with(&claim, &result));
        name_written_to_a_contact_without_the_address(&mut user);
        assert!(!user.row.is_dirty(), "{result:?}");
    }
}

#[test]
fn users_that_share_a_contact_do_not_overwrite_each_others_address() {
    let mut user = TestUser::confirmed();
    user.row.link.as_mut().unwrap().shared = true;
    name_written_to_a_contact_without_the_address(&mut user);
    assert!(!user.row.is_dirty());
}

#[test]
fn a_receipt_says_how_hubspot_has_a_confirmed_value() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva  Maria"), (Field::LAST_NAME, "Byron")]);
    let claim = user.claim();
    let results = [
        (Field::FIRST_NAME, Confirmation::in_form("Eva Maria".to_owned())),
        (Field::LAST_NAME, Confirmation::NOT_SHOWN),
    ];
    user.report(AttemptResult {
        field_results: results
            .map(|(field, confirmation)| (field, FieldResult::Confirmed(confirmation)))
            .into(),
        ..all_confirmed(&claim)
    });
    let receipt = user.receipt(2);
    let marks = |field: Field| (receipt.fields[&field].normalized, receipt.fields[&field].shown);
    assert_eq!(marks(Field::FIRST_NAME), (true, true));
    assert_eq!(marks(Field::LAST_NAME), (false, false));
    assert!(receipt.problems.is_empty());
    let email = &receipt.earlier_fields[&Field::EMAIL].field;
    assert_eq!((email.normalized, email.shown), (false, true));
}
