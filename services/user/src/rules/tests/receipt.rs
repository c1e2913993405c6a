//! What callers are told of a version.

use contracts::{Field, FieldResult, SyncState};

use super::{
    desk::Desk,
    verdicts::{done, reason, verdict},
};
use crate::rules;

#[test]
fn a_version_the_user_never_had_has_no_receipt() {
    let desk = Desk::new();
    assert!(rules::receipt(&desk.row, 0).is_none() && rules::receipt(&desk.row, 2).is_none());
}

#[test]
fn the_worst_outcome_names_the_version() {
    let order = [
        SyncState::Rejected,
        SyncState::Conflict,
        SyncState::Failed,
        SyncState::NotFound,
        SyncState::Confirmed,
    ];
    let outcome = |state| match state {
        SyncState::Rejected => FieldResult::Rejected { reason: reason("A") },
        SyncState::Conflict => FieldResult::Conflict { reason: reason("A") },
        SyncState::Failed => FieldResult::Failed {
            reason: reason("A"),
            is_transient: true,
        },
        SyncState::NotFound => FieldResult::NotFound,
        _ => FieldResult::Confirmed,
    };
    for (index, worse) in order.into_iter().enumerate() {
        for better in &order[index..] {
            let mut desk = Desk::settled();
            desk.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "Byron")]);
            let claim = desk.claim();
            let mut verdict = done(&claim);
            verdict.field_results = [
                (Field::FIRST_NAME, outcome(*better)),
                (Field::LAST_NAME, outcome(worse)),
            ]
            .into();
            desk.record(verdict);
            assert_eq!(desk.receipt(2).state, worse, "with {better:?}");
        }
    }
}

#[test]
fn a_field_without_a_verdict_keeps_the_version_pending() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "bad")]);
    let claim = desk.claim();
    let mut partly = verdict(&claim);
    let refused = FieldResult::Rejected { reason: reason("A") };
    partly.field_results = [(Field::LAST_NAME, refused)].into();
    desk.record(partly);
    let receipt = desk.receipt(2);
    assert_eq!(receipt.state, SyncState::Pending);
    assert_eq!(receipt.fields[&Field::LAST_NAME].state, SyncState::Rejected);
}

#[test]
fn a_field_is_sent_again_once_it_had_a_verdict_and_is_owed() {
    let mut desk = Desk::new();
    assert!(!desk.receipt(1).resending, "it was never sent");
    desk = Desk::settled();
    assert!(!desk.receipt(1).resending, "it is settled");
    let fields = contracts::FieldSet::all();
    rules::dirty::mark_dirty(&mut desk.row, fields, contracts::Priority::Live, desk.now);
    assert!(desk.receipt(1).resending);
}

#[test]
fn only_the_fields_a_version_was_the_last_to_touch_count() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "Byron")]);
    desk.change([(Field::FIRST_NAME, "Ida")]);
    let first = desk.receipt(1).fields;
    assert!(first.contains_key(&Field::EMAIL), "{first:?}");
    assert!(
        !first.contains_key(&Field::FIRST_NAME) && !first.contains_key(&Field::LAST_NAME),
        "{first:?}"
    );
    assert_eq!(
        desk.receipt(2).fields.keys().collect::<Vec<_>>(),
        [&Field::LAST_NAME]
    );
    desk.change([(Field::LAST_NAME, "King")]);
    let receipt = desk.receipt(2);
    assert_eq!(
        (receipt.state, receipt.fields.len(), receipt.current_version),
        (SyncState::Superseded, 0, 4)
    );
}

#[test]
fn a_user_stands_as_its_worst_field_does_and_for_that_reason() {
    let mut desk = Desk::new();
    assert_eq!(rules::overall_state(&desk.row), (SyncState::Pending, None));
    desk = Desk::settled();
    assert_eq!(rules::overall_state(&desk.row), (SyncState::Confirmed, None));
    desk.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "bad")]);
    let claim = desk.claim();
    let mut refused = done(&claim);
    refused
        .field_results
        .insert(Field::LAST_NAME, FieldResult::Rejected { reason: reason("A") });
    desk.record(refused);
    assert_eq!(
        rules::overall_state(&desk.row),
        (SyncState::Rejected, Some(reason("A")))
    );
    desk.change([(Field::FIRST_NAME, "Ida")]);
    assert_eq!(rules::overall_state(&desk.row), (SyncState::Pending, None));
}

#[test]
fn the_current_receipt_tells_of_what_earlier_versions_gave_too() {
    let mut desk = Desk::settled();
    desk.change([(Field::LAST_NAME, "bad")]);
    let claim = desk.claim();
    let mut refused = done(&claim);
    let outcome = FieldResult::Rejected { reason: reason("A") };
    refused.field_results = [(Field::LAST_NAME, outcome)].into();
    desk.record(refused);
    desk.change([(Field::FIRST_NAME, "Ida")]);
    let claim = desk.claim();
    desk.record(done(&claim));
    let receipt = desk.receipt(3);
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
    let former = desk.receipt(2);
    assert!(former.earlier_fields.is_empty() && former.overall_state == SyncState::Rejected);
}

#[test]
fn a_change_is_pending_from_when_it_was_accepted_until_it_has_its_outcome() {
    let mut desk = Desk::settled();
    assert_eq!(desk.row.pending_since, None);
    desk.now += 10;
    let accepted_at = desk.now;
    desk.change([(Field::FIRST_NAME, "Eva")]);
    desk.now += 10;
    desk.change([(Field::LAST_NAME, "Byron")]);
    assert_eq!(desk.row.pending_since, Some(accepted_at), "the oldest counts");
    let claim = desk.claim();
    desk.record(done(&claim));
    assert_eq!(desk.row.pending_since, None);
}

#[test]
fn a_user_that_is_changed_all_the_time_is_not_pending_since_the_first_change() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    desk.now += 10;
    let claim = desk.claim();
    let claimed_at = desk.now;
    desk.now += 10;
    desk.change([(Field::FIRST_NAME, "Ida")]);
    desk.record(done(&claim));
    assert_eq!(desk.row.pending_since, Some(claimed_at));
}

#[test]
fn what_an_attempt_leaves_without_an_outcome_is_pending_as_long_as_before() {
    let mut desk = Desk::settled();
    let accepted_at = desk.now;
    desk.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "Byron")]);
    desk.now += 10;
    let claim = desk.claim();
    let mut partly = verdict(&claim);
    partly.field_results = [(Field::LAST_NAME, FieldResult::Confirmed)].into();
    desk.record(partly);
    assert_eq!(desk.row.pending_since, Some(accepted_at));
}
