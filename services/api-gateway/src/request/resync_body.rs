//! The body of a request to send everything of users once more.

use contracts::{MAX_LISTED, ResyncUsers, UserId};

use super::object::Object;
use crate::problem::ApiError;

/// Who is to be sent once more: users by name, or everybody, who has to be asked for.
pub(crate) fn parse_resync(body: &[u8]) -> Result<ResyncUsers, ApiError> {
    let mut object = Object::of_request(body, &["users", "all", "after"])?;
    let users: Option<Vec<UserId>> = object.list("users", MAX_LISTED);
    let all = object.flag("all");
    let after: Option<UserId> = object.text("after");
    if object.is_good() {
        if users.is_some() && all {
            object.fault_of_all("takes users, or all, not both");
        } else if users.is_none() && !all {
            object.fault_of_all("takes users, or \"all\": true");
        }
        if after.is_some() && !all {
            object.fault("after", "goes with \"all\": true only");
        }
    }
    object.finish(match users {
        Some(users) => ResyncUsers::Named(users),
        None => ResyncUsers::All { after },
    })
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
            "[null,true,null]",
            r#"[["1"]]"#,
            r#"{"all":true,"after":null}"#,
            r#"{"all":true,"users":null}"#,
            r#"{"all":null,"users":["1"]}"#,
            r#"{"all":true,"all":true}"#,
            r#"{"users":["1"],"users":["2"]}"#,
            r#"{"users":[["1"]]}"#,
            r#"{"users":"1"}"#,
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
