//! Lines of an import and what became of them.

use contracts::{ErrorCode, Field, ImportLine, ImportResult, ImportUsers, ServiceError, UsersImported};
use serde_json::json;

use crate::pin;

#[test]
fn a_line_names_its_user_and_gives_fields() {
    let request = ImportUsers {
        lines: vec![ImportLine {
            user_id: "u-7".parse().unwrap(),
            fields: [(Field::FIRST_NAME, None)].into(),
        }],
    };
    let json = json!({ "lines": [{ "userId": "u-7", "fields": { "firstName": null } }] });
    pin(&request, json);
}

#[test]
fn an_outcome_says_what_became_of_its_line() {
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
    pin(&answer, json);
}
