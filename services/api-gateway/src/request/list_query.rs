//! The query parameters of a list of users.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use contracts::{ListUsers, MAX_LISTED, Which};

use super::troubled::{listed_state, troubled};
use crate::problem::ApiError;

/// The most users of a page, where the caller does not say.
const USUAL_LIMIT: usize = 100;

/// Which users are listed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListQuery(pub(crate) ListUsers);

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| invalid("query", "it is not text in UTF-8, percent-encoded"))?;
        parse(pairs.0).map(Self)
    }
}

fn parse(pairs: Vec<(String, String)>) -> Result<ListUsers, ApiError> {
    let mut given = Given::default();
    for (name, value) in pairs {
        let (part, place) = match name.as_str() {
            "state" => ("state", &mut given.state),
            "reason" => ("reason", &mut given.reason),
            "after" => ("after", &mut given.after),
            "limit" => ("limit", &mut given.limit),
            // A filter that is misspelt would list everybody.
            _ => {
                return Err(invalid(
                    "query",
                    "it takes state, reason, after and limit, and nothing else",
                ));
            }
        };
        if place.replace(value).is_some() {
            return Err(invalid(part, "it is given once at most"));
        }
    }
    given.into_list()
}

#[derive(Default)]
struct Given {
    state: Option<String>,
    reason: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

impl Given {
    fn into_list(self) -> Result<ListUsers, ApiError> {
        let limit = match self.limit {
            None => USUAL_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LISTED).contains(limit))
                .ok_or_else(|| invalid("limit", &format!("it is a number from 1 to {MAX_LISTED}")))?,
        };
        let which = match self.state.as_deref() {
            Some("pending") if self.reason.is_some() => {
                return Err(invalid("reason", "pending users have none"));
            }
            Some("pending") => Which::Pending,
            state => Which::Troubled(troubled(state.map(listed_state).transpose()?, self.reason)?),
        };
        Ok(ListUsers {
            which,
            after: self.after,
            limit,
        })
    }
}

fn invalid(part: &'static str, rule: &str) -> ApiError {
    ApiError::InvalidParameter {
        part,
        rule: rule.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use contracts::{State, Troubled};

    use super::*;

    fn list(pairs: &[(&str, &str)]) -> Result<ListUsers, ApiError> {
        let pairs = pairs.iter();
        parse(
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn without_parameters_all_that_are_in_trouble_are_listed() {
        let expected = ListUsers {
            which: Which::Troubled(Troubled::default()),
            after: None,
            limit: 100,
        };
        assert_eq!(list(&[]), Ok(expected));
    }

    #[test]
    fn a_state_a_reason_a_position_and_a_limit_are_taken() {
        let expected = ListUsers {
            which: Which::Troubled(Troubled {
                state: Some(State::Parked),
                reason: Some("A B".to_owned()),
            }),
            after: Some("3:A B:u1".to_owned()),
            limit: 500,
        };
        let pairs = [
            ("state", "parked"),
            ("reason", "A B"),
            ("after", "3:A B:u1"),
            ("limit", "500"),
        ];
        assert_eq!(list(&pairs), Ok(expected));
        assert_eq!(
            list(&[("state", "pending")]).map(|list| list.which),
            Ok(Which::Pending)
        );
    }

    #[test]
    fn what_would_list_something_else_than_was_meant_is_refused() {
        let wrong: [&[(&str, &str)]; 9] = [
            &[("sate", "parked")],
            &[("state", "confirmed")],
            &[("state", "Parked")],
            &[("state", "parked"), ("state", "missing")],
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
