//! The body of a request to send everything of users once more.

use contracts::{MAX_LISTED, ResyncUsers, UserId};
use serde::Deserialize;

use super::json_body::{fault, parse};
use crate::problem::ApiError;

/// Either users, or everybody.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Given {
    users: Option<Vec<UserId>>,
    #[serde(default)]
    all: bool,
    after: Option<UserId>,
}

/// Who is to be sent once more. Everybody has to be asked for.
pub(crate) fn parse_resync(body: &[u8]) -> Result<ResyncUsers, ApiError> {
    let given: Given = parse(body)?;
    match given {
        Given {
            users: None,
            all: true,
            after,
        } => Ok(ResyncUsers::All { after }),
        Given {
            users: Some(_),
            all: true,
            ..
        } => Err(fault("", "it takes users, or all, not both")),
        Given { after: Some(_), .. } => Err(fault("/after", "it goes with all")),
        Given { users: None, .. } => Err(fault("", "it takes users, or \"all\": true")),
        Given {
            users: Some(users), ..
        } if users.is_empty() => Err(fault("/users", "it names nobody")),
        Given {
            users: Some(users), ..
        } if users.len() > MAX_LISTED => {
            let detail = format!("it names at most {MAX_LISTED} at a time");
            Err(fault("/users", &detail))
        }
        Given {
            users: Some(users), ..
        } => Ok(ResyncUsers::Named(users)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_or_everybody_is_meant() {
        let id = |user: &str| user.parse::<UserId>().expect("an id");
        let named = parse_resync(br#"{"users":["1","2"]}"#);
        assert_eq!(named, Ok(ResyncUsers::Named(vec![id("1"), id("2")])));
        let all = parse_resync(br#"{"all":true}"#);
        assert_eq!(all, Ok(ResyncUsers::All { after: None }));
        let after = parse_resync(br#"{"all":true,"after":"7"}"#);
        assert_eq!(after, Ok(ResyncUsers::All { after: Some(id("7")) }));
    }

    #[test]
    fn what_is_neither_or_both_is_refused() {
        for body in [
            "{}",
            "[]",
            r#"{"all":false}"#,
            r#"{"all":"yes"}"#,
            r#"{"users":[]}"#,
            r#"{"users":["no id!"]}"#,
            r#"{"users":["1"],"all":true}"#,
            r#"{"users":["1"],"after":"2"}"#,
            r#"{"after":"2"}"#,
            r#"{"all":true,"afer":"2"}"#,
        ] {
            let refused = parse_resync(body.as_bytes());
            assert!(matches!(refused, Err(ApiError::InvalidBody(_))), "{body}");
        }
        assert!(matches!(parse_resync(b"{"), Err(ApiError::MalformedBody(_))));
    }
}
