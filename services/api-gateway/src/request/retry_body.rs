//! The body of a request to try users again.

use std::str::FromStr;

use contracts::{MAX_LISTED, ProblemFilter, RetryUsers, SyncState, UserId};

use super::object::Object;
use crate::problem::ApiError;

/// A state in which users can be tried again.
struct GivenState(SyncState);

impl FromStr for GivenState {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "rejected" => Ok(Self(SyncState::Rejected)),
            "conflict" => Ok(Self(SyncState::Conflict)),
            "failed" => Ok(Self(SyncState::Failed)),
            "notFound" => Ok(Self(SyncState::NotFound)),
            _ => Err("must be rejected, conflict, failed or notFound"),
        }
    }
}

/// Who is to be tried again: users by name, or by a state and perhaps a reason. Everybody has to be asked for by their states.
pub(crate) fn parse_retry(body: &[u8]) -> Result<RetryUsers, ApiError> {
    let mut object = Object::of_request(body, &["users", "state", "reason", "after"])?;
    let users: Option<Vec<UserId>> = object.list("users", MAX_LISTED);
    let state: Option<GivenState> = object.text("state");
    let reason: Option<String> = object.text("reason");
    let after: Option<String> = object.text("after");
    if object.is_good() {
        if users.is_none() && state.is_none() {
            object.fault_of_all("takes users, or a state");
        }
        for (name, is_given) in [
            ("state", state.is_some() && users.is_some()),
            ("reason", reason.is_some() && state.is_none()),
            ("after", after.is_some() && state.is_none()),
        ] {
            if is_given {
                object.fault(
                    name,
                    "goes with users that are chosen by their state, not by name",
                );
            }
        }
    }
    object.finish(match users {
        Some(users) => RetryUsers::Named(users),
        None => RetryUsers::Listed {
            filter: ProblemFilter {
                state: state.map(|GivenState(state)| state),
                reason,
            },
            after,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_or_chosen_by_their_state() {
        let named = parse_retry(br#"{"users":["1","2"]}"#);
        let expected = ["1", "2"].map(|user| user.parse().expect("an id")).to_vec();
        assert_eq!(named, Ok(RetryUsers::Named(expected)));
        let chosen = parse_retry(br#"{"state":"failed","reason":"A","after":"3:A:1"}"#);
        let expected = RetryUsers::Listed {
            filter: ProblemFilter {
                state: Some(SyncState::Failed),
                reason: Some("A".to_owned()),
            },
            after: Some("3:A:1".to_owned()),
        };
        assert_eq!(chosen, Ok(expected));
    }

    #[test]
    fn what_is_neither_or_both_is_refused() {
        for body in [
            "{}",
            "[]",
            r#"[null,"failed",null,null]"#,
            r#"{"state":"failed","after":null}"#,
            r#"{"state":{"failed":null}}"#,
            r#"{"state":null,"users":["1"]}"#,
            r#"{"users":["1"],"after":"2"}"#,
            r#"{"users":[]}"#,
            r#"{"users":["no id!"]}"#,
            r#"{"users":["1"],"state":"failed"}"#,
            r#"{"reason":"A"}"#,
            r#"{"state":"pending"}"#,
            r#"{"state":"failed","resaon":"A"}"#,
        ] {
            assert!(
                matches!(parse_retry(body.as_bytes()), Err(ApiError::InvalidBody(_))),
                "{body}"
            );
        }
        assert!(matches!(parse_retry(b"{"), Err(ApiError::MalformedBody(_))));
        let many = vec!["\"1\""; MAX_LISTED + 1].join(",");
        assert!(parse_retry(format!("{{\"users\":[{many}]}}").as_bytes()).is_err());
    }
}
