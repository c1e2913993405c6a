//! The body of a request to compare users with their HubSpot contacts.

use std::collections::BTreeSet;

use contracts::{CompareUsers, ComparisonPurpose, MAX_COMPARED, UserId, UserSelection};

use super::object::Object;
use crate::problem::ApiError;

/// What is asked of `POST /sync/drift`.
pub(crate) fn parse_drift(body: &[u8]) -> Result<CompareUsers, ApiError> {
    let mut object = Object::of_request(body, &["users", "after", "repair", "values"])?;
    let repair = object.flag("repair");
    compare(object, ComparisonPurpose::Drift { repair })
}

/// What is asked of `POST /sync/dry-run`.
pub(crate) fn parse_dry_run(body: &[u8]) -> Result<CompareUsers, ApiError> {
    let mut object = Object::of_request(body, &["users", "after", "repair", "values"])?;
    if object.has("repair") {
        object.fault("repair", "a dry run changes nothing; POST /sync/drift repairs");
    }
    compare(object, ComparisonPurpose::DryRun)
}

/// Users by name, or a page of all of them.
fn compare(mut object: Object, aim: ComparisonPurpose) -> Result<CompareUsers, ApiError> {
    let users: Option<Vec<UserId>> = object.list("users", MAX_COMPARED);
    let after: Option<UserId> = object.text("after");
    let values = object.flag("values");
    if users.is_some() && after.is_some() {
        object.fault(
            "after",
            "goes with all users, page by page, not with users by name",
        );
    }
    let users = match users {
        Some(users) => UserSelection::Named(once_each(users)),
        None => UserSelection::After(after),
    };
    object.finish(CompareUsers {
        purpose: aim,
        users,
        values,
    })
}

/// A user is compared once however often it is named.
fn once_each(users: Vec<UserId>) -> Vec<UserId> {
    let users: BTreeSet<UserId> = users.into_iter().collect();
    users.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(user: &str) -> UserId {
        user.parse().expect("an id")
    }

    #[test]
    fn users_are_named_or_come_page_by_page() {
        let aim = ComparisonPurpose::Drift { repair: false };
        for (body, users) in [
            ("{}", UserSelection::After(None)),
            (r#"{"after":"7"}"#, UserSelection::After(Some(id("7")))),
            (r#"{"users":["7"]}"#, UserSelection::Named(vec![id("7")])),
            (
                r#"{"users":["8","7","8"]}"#,
                UserSelection::Named(vec![id("7"), id("8")]),
            ),
        ] {
            let values = false;
            let expected = CompareUsers {
                purpose: aim,
                users,
                values,
            };
            assert_eq!(parse_drift(body.as_bytes()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn a_repair_and_values_have_to_be_asked_for() {
        let drift = parse_drift(br#"{"repair":true,"values":true}"#).expect("a good body");
        assert_eq!(
            (drift.purpose, drift.values),
            (ComparisonPurpose::Drift { repair: true }, true)
        );
        let dry_run = parse_dry_run(br#"{"values":true}"#).expect("a good body");
        assert_eq!(
            (dry_run.purpose, dry_run.values),
            (ComparisonPurpose::DryRun, true)
        );
    }

    #[test]
    fn what_is_contradictory_or_misspelt_is_refused() {
        for body in [
            "[]",
            "[null,null,true,null]",
            r#"{"after":null}"#,
            r#"{"users":null}"#,
            r#"{"repair":null}"#,
            r#"{"repair":true,"repair":true}"#,
            r#"{"users":[]}"#,
            r#"{"users":["no id!"]}"#,
            r#"{"users":["1"],"after":"1"}"#,
            r#"{"after":1}"#,
            r#"{"repiar":true}"#,
            r#"{"repair":"yes"}"#,
        ] {
            let refused = parse_drift(body.as_bytes());
            assert!(matches!(refused, Err(ApiError::InvalidBody(_))), "{body}");
        }
        assert!(parse_dry_run(br#"{"repair":false}"#).is_err());
        assert!(matches!(parse_drift(b"{"), Err(ApiError::MalformedBody(_))));
        let many = vec!["\"1\""; MAX_COMPARED + 1].join(",");
        assert!(parse_drift(format!("{{\"users\":[{many}]}}").as_bytes()).is_err());
    }
}
