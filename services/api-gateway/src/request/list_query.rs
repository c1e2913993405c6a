//! The query parameters of a list of users.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use contracts::{ListUsers, MAX_LISTED, UserFilter};

use super::query::{Parameters, invalid};
use super::troubled::{listed_state, troubled};
use crate::problem::ApiError;

/// The most users of a page, where the caller does not say.
const USUAL_LIMIT: usize = 100;

/// Which users are listed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListQuery(pub(crate) ListUsers);

/// A filter that is misspelt would list everybody.
const KNOWN: [&str; 4] = ["state", "reason", "after", "limit"];

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        list_of(&Parameters::read(&parts.uri, &KNOWN)?).map(Self)
    }
}

fn list_of(given: &Parameters) -> Result<ListUsers, ApiError> {
    let reason = given.get("reason").map(str::to_owned);
    let limit = match given.get("limit") {
        None => USUAL_LIMIT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_LISTED).contains(limit))
            .ok_or_else(|| invalid("limit", &format!("it is a number from 1 to {MAX_LISTED}")))?,
    };
    let which = match given.get("state") {
        Some("pending") if reason.is_some() => return Err(invalid("reason", "pending users have none")),
        Some("pending") => UserFilter::Pending,
        state => UserFilter::Problems(troubled(state.map(listed_state).transpose()?, reason)?),
    };
    Ok(ListUsers {
        filter: which,
        after: given.get("after").map(str::to_owned),
        limit,
    })
}

#[cfg(test)]
mod tests {
    use contracts::{ProblemFilter, SyncState};

    use super::*;

    fn list(pairs: &[(&str, &str)]) -> Result<ListUsers, ApiError> {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        list_of(&Parameters::take(pairs.collect(), &KNOWN)?)
    }

    #[test]
    fn without_parameters_all_that_are_in_trouble_are_listed() {
        let expected = ListUsers {
            filter: UserFilter::Problems(ProblemFilter::default()),
            after: None,
            limit: 100,
        };
        assert_eq!(list(&[]), Ok(expected));
    }

    #[test]
    fn a_state_a_reason_a_position_and_a_limit_are_taken() {
        let expected = ListUsers {
            filter: UserFilter::Problems(ProblemFilter {
                state: Some(SyncState::Failed),
                reason: Some("A B".to_owned()),
            }),
            after: Some("3:A B:u1".to_owned()),
            limit: 500,
        };
        let pairs = [
            ("state", "failed"),
            ("reason", "A B"),
            ("after", "3:A B:u1"),
            ("limit", "500"),
        ];
        assert_eq!(list(&pairs), Ok(expected));
        assert_eq!(
            list(&[("state", "pending")]).map(|list| list.filter),
            Ok(UserFilter::Pending)
        );
    }

    #[test]
    fn what_would_list_something_else_than_was_meant_is_refused() {
        let wrong: [&[(&str, &str)]; 9] = [
            &[("sate", "failed")],
            &[("state", "confirmed")],
            &[("state", "Failed")],
            &[("state", "failed"), ("state", "notFound")],
            &[("reason", "A")],
            &[("state", "pending"), ("reason", "A")],
            &[("limit", "0")],
            &[("limit", "501")],
            &[("limit", "many")],
        ];
        for pairs in wrong {
            assert!(list(pairs).is_err(), "{pairs:?}");
        }
    }
}
