//! Contacts that are read to be compared.

use contracts::Field;
use reqwest::{StatusCode, header::HeaderMap};

use super::super::response;
use crate::engine::{Call, ContactKey, Inspection, Profile, Response};

fn profile(contact: &str) -> Profile {
    let call = Call::Inspect(Inspection {
        by: ContactKey::Id,
        keys: vec!["512".into()],
    });
    let body = format!(r#"{{"results":[{contact}]}}"#);
    match response(&call, StatusCode::OK, &HeaderMap::new(), body.as_bytes()) {
        Response::Inspected(mut inspected) => inspected.contacts.remove(0),
        other => panic!("no contacts: {other:?}"),
    }
}

#[test]
fn null_is_a_property_without_a_value_and_what_is_absent_or_no_text_is_not_reported() {
    let told = profile(
        r#"{"id":"512","properties":{"email":"a@x.de","firstname":null,"lastname":true,"hs_additional_emails":null}}"#,
    );
    let expected = [
        (Field::EMAIL, Some("a@x.de".to_owned())),
        (Field::FIRST_NAME, None),
    ];
    assert_eq!(told.values, expected.into());
    assert!(told.contact.shows_secondary_addresses());
    for bare in [r#"{"id":"512"}"#, r#"{"id":"512","properties":{}}"#] {
        let told = profile(bare);
        assert!(
            told.values.is_empty() && !told.contact.shows_secondary_addresses(),
            "{bare}"
        );
    }
}
