//! The JSON of the lines of an import, and of their results.

use contracts::{ErrorCode, Field, ImportLine, ImportResult, ImportUsers, ServiceError, UsersImported};
use serde_json::json;

use crate::assert_json;

#[test]
fn an_import_line_has_user_and_fields() {
    let request = ImportUsers {
        lines: vec![ImportLine {
            user_id: "u-7".parse().unwrap(),
            fields: [(Field::FIRST_NAME, None)].into(),
        }],
    };
    let json = json!({ "lines": [{ "userId": "u-7", "fields": { "firstName": null } }] });
    assert_json(&request, json);
}

#[test]
fn each_import_result_has_its_json() {
    let error = ServiceError::new(ErrorCode::EmailRequired, "why");
    let answer = UsersImported {
        results: vec![
            ImportResult::Changed { version: 2 },
            ImportResult::Unchanged { version: 1 },
            ImportResult::Rejected { error: error.clone() },
        ],
    };
    let json = json!({ "results": [
        { "result": "changed", "version": 2 },
        { "result": "unchanged", "version": 1 },
        { "result": "rejected", "error": error }
    ] });
    assert_json(&answer, json);
}
