//! Creates that may have been carried out: their addresses are looked up before anything is made.

use contracts::{Field, MayBeCreated, Outcome};

use super::{Bench, creating, found_nobody, nowhere};
use crate::engine::{
    Call,
    tests::samples::{claim, creates},
};

fn may_be(address: &str, in_doubt: bool) -> MayBeCreated {
    MayBeCreated {
        address: address.to_owned(),
        in_doubt,
    }
}

#[test]
fn once_it_is_over_a_create_under_a_former_address_is_looked_up_before_another_is_made() {
    let mut user = claim("a");
    user.creating = vec![may_be("former@example.com", false)];
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
    user.creating = vec![may_be("former@example.com", true)];
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
        (failure.reason.code.as_str(), failure.charged),
        ("CREATE_IN_DOUBT", false)
    );
    user.creating = vec![may_be("A@Example.com", true)];
    let (mut bench, _, create) = found_nobody(&[user]);
    assert_eq!(create.size(), 1, "under the same address it may be tried again");
    assert!(bench.any_record().is_none());
}

#[test]
fn without_the_setting_nobody_is_created_or_looked_up_for_it() {
    let mut bench = Bench::running();
    let mut user = claim("a");
    user.creating = vec![may_be("former@example.com", true)];
    let (call, find) = bench.deliver(&[user]);
    assert_eq!(find.size(), 1);
    bench.answer(call, nowhere(&find));
    assert_eq!(bench.verdict().outcomes[&Field::FirstName], Outcome::Missing);
}
