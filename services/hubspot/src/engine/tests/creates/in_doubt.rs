//! Creates that may have been carried out: their addresses are looked up before anything is made.

use contracts::{Field, FieldResult, LinkOrigin, PossibleCreate};

use super::{Bench, creating, found_nobody, nowhere};
use crate::engine::{
    Call, Response,
    tests::samples::{claim, contact, creates, server_fault},
};

fn may_be(address: &str, in_doubt: bool) -> PossibleCreate {
    PossibleCreate {
        address: address.to_owned(),
        in_doubt,
    }
}

#[test]
fn once_it_is_over_a_create_under_a_former_address_is_looked_up_before_another_is_made() {
    let mut user = claim("a");
    user.possible_creates = vec![may_be("former@example.com", false)];
    let mut bench = Bench::with(creating);
    let (call, find) = bench.deliver(&[user.clone()]);
    assert_eq!(find.size(), 2);
    bench.answer(call, nowhere(&find));
    let (_, create) = bench.call();
    assert_eq!(creates(&create)[0].address, "a@example.com");
}

#[test]
fn while_a_create_is_in_doubt_its_address_is_looked_up_too_and_nothing_is_made_under_another() {
    let mut user = claim("a");
    user.possible_creates = vec![may_be("former@example.com", true)];
    let mut bench = Bench::with(creating);
    let (call, find) = bench.deliver(&[user.clone()]);
    assert_eq!(
        find,
        Call::Find {
            addresses: vec!["a@example.com".into(), "former@example.com".into()]
        }
    );
    bench.answer(call, nowhere(&find));
    let verdict = bench.verdict();
    let failure = verdict.failure.expect("it waits");
    assert_eq!(
        (failure.reason.code.as_str(), failure.is_counted),
        ("CREATE_IN_DOUBT", false)
    );
    user.possible_creates = vec![may_be("A@Example.com", true)];
    let (mut bench, _, create) = found_nobody(&[user]);
    assert_eq!(create.size(), 1, "under the same address it may be tried again");
    assert!(bench.any_record().is_none());
}

#[test]
fn without_the_setting_nobody_is_created_or_looked_up_for_it() {
    let mut bench = Bench::running();
    let mut user = claim("a");
    user.possible_creates = vec![may_be("former@example.com", true)];
    let (call, find) = bench.deliver(&[user]);
    assert_eq!(find.size(), 1);
    bench.answer(call, nowhere(&find));
    assert_eq!(
        bench.verdict().field_results[&Field::FirstName],
        FieldResult::NotFound
    );
}

#[test]
fn a_batch_of_creates_that_a_server_may_still_carry_out_is_looked_up_before_any_is_sent_again() {
    let (mut bench, call, create) = found_nobody(&[claim("a"), claim("b")]);
    assert_eq!(create.size(), 2);
    bench.answer(call, server_fault());
    let (call, find) = bench.call();
    assert!(matches!(find, Call::Find { .. }), "{find:?}");
    let found = contact("77", "a@example.com");
    let (contacts, errors) = (vec![found], Vec::new());
    bench.answer(call, Response::Found { contacts, errors });
    let link = bench.verdict().link.expect("it was made after all");
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("77", LinkOrigin::PrimaryAddress)
    );
    let (call, find) = bench.call();
    bench.answer(call, nowhere(&find));
    let (call, create) = bench.call();
    assert_eq!(creates(&create)[0].address, "b@example.com");
    bench.answer(call, server_fault());
    let verdict = bench.verdict();
    assert!(verdict.may_have_created && verdict.may_apply_late);
}
