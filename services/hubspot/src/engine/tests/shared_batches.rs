//! Which records share a call.

use contracts::{Claim, Field, NextAction, PossibleCreate};

use super::harness::TestWorker;
use super::samples::{claim, failed, linked, ms};
use crate::engine::{Call, CallErrorKind, MAX_BATCH, MissingContact};

const NAME: &[Field] = &[Field::FIRST_NAME];

#[test]
fn records_of_a_failed_batch_share_none_with_others() {
    let mut worker = TestWorker::running();
    let four = ["a", "b", "c", "d"].map(|user| linked(user, NAME));
    let (call, _) = worker.deliver_together(&four);
    worker.respond(call, failed(CallErrorKind::NoResponse));
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    let mut all = vec![linked("fresh", NAME)];
    all.extend(four);
    worker.pass(ms(500));
    worker
        .engine
        .dispatch
        .rate_limiter_mut()
        .pause_until(worker.now + ms(1_000));
    worker.wake("fresh");
    worker.give_all(&all);
    worker.pass(ms(500));
    for _ in 0..4 {
        worker.give_all(&all);
    }
    worker.pass(ms(1_000));
    let sizes: Vec<usize> = std::iter::from_fn(|| worker.any_call())
        .map(|(_, call)| call.size())
        .collect();
    assert_eq!(sizes, [1, 2, 2]);
}

/// A user that may have a contact under a former address.
fn of_two_addresses(number: usize) -> Claim {
    let mut claim = claim(&format!("u{number}"));
    claim.possible_creates.push(PossibleCreate {
        address: format!("former-u{number}@example.com"),
        in_doubt: false,
    });
    claim
}

#[test]
fn a_lookup_takes_users_as_long_as_their_addresses_fit() {
    let mut worker = TestWorker::with(|settings| settings.missing_contact = MissingContact::Create);
    let claims: Vec<Claim> = (0..51).map(of_two_addresses).collect();
    let (_, find) = worker.deliver_together(&claims);
    assert!(matches!(find, Call::Find { .. }));
    assert_eq!(find.size(), MAX_BATCH);
    worker.pass(ms(1_000));
    assert_eq!(worker.call().1.size(), 2);
}

#[test]
fn an_address_looked_up_for_another_user_takes_no_room() {
    let mut worker = TestWorker::with(|settings| settings.missing_contact = MissingContact::Create);
    let mut claims: Vec<Claim> = (0..50).map(of_two_addresses).collect();
    let mut twin = claim("twin");
    twin.values.insert(Field::EMAIL, Some("U0@example.com".into()));
    claims.push(twin);
    let (_, find) = worker.deliver_together(&claims);
    assert_eq!(find.size(), MAX_BATCH);
    worker.pass(ms(1_000));
    assert!(worker.any_call().is_none(), "the twin went along");
}
