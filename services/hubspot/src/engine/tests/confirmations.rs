//! What confirmed means: the answer to a write shows the value, or the contact is read back later.

use std::collections::BTreeMap;

use contracts::{
    AttemptResult, Claim, Confirmation, ErrorCode, Field, FieldResult, FieldSet, Reason, VALUE_NOT_KEPT,
    Value, Values,
};

use super::creates::{created, found_nobody};
use super::harness::TestWorker;
use super::samples::{all_written, claim, contact, creates, failed, id, inputs, linked, ms, reason, written};
use crate::engine::{
    Call, CallError, CallErrorKind, CallId, Input, InputError, InspectedContacts, Profile, Response,
    Settings, UserServiceError, WrittenContact,
};

const NAME: &[Field] = &[Field::FIRST_NAME];
const NAMES: &[Field] = &[Field::FIRST_NAME, Field::LAST_NAME];

/// A claim with another first name.
fn named(user: &str, first_name: Option<&str>, dirty: &[Field]) -> Claim {
    let mut claim = linked(user, dirty);
    claim
        .values
        .insert(Field::FIRST_NAME, first_name.map(Value::from));
    claim
}

/// What a response shows of a field.
#[derive(Debug, Clone, Copy)]
enum Shown<'a> {
    Value(&'a str),
    NoValue,
    Nothing,
}

impl Shown<'_> {
    fn put_into(self, field: Field, values: &mut Values) {
        let value = match self {
            Self::Value(value) => Some(value.into()),
            Self::NoValue => None,
            Self::Nothing => return drop(values.remove(&field)),
        };
        values.insert(field, value);
    }
}

/// Answers an update: every input was written, and this is what the answer shows of its first name.
fn answer(worker: &mut TestWorker, call: CallId, update: &Call, first_name: Shown<'_>) {
    let results = inputs(update).iter().map(|input| {
        let mut contact = written(input);
        first_name.put_into(Field::FIRST_NAME, &mut contact.values);
        contact
    });
    let response = Response::Updated {
        results: results.collect(),
        errors: Vec::new(),
    };
    worker.respond(call, response);
}

/// The contact `c-<user>` with a first name, or without the property.
fn profile(user: &str, first_name: Shown<'_>) -> Profile {
    let mut values = Values::new();
    first_name.put_into(Field::FIRST_NAME, &mut values);
    Profile {
        contact: contact(&format!("c-{user}"), &format!("{user}@example.com")),
        values,
    }
}

fn inspected(contacts: Vec<Profile>) -> Response {
    Response::Inspected(InspectedContacts {
        contacts,
        errors: Vec::new(),
    })
}

/// A worker whose update of the first name of user `a` was answered without the value.
fn unverified(first_name: Option<&str>) -> TestWorker {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[named("a", first_name, NAME)]);
    answer(&mut worker, call, &update, Shown::Nothing);
    worker
}

/// The call that reads the contacts back a second later, and no earlier.
fn read_back(worker: &mut TestWorker, contact_ids: &[&str]) -> CallId {
    worker.pass(ms(999));
    assert_eq!(worker.any_call(), None, "it is read a second later");
    worker.pass(ms(1));
    let (call, read) = worker.call();
    let contact_ids = contact_ids.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(read, Call::ReadBack { contact_ids });
    call
}

fn name_of(result: &AttemptResult) -> Option<&FieldResult> {
    result.field_results.get(&Field::FIRST_NAME)
}

#[test]
fn an_answer_that_shows_the_value_confirms_it_in_one_call() {
    for (ours, theirs) in [
        (Some("Ada"), Shown::Value("Ada")),
        (Some("Ada "), Shown::Value("Ada")),
        (None, Shown::Value("")),
        (None, Shown::NoValue),
    ] {
        let mut worker = TestWorker::running();
        let (call, update) = worker.deliver(&[named("a", ours, NAME)]);
        answer(&mut worker, call, &update, theirs);
        assert_eq!(name_of(&worker.result()), Some(&FieldResult::CONFIRMED));
        worker.pass(ms(5_000));
        assert_eq!(worker.any_call(), None);
    }
}

#[test]
fn an_address_is_confirmed_in_lower_case() {
    let mut worker = TestWorker::running();
    let mut user = linked("a", &[Field::EMAIL]);
    user.values.insert(Field::EMAIL, Some("Ada@Example.com".into()));
    let (call, update) = worker.deliver(&[user]);
    let mut contact = written(&inputs(&update)[0]);
    contact
        .values
        .insert(Field::EMAIL, Some("ada@example.com".into()));
    let (results, errors) = (vec![contact], Vec::new());
    worker.respond(call, Response::Updated { results, errors });
    let result = worker.result();
    assert_eq!(result.field_results[&Field::EMAIL], FieldResult::CONFIRMED);
    assert_eq!(result.confirmed_address.as_deref(), Some("Ada@Example.com"));
}

#[test]
fn the_read_a_second_later_decides() {
    let not_kept = FieldResult::Rejected {
        reason: Reason::ours(
            VALUE_NOT_KEPT,
            "HubSpot accepted the value, but a second later the contact had another one",
        ),
    };
    let form = |form: &str| FieldResult::Confirmed(Confirmation::in_form(form.to_owned()));
    let long = format!("Ada{}B", " ".repeat(2_000));
    for (ours, theirs, expected) in [
        (Some("Ada  B"), Shown::Value("Ada  B"), FieldResult::CONFIRMED),
        (Some("Ada  B"), Shown::Value("ada b"), form("ada b")),
        (Some("Zoe\u{308}"), Shown::Value("Zoë"), form("Zoë")),
        (Some("Ada"), Shown::Value("Eva"), not_kept.clone()),
        (Some("Ada"), Shown::NoValue, not_kept.clone()),
        (Some("Ada B"), Shown::Value(&long), not_kept.clone()),
        (
            Some("Ada"),
            Shown::Nothing,
            FieldResult::Confirmed(Confirmation::NOT_SHOWN),
        ),
        (None, Shown::NoValue, FieldResult::CONFIRMED),
        (None, Shown::Value("Eva"), not_kept),
        (
            None,
            Shown::Nothing,
            FieldResult::Confirmed(Confirmation::NOT_SHOWN),
        ),
    ] {
        let mut worker = unverified(ours);
        assert!(worker.any_report().is_none());
        let call = read_back(&mut worker, &["c-a"]);
        worker.respond(call, inspected(vec![profile("a", theirs)]));
        let result = worker.result();
        assert_eq!(name_of(&result), Some(&expected), "{ours:?} {theirs:?}");
        assert!(result.failure.is_none() && result.written.contains(Field::FIRST_NAME));
    }
}

#[test]
fn an_answer_with_another_value_is_read_back_too() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    answer(&mut worker, call, &update, Shown::Value("older"));
    let call = read_back(&mut worker, &["c-a"]);
    worker.respond(
        call,
        inspected(vec![profile("a", Shown::Value("firstName of a"))]),
    );
    assert_eq!(name_of(&worker.result()), Some(&FieldResult::CONFIRMED));
}

#[test]
fn contacts_are_read_back_together_and_hold_nobody_up() {
    let mut worker = TestWorker::running();
    let claims = ["a", "b"].map(|user| linked(user, NAME));
    let (call, update) = worker.deliver_together(&claims);
    answer(&mut worker, call, &update, Shown::Nothing);
    // Another user is written meanwhile.
    let (call, update) = worker.deliver(&[linked("c", NAME)]);
    worker.respond(call, all_written(&update));
    assert_eq!(worker.result().user_id, id("c"));
    let call = read_back(&mut worker, &["c-a", "c-b"]);
    let shown = |user: &str| profile(user, Shown::Value(&format!("firstName of {user}")));
    worker.respond(call, inspected(vec![shown("b"), shown("a")]));
    let (_, report) = worker.report();
    let confirmed = report.results.iter().map(name_of);
    assert!(confirmed.eq([Some(&FieldResult::CONFIRMED), Some(&FieldResult::CONFIRMED)]));
}

#[test]
fn users_that_share_a_contact_share_its_read() {
    let mut worker = TestWorker::running();
    let mut other = linked("b", &[Field::LAST_NAME]);
    other.link.as_mut().expect("linked").contact_id = "c-a".to_owned();
    for user in [linked("a", NAME), other] {
        let (call, update) = worker.deliver(&[user]);
        let input = &inputs(&update)[0];
        let result = WrittenContact {
            values: BTreeMap::new(),
            ..written(input)
        };
        let (results, errors) = (vec![result], Vec::new());
        worker.respond(call, Response::Updated { results, errors });
    }
    let call = read_back(&mut worker, &["c-a"]);
    let mut both = profile("a", Shown::Value("firstName of a"));
    both.values.insert(Field::LAST_NAME, Some("lastName of b".into()));
    worker.respond(call, inspected(vec![both]));
    let (_, report) = worker.report();
    assert_eq!(report.results.len(), 2);
    for result in report.results {
        let mut results = result.field_results.into_values();
        assert!(results.all(|result| result == FieldResult::CONFIRMED));
    }
}

#[test]
fn a_field_that_was_not_shown_is_not_sent_again_with_the_rest() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAMES)]);
    let fields = BTreeMap::new();
    worker.respond(call, failed(CallErrorKind::Invalid { fields }));
    let (call, first) = worker.call();
    let mut hidden = all_written(&first);
    if let Response::UpdatedSingle(contact) = &mut hidden {
        contact.values.clear();
    }
    worker.respond(call, hidden);
    let (call, second) = worker.call();
    assert!(
        matches!(&second, Call::UpdateSingle { values, .. } if values.keys().eq([&Field::LAST_NAME])),
        "{second:?}"
    );
    worker.respond(call, all_written(&second));
    let call = read_back(&mut worker, &["c-a"]);
    worker.respond(
        call,
        inspected(vec![profile("a", Shown::Value("firstName of a"))]),
    );
    let result = worker.result();
    assert_eq!(result.field_results.len(), 2);
}

#[test]
fn a_value_that_is_not_kept_is_no_rejection_by_the_account() {
    let mut worker = TestWorker::running();
    for number in 0..25 {
        let user = format!("u{number}");
        let (call, update) = worker.deliver(&[linked(&user, NAME)]);
        answer(&mut worker, call, &update, Shown::Nothing);
        worker.pass(ms(1_000));
        let (call, _) = worker.call();
        worker.respond(call, inspected(vec![profile(&user, Shown::Value("Eva"))]));
        assert!(matches!(
            name_of(&worker.result()),
            Some(FieldResult::Rejected { reason }) if reason.code == VALUE_NOT_KEPT
        ));
    }
    assert!(!worker.engine.dispatch.circuit_breaker().is_halted());
}

#[test]
fn a_contact_that_was_merged_meanwhile_moves_the_link_and_is_written_again() {
    let mut worker = unverified(Some("Ada"));
    let call = read_back(&mut worker, &["c-a"]);
    let mut merged = profile("z", Shown::Value("Ada"));
    merged.contact.former_ids = vec!["c-a".to_owned()];
    worker.respond(call, inspected(vec![merged]));
    let (_, report) = worker.report();
    let result = &report.results[0];
    let link = result.link.as_ref().expect("a moved link");
    assert_eq!(link.contact_id, "c-z");
    assert_eq!(name_of(result), None, "it stays dirty");
    assert_eq!(report.claim.expect("claimed again").users, [id("a")]);
}

#[test]
fn an_answer_under_another_id_without_the_value_moves_the_link_and_is_written_again() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    let result = WrittenContact {
        contact_id: "c-z".to_owned(),
        values: BTreeMap::new(),
        ..written(&inputs(&update)[0])
    };
    let (results, errors) = (vec![result], Vec::new());
    worker.respond(call, Response::Updated { results, errors });
    let (call, _) = worker.call();
    worker.respond(call, Response::Contact(contact("c-z", "a@example.com")));
    let (_, report) = worker.report();
    let result = &report.results[0];
    assert_eq!(result.link.as_ref().expect("a moved link").contact_id, "c-z");
    assert!(result.field_results.is_empty() && result.failure.is_none());
}

#[test]
fn a_contact_that_is_gone_when_it_is_read_back_is_looked_up() {
    let mut worker = unverified(Some("Ada"));
    let call = read_back(&mut worker, &["c-a"]);
    let gone = InputError {
        ids: vec!["c-a".to_owned()],
        trace_ids: Vec::new(),
        error: CallError {
            kind: CallErrorKind::NotFound,
            reason: reason("OBJECT_NOT_FOUND"),
        },
    };
    let response = InspectedContacts {
        contacts: Vec::new(),
        errors: vec![gone],
    };
    worker.respond(call, Response::Inspected(response));
    assert!(matches!(worker.call().1, Call::Find { .. }));
}

#[test]
fn a_read_that_fails_leaves_the_field_dirty() {
    let unlisted = inspected(Vec::new());
    let locked = Response::Inspected(InspectedContacts {
        contacts: Vec::new(),
        errors: vec![InputError {
            ids: vec!["c-a".to_owned()],
            trace_ids: Vec::new(),
            error: CallError {
                kind: CallErrorKind::Locked,
                reason: reason("X"),
            },
        }],
    });
    for response in [unlisted, locked, failed(CallErrorKind::NoResponse)] {
        let name = format!("{response:?}");
        let mut worker = unverified(Some("Ada"));
        let call = read_back(&mut worker, &["c-a"]);
        worker.respond(call, response);
        let result = worker.result();
        assert!(
            result.failure.is_some() && result.field_results.is_empty(),
            "{name}"
        );
        assert!(result.written.contains(Field::FIRST_NAME), "{name}");
        assert!(!result.may_apply_late, "{name}");
    }
}

#[test]
fn a_batch_that_fails_is_read_back_in_halves() {
    let mut worker = TestWorker::running();
    let claims = ["a", "b"].map(|user| linked(user, NAME));
    let (call, update) = worker.deliver_together(&claims);
    answer(&mut worker, call, &update, Shown::Nothing);
    let call = read_back(&mut worker, &["c-a", "c-b"]);
    worker.respond(call, failed(CallErrorKind::ServerError { retry_after: None }));
    for user in ["a", "b"] {
        let (call, read) = worker.call();
        assert_eq!(read.size(), 1, "{read:?}");
        let name = format!("firstName of {user}");
        worker.respond(call, inspected(vec![profile(user, Shown::Value(&name))]));
    }
}

#[test]
fn a_lost_lease_or_a_shutdown_before_the_read_leaves_the_field_dirty() {
    let mut worker = unverified(Some("Ada"));
    worker.put(Input::ShutDown);
    let result = worker.result();
    assert!(result.failure.is_some() && result.field_results.is_empty());
    assert!(result.written.contains(Field::FIRST_NAME));

    let mut worker = unverified(Some("Ada"));
    worker.wake("x");
    let (request, _) = worker.claim();
    let stale = UserServiceError::Rejected(ErrorCode::StaleEpoch);
    worker.put(Input::ClaimResponse(request, Err(stale)));
    let result = worker.result();
    assert!(result.failure.is_some() && result.field_results.is_empty());
}

#[test]
fn an_attempt_without_time_for_the_read_is_given_back() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    // The term of 60 s, less the time to report and the time that a call may take.
    let left = ms(58_000).saturating_sub(Settings::for_holder("w").call_timeout);
    worker.pass(left);
    answer(&mut worker, call, &update, Shown::Nothing);
    let result = worker.result();
    let failure = result.failure.expect("no time is left");
    assert_eq!(
        (failure.reason.code.as_str(), failure.is_counted),
        ("NOT_SENT", false)
    );
    assert!(result.field_results.is_empty());
}

#[test]
fn a_created_contact_is_linked_at_once_and_what_was_not_shown_stays_dirty() {
    let (mut worker, call, create) = found_nobody(&[claim("a")]);
    let mut contact = created(&creates(&create)[0], "77");
    contact.values.insert(Field::LAST_NAME, Some("Eva".into()));
    let (results, errors) = (vec![contact], Vec::new());
    worker.respond(call, Response::Created { results, errors });
    let result = worker.result();
    assert_eq!(result.link.as_ref().expect("a contact").contact_id, "77");
    assert_eq!(name_of(&result), Some(&FieldResult::CONFIRMED));
    assert!(!result.field_results.contains_key(&Field::LAST_NAME) && result.failure.is_none());
}

#[test]
fn an_address_that_became_secondary_is_still_held() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", &[Field::EMAIL])]);
    let mut answer = written(&inputs(&update)[0]);
    answer.values.clear();
    let (results, errors) = (vec![answer], Vec::new());
    worker.respond(call, Response::Updated { results, errors });
    let call = read_back(&mut worker, &["c-a"]);
    let mut read = profile("a", Shown::Nothing);
    read.contact.additional_emails = Some(vec!["a@example.com".to_owned()]);
    read.values.insert(Field::EMAIL, Some("other@example.com".into()));
    worker.respond(call, inspected(vec![read]));
    let result = worker.result();
    assert_eq!(result.field_results[&Field::EMAIL], FieldResult::CONFIRMED);
    assert!(!result.lacks_address);
}

#[test]
fn a_contact_lacks_an_address_only_if_it_shows_all_of_them() {
    let lacking = |primary: Shown<'_>, secondary: Option<&[&str]>| {
        let mut worker = TestWorker::running();
        let (call, update) = worker.deliver(&[linked("a", NAME)]);
        let mut answer = written(&inputs(&update)[0]);
        primary.put_into(Field::EMAIL, &mut answer.values);
        answer.additional_emails = secondary.map(|all| all.iter().map(|one| (*one).to_owned()).collect());
        let (results, errors) = (vec![answer], Vec::new());
        worker.respond(call, Response::Updated { results, errors });
        worker.result().lacks_address
    };
    assert!(lacking(Shown::Value("x@example.com"), Some(&["y@example.com"])));
    assert!(lacking(Shown::NoValue, Some(&[])));
    assert!(!lacking(Shown::Value("A@example.com"), Some(&[])));
    assert!(!lacking(Shown::Value("x@example.com"), Some(&["a@example.com"])));
    assert!(!lacking(Shown::Value("x@example.com"), None), "it may be hidden");
    assert!(
        !lacking(Shown::Nothing, Some(&["y@example.com"])),
        "it may be primary"
    );
}

/// A user whose contact was another one's before, with a last name that this user does not have.
fn with_former_value() -> (TestWorker, CallId) {
    let mut claim = linked("a", NAME);
    claim.values.remove(&Field::LAST_NAME);
    claim.former_values = [(Field::LAST_NAME, Some("Former".into()))].into();
    let mut worker = TestWorker::running();
    let (call, read) = worker.deliver(&[claim]);
    let contact_ids = vec!["c-a".to_owned()];
    assert_eq!(read, Call::ReadBack { contact_ids });
    (worker, call)
}

fn with_last_name(value: &str) -> Response {
    let mut profile = profile("a", Shown::NoValue);
    profile.values.insert(Field::LAST_NAME, Some(value.into()));
    inspected(vec![profile])
}

#[test]
fn a_value_of_a_former_user_is_cleared_with_the_first_write() {
    let (mut worker, call) = with_former_value();
    worker.respond(call, with_last_name("Former"));
    let (call, update) = worker.call();
    let values = &inputs(&update)[0].values;
    assert_eq!(values[&Field::LAST_NAME], None);
    assert!(values.contains_key(&Field::FIRST_NAME));
    worker.respond(call, all_written(&update));
    assert_eq!(worker.result().cleared, FieldSet::from_iter([Field::LAST_NAME]));
}

#[test]
fn a_value_that_is_not_the_former_users_any_more_is_left_alone() {
    let (mut worker, call) = with_former_value();
    worker.respond(call, with_last_name("Corrected"));
    let (call, update) = worker.call();
    assert!(!inputs(&update)[0].values.contains_key(&Field::LAST_NAME));
    worker.respond(call, all_written(&update));
    assert_eq!(worker.result().cleared, FieldSet::from_iter([Field::LAST_NAME]));
}

#[test]
fn a_former_value_that_could_not_be_read_is_read_again() {
    let (mut worker, call) = with_former_value();
    worker.respond(call, failed(CallErrorKind::UnreadableBody));
    let result = worker.result();
    assert!(result.failure.is_some());
    assert_eq!(result.cleared, FieldSet::EMPTY);
}
