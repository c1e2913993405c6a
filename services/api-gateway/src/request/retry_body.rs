//! The body of a request to try users again.

use contracts::{MAX_LISTED, RetryUsers, State, Troubled, UserId};
use serde::Deserialize;

use super::json_body::{fault, parse};
use crate::problem::ApiError;

/// Either users, or a state and perhaps a reason.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Given {
    users: Option<Vec<UserId>>,
    state: Option<GivenState>,
    reason: Option<String>,
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum GivenState {
    Refused,
    Taken,
    Parked,
    Missing,
}

/// Who is to be tried again. Everybody has to be asked for by their states.
pub(crate) fn parse_retry(body: &[u8]) -> Result<RetryUsers, ApiError> {
    let given: Given = parse(body)?;
    let by_state = given.state.is_some() || given.reason.is_some() || given.after.is_some();
    match (given.users, given.state) {
        (Some(_), _) if by_state => Err(fault("", "users are either named or chosen by their state")),
        (Some(users), _) if users.is_empty() => Err(fault("/users", "it names nobody")),
        (Some(users), _) if users.len() > MAX_LISTED => Err(fault(
            "/users",
            &format!("it names at most {MAX_LISTED} at a time"),
        )),
        (Some(users), _) => Ok(RetryUsers::Named(users)),
        (None, None) => Err(fault("", "it takes users, or a state")),
        (None, Some(state)) => Ok(RetryUsers::Listed {
            troubled: Troubled {
                state: Some(state.into()),
                reason: given.reason,
            },
            after: given.after,
        }),
    }
}

impl From<GivenState> for State {
    fn from(given: GivenState) -> Self {
        match given {
            GivenState::Refused => Self::Refused,
            GivenState::Taken => Self::Taken,
            GivenState::Parked => Self::Parked,
            GivenState::Missing => Self::Missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_or_chosen_by_their_state() {
        let named = parse_retry(br#"{"users":["1","2"]}"#);
        let expected = ["1", "2"].map(|user| user.parse().expect("an id")).to_vec();
        assert_eq!(named, Ok(RetryUsers::Named(expected)));
        let chosen = parse_retry(br#"{"state":"parked","reason":"A","after":"3:A:1"}"#);
        let expected = RetryUsers::Listed {
            troubled: Troubled {
                state: Some(State::Parked),
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
            r#"{"users":[]}"#,
            r#"{"users":["no id!"]}"#,
            r#"{"users":["1"],"state":"parked"}"#,
            r#"{"reason":"A"}"#,
            r#"{"state":"pending"}"#,
            r#"{"state":"parked","resaon":"A"}"#,
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
