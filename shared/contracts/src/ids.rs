//! The identifier of a user, as the application knows it.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// A user's id: 1 to 64 characters of `A-Z a-z 0-9 _ -`, so that it is one token of a NATS subject.
///
/// Cloning is cheap: the text is shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(
    feature = "openapi",
    derive(schemars::JsonSchema),
    schemars(extend("minLength" = 1, "maxLength" = Self::MAX_CHARS, "pattern" = "^[A-Za-z0-9_-]+$", "examples" = ["1"]))
)]
pub struct UserId(Arc<str>);

/// The text is not a user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user id has 1 to 64 characters of A-Z, a-z, 0-9, _ and -")]
pub struct InvalidUserId;

impl UserId {
    /// The longest id, in characters.
    pub const MAX_CHARS: usize = 64;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, InvalidUserId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if text.is_empty() || text.len() > Self::MAX_CHARS || !text.bytes().all(allowed) {
            return Err(InvalidUserId);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for UserId {
    type Error = InvalidUserId;

    fn try_from(text: String) -> Result<Self, InvalidUserId> {
        text.parse()
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_allowed_characters_is_taken_as_it_is() {
        for text in ["1", "a-Z_9", &"x".repeat(64)] {
            assert_eq!(
                text.parse::<UserId>().map(|id| id.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn an_id_that_could_break_a_subject_is_refused() {
        for text in ["", "a.b", "a b", "*", ">", "a/b", "ä", "a\n", &"x".repeat(65)] {
            assert_eq!(text.parse::<UserId>(), Err(InvalidUserId), "{text:?}");
        }
    }
}
