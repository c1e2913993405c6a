//! How the contact of a user is found by address.

use contracts::{Field, FieldResult, LinkOrigin, NextAction, ReportedUser, ResultsReported, UsersClaimed};

use super::harness::TestWorker;
use super::samples::{ACCOUNT, all_written, claim, contact, failed, id, inputs, linked, reason};
use crate::engine::{Call, CallError, CallErrorKind, Contact, Input, InputError, Response};

const NAME: &[Field] = &[Field::FIRST_NAME];

fn nowhere(addresses: &[&str]) -> Vec<InputError> {
    let error = CallError {
        kind: CallErrorKind::NotFound,
        reason: reason("OBJECT_NOT_FOUND"),
    };
    vec![InputError {
        ids: addresses.iter().map(|address| (*address).to_owned()).collect(),
        trace_ids: Vec::new(),
        error,
    }]
}

fn found(contacts: Vec<Contact>) -> Response {
    Response::Found {
        contacts,
        errors: Vec::new(),
    }
}

#[test]
fn a_found_link_is_reported_first_and_claimed_again() {
    let mut worker = TestWorker::running();
    let (call, find) = worker.deliver(&[claim("a")]);
    assert_eq!(
        find,
        Call::Find {
            addresses: vec!["a@example.com".into()]
        }
    );
    worker.respond(call, found(vec![contact("7", "a@example.com")]));
    let (request, report) = worker.report();
    let result = &report.results[0];
    let link = result.link.as_ref().expect("a link");
    assert_eq!(
        (link.contact_id.as_str(), link.account_id.as_str()),
        ("7", ACCOUNT)
    );
    assert_eq!(
        (link.address.as_deref(), link.origin),
        (Some("a@example.com"), LinkOrigin::PrimaryAddress)
    );
    assert!(result.field_results.is_empty() && result.written.is_empty() && result.failure.is_none());
    assert_eq!(
        report.claim.expect("claimed in the same message").users,
        [id("a")]
    );
    let claims = UsersClaimed {
        claims: vec![linked("a", NAME)],
        ..UsersClaimed::default()
    };
    worker.put(Input::ReportResponse(
        request,
        Ok(ResultsReported {
            users: vec![ReportedUser {
                user_id: id("a"),
                next: NextAction::Now,
            }],
            claims: Some(claims),
            claims_error: None,
        }),
    ));
    assert!(worker.any_claim().is_none(), "one claim is enough");
    let (call, update) = worker.call();
    assert_eq!(inputs(&update)[0].contact_id, "c-a");
    worker.respond(call, all_written(&update));
    worker.result();
    assert_eq!(worker.acks(), ["a"]);
}

#[test]
fn a_link_that_the_user_service_rejects_ends_the_delivery() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[claim("a")]);
    worker.respond(call, found(vec![contact("7", "a@example.com")]));
    let (request, _) = worker.report();
    let claims = UsersClaimed {
        clean: vec![id("a")],
        ..UsersClaimed::default()
    };
    let users = vec![ReportedUser {
        user_id: id("a"),
        next: NextAction::Clean,
    }];
    worker.put(Input::ReportResponse(
        request,
        Ok(ResultsReported {
            users,
            claims: Some(claims),
            claims_error: None,
        }),
    ));
    assert_eq!(worker.acks(), ["a"]);
}

#[test]
fn an_address_without_a_contact_makes_dirty_fields_not_found() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[claim("a")]);
    worker.respond(
        call,
        Response::Found {
            contacts: Vec::new(),
            errors: nowhere(&["A@example.com"]),
        },
    );
    let result = worker.result();
    assert_eq!(result.field_results.len(), Field::BUILT_IN.len());
    assert!(
        result
            .field_results
            .values()
            .all(|outcome| *outcome == FieldResult::NotFound)
    );
    assert!(result.link.is_none());
}

/// A contact as an account shows it that hides secondary addresses.
fn hiding(id: &str, email: &str) -> Contact {
    Contact {
        additional_emails: None,
        ..contact(id, email)
    }
}

#[test]
fn an_address_that_is_not_listed_is_looked_up_alone() {
    for (response, is_found) in [
        (Response::Contact(hiding("7", "other@example.com")), true),
        (failed(CallErrorKind::NotFound), false),
    ] {
        let mut worker = TestWorker::running();
        let (call, _) = worker.deliver(&[claim("a")]);
        worker.respond(call, found(Vec::new()));
        let (call, find) = worker.call();
        assert_eq!(
            find,
            Call::FindSingle {
                address: "a@example.com".into()
            }
        );
        worker.respond(call, response);
        let link = worker.result().link;
        assert_eq!(
            link.map(|link| link.origin),
            is_found.then_some(LinkOrigin::SecondaryAddress)
        );
    }
}

#[test]
fn a_link_into_another_account_counts_as_none() {
    let mut worker = TestWorker::running();
    let mut foreign = linked("a", NAME);
    foreign.link.as_mut().expect("linked").account_id = "1".into();
    let (_, call) = worker.deliver(&[foreign]);
    assert!(matches!(call, Call::Find { .. }));
}

#[test]
fn two_users_with_one_address_are_looked_up_once_and_both_found() {
    let mut worker = TestWorker::running();
    let mut twin = claim("b");
    twin.values.insert(Field::EMAIL, Some("A@Example.com".into()));
    let (call, find) = worker.deliver_together(&[claim("a"), twin]);
    assert_eq!(
        find,
        Call::Find {
            addresses: vec!["a@example.com".into()]
        }
    );
    worker.respond(call, found(vec![contact("7", "a@example.com")]));
    let (_, report) = worker.report();
    let contacts: Vec<_> = report
        .results
        .iter()
        .filter_map(|result| result.link.as_ref())
        .collect();
    assert_eq!(contacts.len(), 2);
    assert!(contacts.iter().all(|link| link.contact_id == "7"));
}

#[test]
fn a_primary_address_wins_over_a_secondary_one_and_secondary_ones_find_too() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver_together(&[claim("a"), claim("b")]);
    let mut other = contact("8", "x@example.com");
    other.additional_emails = Some(vec!["B@example.com".into(), "a@example.com".into()]);
    worker.respond(call, found(vec![contact("7", "a@example.com"), other]));
    let (_, report) = worker.report();
    let links: Vec<_> = report
        .results
        .iter()
        .filter_map(|result| result.link.clone())
        .collect();
    assert_eq!(
        (links[0].contact_id.as_str(), links[0].origin),
        ("7", LinkOrigin::PrimaryAddress)
    );
    assert_eq!(
        (links[1].contact_id.as_str(), links[1].origin),
        ("8", LinkOrigin::SecondaryAddress)
    );
}

/// The link that follows when HubSpot returns this contact for the address, to a batch read and to a single one.
fn looked_up_as(address: &str, contact: &Contact) -> [Option<(String, LinkOrigin)>; 2] {
    let link = |is_single: bool| {
        let mut worker = TestWorker::running();
        let mut user = claim("a");
        user.values.insert(Field::EMAIL, Some(address.into()));
        let (mut call, _) = worker.deliver(&[user]);
        if is_single {
            worker.respond(call, found(Vec::new()));
            let (next, single) = worker.call();
            assert!(matches!(single, Call::FindSingle { .. }), "{single:?}");
            worker.respond(next, Response::Contact(contact.clone()));
        } else {
            worker.respond(call, found(vec![contact.clone()]));
            if let Some((next, single)) = worker.any_call() {
                assert!(matches!(single, Call::FindSingle { .. }), "{single:?}");
                call = next;
                worker.respond(call, Response::Contact(contact.clone()));
            }
        }
        let (_, report) = worker.report();
        let result = &report.results[0];
        if result.link.is_none() {
            let failure = result.failure.as_ref().expect("neither a link nor a failure");
            assert_eq!(failure.reason.code, "ADDRESS_NOT_SHOWN");
        }
        result
            .link
            .as_ref()
            .map(|link| (link.contact_id.clone(), link.origin))
    };
    [link(false), link(true)]
}

#[test]
fn a_contact_that_shows_other_addresses_is_not_linked() {
    // The Kelvin sign, which HubSpot might take for a k.
    let mut other = contact("7", "anke@example.com");
    other.additional_emails = Some(vec!["ake@example.com".to_owned()]);
    assert_eq!(looked_up_as("an\u{212a}e@example.com", &other), [None, None]);
    assert_eq!(looked_up_as("anne@example.com", &other), [None, None]);
    let shown = Some(("7".to_owned(), LinkOrigin::SecondaryAddress));
    assert_eq!(looked_up_as("Ake@Example.com", &other), [shown.clone(), shown]);
}

#[test]
fn an_address_outside_ascii_has_to_be_shown() {
    let mut hides = hiding("7", "x@example.com");
    assert_eq!(looked_up_as("jürgen@example.com", &hides), [None, None]);
    let found = Some(("7".to_owned(), LinkOrigin::SecondaryAddress));
    assert_eq!(looked_up_as("a@example.com", &hides), [found.clone(), found]);
    hides.email = Some("jürgen@example.com".to_owned());
    let found = Some(("7".to_owned(), LinkOrigin::PrimaryAddress));
    assert_eq!(looked_up_as("JÜRGEN@example.com", &hides), [found.clone(), found]);
}
