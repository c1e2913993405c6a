//! Contacts that are read to be compared.

use contracts::{Field, FieldDefinitions, Values};
use reqwest::{StatusCode, header::HeaderMap};

use super::super::response;
use crate::engine::{Call, ContactKey, Inspection, Profile, Response, WrittenContact};

fn profile(contact: &str) -> Profile {
    let call = Call::Inspect(Inspection {
        by: ContactKey::Id,
        keys: vec!["512".into()],
    });
    let body = format!(r#"{{"results":[{contact}]}}"#);
    match response(
        &call,
        FieldDefinitions::built_in(),
        StatusCode::OK,
        &HeaderMap::new(),
        body.as_bytes(),
    ) {
        Response::Inspected(mut inspected) => inspected.contacts.remove(0),
        other => panic!("no contacts: {other:?}"),
    }
}

#[test]
fn the_answer_to_a_write_comes_with_the_values_that_it_shows() {
    let contact = r#"{"id":"512","objectWriteTraceId":"t-1",
        "properties":{"firstname":"Ada","lastname":"","hs_object_id":"512","hs_additional_emails":"b@x.de"}}"#;
    let expected = WrittenContact {
        contact_id: "512".to_owned(),
        trace_id: Some("t-1".to_owned()),
        values: [(Field::FIRST_NAME, Some("Ada".into())), (Field::LAST_NAME, None)].into(),
        additional_emails: Some(vec!["b@x.de".to_owned()]),
    };
    let batch = format!(r#"{{"results":[{contact}]}}"#);
    let read = |call: &Call, body: &str| {
        response(
            call,
            FieldDefinitions::built_in(),
            StatusCode::OK,
            &HeaderMap::new(),
            body.as_bytes(),
        )
    };
    let (results, errors) = (vec![expected.clone()], Vec::new());
    let update = Call::Update { inputs: Vec::new() };
    let answered = Response::Updated {
        results: results.clone(),
        errors: Vec::new(),
    };
    assert_eq!(read(&update, &batch), answered);
    let create = Call::Create { inputs: Vec::new() };
    assert_eq!(read(&create, &batch), Response::Created { results, errors });
    let single = Call::UpdateSingle {
        contact_id: "512".to_owned(),
        values: Values::new(),
    };
    assert_eq!(read(&single, contact), Response::UpdatedSingle(expected));
}

#[test]
fn null_is_a_property_without_a_value_and_what_is_absent_or_no_text_is_not_reported() {
    let told = profile(
        r#"{"id":"512","properties":{"email":"a@x.de","firstname":null,"lastname":true,"hs_additional_emails":null}}"#,
    );
    let expected = [(Field::EMAIL, Some("a@x.de".into())), (Field::FIRST_NAME, None)];
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
