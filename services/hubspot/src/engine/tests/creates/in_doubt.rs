//! Creates that may have happened: their addresses are looked up before anything else is created.

use contracts::{Field, FieldResult, LinkOrigin, PossibleCreate};

use super::{TestWorker, creating, found_nobody, nowhere};
use crate::engine::{
    Call, Response,
    tests::samples::{claim, contact, creates, ms, server_error},
};

fn may_be(address: &str, in_doubt: bool) -> PossibleCreate {
    PossibleCreate {
        address: address.to_owned(),
        in_doubt,
    }
}

#[test]
fn a_former_create_is_looked_up_before_another_is_made() {
    let mut user = claim("a");
    user.possible_creates = vec![may_be("former@example.com", false)];
    let mut worker = TestWorker::with(creating);
    let (call, find) = worker.deliver(&[user.clone()]);
    assert_eq!(find.size(), 2);
    worker.respond(call, nowhere(&find));
    let (_, create) = worker.call();
    assert_eq!(creates(&create)[0].address, "a@example.com");
}

#[test]
fn a_create_in_doubt_blocks_one_under_another_address() {
    let mut user = claim("a");
    user.possible_creates = vec![may_be("former@example.com", true)];
    let mut worker = TestWorker::with(creating);
    let (call, find) = worker.deliver(&[user.clone()]);
    assert_eq!(
        find,
        Call::Find {
            addresses: vec!["a@example.com".into(), "former@example.com".into()]
        }
    );
    worker.respond(call, nowhere(&find));
    let result = worker.result();
    let failure = result.failure.expect("it waits");
    assert_eq!(
        (failure.reason.code.as_str(), failure.is_counted),
        ("CREATE_IN_DOUBT", false)
    );
    user.possible_creates = vec![may_be("A@Example.com", true)];
    let (mut worker, _, create) = found_nobody(&[user]);
    assert_eq!(create.size(), 1, "under the same address it may be tried again");
    assert!(worker.any_report().is_none());
}

#[test]
fn without_the_setting_no_possible_create_is_looked_up() {
    let mut worker = TestWorker::running();
    let mut user = claim("a");
    user.possible_creates = vec![may_be("former@example.com", true)];
    let (call, find) = worker.deliver(&[user]);
    assert_eq!(find.size(), 1);
    worker.respond(call, nowhere(&find));
    assert_eq!(
        worker.result().field_results[&Field::FIRST_NAME],
        FieldResult::NotFound
    );
}

#[test]
fn creates_that_may_still_happen_are_looked_up_first() {
    let (mut worker, call, create) = found_nobody(&[claim("a"), claim("b")]);
    assert_eq!(create.size(), 2);
    worker.respond(call, server_error());
    let (call, find) = worker.call();
    assert!(matches!(find, Call::Find { .. }), "{find:?}");
    let found = contact("77", "a@example.com");
    let (contacts, errors) = (vec![found], Vec::new());
    worker.respond(call, Response::Found { contacts, errors });
    let link = worker.result().link.expect("it was made after all");
    assert_eq!(
        (link.contact_id.as_str(), link.origin),
        ("77", LinkOrigin::PrimaryAddress)
    );
    let (call, find) = worker.call();
    worker.respond(call, nowhere(&find));
    let (call, create) = worker.call();
    assert_eq!(creates(&create)[0].address, "b@example.com");
    worker.respond(call, server_error());
    worker.pass(ms(1_000));
    let result = worker.result();
    assert!(result.may_have_created && result.may_apply_late);
}
