//! Who shares a call with whom.

use contracts::{Claim, Field, NextAction, PossibleCreate};

use super::bench::Bench;
use super::samples::{claim, linked, ms, problem};
use crate::engine::{Call, CallErrorKind, MAX_BATCH, MissingContact};

const NAME: &[Field] = &[Field::FirstName];

#[test]
fn records_that_failed_together_share_no_batch_with_others() {
    let mut bench = Bench::running();
    let four = ["a", "b", "c", "d"].map(|user| linked(user, NAME));
    let (call, _) = bench.deliver_together(&four);
    bench.answer(call, problem(CallErrorKind::NoResponse));
    let (request, record) = bench.record();
    bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    let mut all = vec![linked("fresh", NAME)];
    all.extend(four);
    bench.pass(ms(500));
    bench
        .engine
        .dispatch
        .rate_limiter_mut()
        .pause_until(bench.now + ms(1_000));
    bench.wake("fresh");
    bench.give_all(&all);
    bench.pass(ms(500));
    for _ in 0..4 {
        bench.give_all(&all);
    }
    bench.pass(ms(1_000));
    let sizes: Vec<usize> = std::iter::from_fn(|| bench.any_call())
        .map(|(_, call)| call.size())
        .collect();
    assert_eq!(sizes, [1, 2, 2]);
}

/// A user who may have a contact under a former address.
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
    let mut bench = Bench::with(|settings| settings.missing_contact = MissingContact::Create);
    let claims: Vec<Claim> = (0..51).map(of_two_addresses).collect();
    let (_, find) = bench.deliver_together(&claims);
    assert!(matches!(find, Call::Find { .. }));
    assert_eq!(find.size(), MAX_BATCH);
    bench.pass(ms(1_000));
    assert_eq!(bench.call().1.size(), 2);
}

#[test]
fn an_address_that_is_looked_up_for_another_takes_no_room() {
    let mut bench = Bench::with(|settings| settings.missing_contact = MissingContact::Create);
    let mut claims: Vec<Claim> = (0..50).map(of_two_addresses).collect();
    let mut twin = claim("twin");
    twin.values
        .insert(Field::Email, Some("U0@example.com".to_owned()));
    claims.push(twin);
    let (_, find) = bench.deliver_together(&claims);
    assert_eq!(find.size(), MAX_BATCH);
    bench.pass(ms(1_000));
    assert!(bench.any_call().is_none(), "the twin went along");
}
