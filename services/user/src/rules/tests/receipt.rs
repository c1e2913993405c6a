//! What a receipt says about a version.

use contracts::{Field, FieldResult, SyncState};

use super::{
    attempt_results::{all_confirmed, all_with, failed, no_result, reason},
    test_user::TestUser,
};
use crate::rules;

#[test]
fn a_version_that_the_user_never_had_has_no_receipt() {
    let user = TestUser::created();
    assert!(rules::receipt(&user.row, 0).is_none() && rules::receipt(&user.row, 2).is_none());
}

#[test]
fn the_worst_result_is_the_state_of_the_version() {
    let order = [
        SyncState::Rejected,
        SyncState::Conflict,
        SyncState::Failed,
        SyncState::NotFound,
        SyncState::Confirmed,
    ];
    let result_of = |state| match state {
        SyncState::Rejected => FieldResult::Rejected { reason: reason("A") },
        SyncState::Conflict => FieldResult::Conflict { reason: reason("A") },
        SyncState::Failed => FieldResult::Failed {
            reason: reason("A"),
            is_transient: true,
        },
        SyncState::NotFound => FieldResult::NotFound,
        _ => FieldResult::CONFIRMED,
    };
    for (index, worse) in order.into_iter().enumerate() {
        for better in &order[index..] {
            let mut user = TestUser::confirmed();
            user.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "Byron")]);
            let claim = user.claim();
            let mut result = all_confirmed(&claim);
            result.field_results = [
                (Field::FIRST_NAME, result_of(*better)),
                (Field::LAST_NAME, result_of(worse)),
            ]
            .into();
            user.report(result);
            assert_eq!(user.receipt(2).state, worse, "with {better:?}");
        }
    }
}

#[test]
fn a_field_without_a_result_keeps_the_version_pending() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "bad")]);
    let claim = user.claim();
    let mut partly = no_result(&claim);
    let rejection = FieldResult::Rejected { reason: reason("A") };
    partly.field_results = [(Field::LAST_NAME, rejection)].into();
    user.report(partly);
    let receipt = user.receipt(2);
    assert_eq!(receipt.state, SyncState::Pending);
    assert_eq!(receipt.fields[&Field::LAST_NAME].state, SyncState::Rejected);
}

#[test]
fn a_dirty_field_with_a_result_is_being_sent_again() {
    let mut user = TestUser::created();
    assert!(!user.receipt(1).resending, "it was never sent");
    user = TestUser::confirmed();
    assert!(!user.receipt(1).resending, "it is clean");
    let fields = contracts::FieldDefinitions::built_in().all();
    rules::dirty::mark_dirty(&mut user.row, fields, contracts::Priority::Live, user.now);
    assert!(user.receipt(1).resending);
}

#[test]
fn only_fields_that_the_version_changed_last_count() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "Byron")]);
    user.change([(Field::FIRST_NAME, "Ida")]);
    let first = user.receipt(1).fields;
    assert!(first.contains_key(&Field::EMAIL), "{first:?}");
    assert!(
        !first.contains_key(&Field::FIRST_NAME) && !first.contains_key(&Field::LAST_NAME),
        "{first:?}"
    );
    assert_eq!(
        user.receipt(2).fields.keys().collect::<Vec<_>>(),
        [&Field::LAST_NAME]
    );
    user.change([(Field::LAST_NAME, "King")]);
    let receipt = user.receipt(2);
    assert_eq!(
        (receipt.state, receipt.fields.len(), receipt.current_version),
        (SyncState::Superseded, 0, 4)
    );
}

#[test]
fn the_overall_state_is_that_of_the_worst_field() {
    let mut user = TestUser::created();
    assert_eq!(rules::overall_state(&user.row), (SyncState::Pending, None));
    user = TestUser::confirmed();
    assert_eq!(rules::overall_state(&user.row), (SyncState::Confirmed, None));
    user.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "bad")]);
    let claim = user.claim();
    let mut one_rejected = all_confirmed(&claim);
    one_rejected
        .field_results
        .insert(Field::LAST_NAME, FieldResult::Rejected { reason: reason("A") });
    user.report(one_rejected);
    assert_eq!(
        rules::overall_state(&user.row),
        (SyncState::Rejected, Some(reason("A")))
    );
    user.change([(Field::FIRST_NAME, "Ida")]);
    assert_eq!(
        rules::overall_state(&user.row),
        (SyncState::Rejected, Some(reason("A"))),
        "a pending field does not hide it"
    );
    assert_eq!(
        user.receipt(3).state,
        SyncState::Pending,
        "a caller waits for this version"
    );
    user.change([(Field::LAST_NAME, "King")]);
    assert_eq!(rules::overall_state(&user.row), (SyncState::Pending, None));
}

#[test]
fn each_problem_comes_before_a_pending_field_and_that_before_a_confirmed_one() {
    for result in [
        FieldResult::Rejected { reason: reason("A") },
        FieldResult::Conflict { reason: reason("A") },
        FieldResult::Failed {
            reason: reason("A"),
            is_transient: false,
        },
        FieldResult::NotFound,
    ] {
        let mut user = TestUser::confirmed();
        user.change([(Field::LAST_NAME, "King")]);
        let claim = user.claim();
        user.report(all_with(&claim, &result));
        let with_problem = rules::overall_state(&user.row);
        user.change([(Field::FIRST_NAME, "Ida")]);
        assert_eq!(rules::overall_state(&user.row), with_problem, "{result:?}");
    }
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Ida")]);
    assert_eq!(rules::overall_state(&user.row).0, SyncState::Pending);
}

#[test]
fn what_is_retried_shows_its_failures_and_when_the_next_attempt_is_due() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Ida")]);
    for _ in 0..3 {
        let claim = user.claim();
        assert_eq!(user.receipt(2).next_attempt_at, None, "an attempt is running");
        user.report(failed(&claim, false));
    }
    let receipt = user.receipt(2);
    let due_at = user.row.wake_at.map(crate::time::rfc3339);
    assert_eq!((receipt.failures, receipt.next_attempt_at), (3, due_at));
    assert!(receipt.last_failure.is_some());
    user.change([(Field::LAST_NAME, "King")]);
    let receipt = user.receipt(3);
    assert_eq!(
        (receipt.failures, receipt.next_attempt_at),
        (0, None),
        "it need not wait"
    );
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    assert_eq!(user.receipt(3).last_failure, None);
}

#[test]
fn the_current_receipt_lists_fields_of_earlier_versions() {
    let mut user = TestUser::confirmed();
    user.change([(Field::LAST_NAME, "bad")]);
    let claim = user.claim();
    let mut one_rejected = all_confirmed(&claim);
    let result = FieldResult::Rejected { reason: reason("A") };
    one_rejected.field_results = [(Field::LAST_NAME, result)].into();
    user.report(one_rejected);
    user.change([(Field::FIRST_NAME, "Ida")]);
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    let receipt = user.receipt(3);
    assert_eq!(
        (receipt.state, receipt.overall_state),
        (SyncState::Confirmed, SyncState::Rejected)
    );
    let earlier: Vec<_> = receipt
        .earlier_fields
        .iter()
        .map(|(name, earlier)| (*name, earlier.version, earlier.field.state))
        .collect();
    assert_eq!(
        earlier,
        [
            (Field::EMAIL, 1, SyncState::Confirmed),
            (Field::LAST_NAME, 2, SyncState::Rejected)
        ]
    );
    let former = user.receipt(2);
    assert!(former.earlier_fields.is_empty() && former.overall_state == SyncState::Rejected);
}

#[test]
fn a_change_is_pending_from_its_acceptance_to_its_result() {
    let mut user = TestUser::confirmed();
    assert_eq!(user.row.pending_since, None);
    user.now += 10;
    let accepted_at = user.now;
    user.change([(Field::FIRST_NAME, "Eva")]);
    user.now += 10;
    user.change([(Field::LAST_NAME, "Byron")]);
    assert_eq!(user.row.pending_since, Some(accepted_at), "the oldest counts");
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    assert_eq!(user.row.pending_since, None);
}

#[test]
fn pending_since_moves_on_with_each_result() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    user.now += 10;
    let claim = user.claim();
    let claimed_at = user.now;
    user.now += 10;
    user.change([(Field::FIRST_NAME, "Ida")]);
    user.report(all_confirmed(&claim));
    assert_eq!(user.row.pending_since, Some(claimed_at));
}

#[test]
fn a_field_without_a_result_stays_pending_since_its_change() {
    let mut user = TestUser::confirmed();
    let accepted_at = user.now;
    user.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "Byron")]);
    user.now += 10;
    let claim = user.claim();
    let mut partly = no_result(&claim);
    partly.field_results = [(Field::LAST_NAME, FieldResult::CONFIRMED)].into();
    user.report(partly);
    assert_eq!(user.row.pending_since, Some(accepted_at));
}
