//! Bodies of changes, good and bad.

use contracts::UpdateForm::{Json, MergePatch};
use contracts::Value;

use super::*;
use crate::request::address_required;

fn errors(form: UpdateForm, body: &str) -> Vec<(String, String)> {
    match parse_change(form, body.as_bytes(), FieldDefinitions::built_in()) {
        Err(ApiError::InvalidBody(values)) => values
            .into_iter()
            .map(|value| (value.pointer, value.detail))
            .collect(),
        other => panic!("{body}: {other:?}"),
    }
}

fn values(form: UpdateForm, body: &str) -> Vec<(&'static str, Option<Value>)> {
    let values = parse_change(form, body.as_bytes(), FieldDefinitions::built_in()).expect("a valid body");
    values
        .into_iter()
        .map(|(field, value)| (field.name(), value))
        .collect()
}

fn given(name: &'static str, value: &str) -> (&'static str, Option<Value>) {
    (name, Some(value.into()))
}

#[test]
fn a_full_body_is_read_unchanged_in_both_forms() {
    let body = r#"{"email":"bh@hubspot.com","firstName":"Brian","lastName":""}"#;
    let expected = [
        given("email", "bh@hubspot.com"),
        given("firstName", "Brian"),
        given("lastName", ""),
    ];
    assert_eq!(values(Json, body), expected);
    assert_eq!(values(MergePatch, body), expected);
}

#[test]
fn null_means_unchanged_in_json_and_clears_in_a_merge_patch() {
    let body = r#"{"email":"a@b.de","firstName":null}"#;
    assert_eq!(values(Json, body), [given("email", "a@b.de")]);
    assert_eq!(
        values(MergePatch, body),
        [given("email", "a@b.de"), ("firstName", None)]
    );
}

#[test]
fn an_empty_object_is_a_merge_patch_but_not_a_json_body() {
    assert_eq!(values(MergePatch, "{}"), []);
    assert_eq!(
        errors(Json, "{}"),
        [("/email".to_owned(), "is required".to_owned())]
    );
}

#[test]
fn a_null_address_is_rejected_in_both_forms() {
    for form in [Json, MergePatch] {
        let errors = errors(form, r#"{"email":null}"#);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(
            errors[0].0 == "/email" && errors[0].1.contains("must not be null"),
            "{errors:?}"
        );
    }
}

#[test]
fn every_error_has_its_pointer_and_names_its_rule() {
    let long = format!(r#"{{"email":"a@b.de","firstName":"{}"}}"#, "x".repeat(256));
    let cases = [
        (
            r#"{"email":7}"#,
            "/email",
            "must be an e-mail address such as ada@example.com, not a number",
        ),
        (
            r#"{"email":"a@b.de","firstName":true}"#,
            "/firstName",
            "must be a string, not a boolean",
        ),
        (
            r#"{"email":"a@b.de","firstName":[]}"#,
            "/firstName",
            "must be a string, not an array",
        ),
        (
            r#"{"email":"a@b.de","lastName":{}}"#,
            "/lastName",
            "must be a string, not an object",
        ),
        (
            r#"{"email":"nobody"}"#,
            "/email",
            "must be an e-mail address such as ada@example.com",
        ),
        (
            r#"{"email":"a@b.de","email":"a@b.de"}"#,
            "/email",
            "is given more than once",
        ),
        (
            r#"{"email":"a@b.de","e\u006dail":1}"#,
            "/email",
            "is given more than once",
        ),
        (
            r#"{"email":"a@b.de","lastName":"a\u0000"}"#,
            "/lastName",
            "must not contain control characters such as line breaks",
        ),
        (long.as_str(), "/firstName", "must have at most 255 characters"),
    ];
    for (body, pointer, detail) in cases {
        assert_eq!(
            errors(Json, body),
            [(pointer.to_owned(), detail.to_owned())],
            "{body}"
        );
    }
}

#[test]
fn unknown_members_are_named_with_escaped_pointers() {
    let errors = errors(MergePatch, r#"{"a/b~c":1,"":2,"Email":"a@b.de"}"#);
    let pointers: Vec<_> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/a~1b~0c", "/", "/Email"]);
    assert!(errors[0].1.contains("email, firstName, lastName"), "{errors:?}");
}

#[test]
fn all_errors_are_reported_at_once() {
    let body = r#"{"shoeSize":"1","firstName":1,"firstName":2,"firstName":3,"lastName":false}"#;
    let pointers: Vec<_> = errors(Json, body)
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    assert_eq!(
        pointers,
        ["/shoeSize", "/firstName", "/firstName", "/lastName", "/email"]
    );
}

#[test]
fn a_body_that_is_no_object_is_an_error_of_the_whole() {
    let expected = [(String::new(), "must be a JSON object".to_owned())];
    assert_eq!(errors(Json, "[]"), expected);
    assert_eq!(errors(MergePatch, "null"), expected);
}

#[test]
fn a_body_that_is_no_json_names_the_position() {
    let Err(ApiError::MalformedBody(detail)) =
        parse_change(Json, b"{\"email\":\"secret\" oops}", FieldDefinitions::built_in())
    else {
        panic!("the body is not JSON")
    };
    assert!(
        detail.contains("line 1 column") && !detail.contains("secret"),
        "{detail}"
    );
}

#[test]
fn a_new_user_is_asked_for_the_address_by_its_pointer() {
    assert_eq!(address_required().pointer, "/email");
}
