//! A bearer token from the settings: a fixed value, or a file that may be replaced while the service runs.

use std::sync::{PoisonError, RwLock};

use runtime::settings::{RotatingSecret, Secret, SecretSource};

/// The token in use, and its source.
#[derive(Debug)]
pub(super) struct StaticToken {
    source: RotatingSecret,
    in_use: RwLock<Secret>,
}

impl StaticToken {
    /// Reads the token.
    pub(super) fn open(source: SecretSource) -> std::io::Result<Self> {
        let source = RotatingSecret::open("HUBSPOT_ACCESS_TOKEN_FILE", source)?;
        let in_use = RwLock::new(source.read());
        Ok(Self { source, in_use })
    }

    /// The token that calls carry.
    pub(super) fn in_use(&self) -> Secret {
        self.in_use.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the source now has another token than the one in use.
    pub(super) fn was_replaced(&self) -> bool {
        let now = self.source.reload();
        now.is_some_and(|secret| secret.expose() != self.in_use().expose())
    }

    /// Uses the token that the source has now. If the file cannot be read, the token stays the same.
    pub(super) fn use_latest(&self) {
        if let Some(secret) = self.source.reload() {
            *self.in_use.write().unwrap_or_else(PoisonError::into_inner) = secret;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_token_is_reported_but_not_used_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, "one\n").expect("writable");
        let token = StaticToken::open(SecretSource::File(path.clone())).expect("readable");
        assert!(!token.was_replaced());
        std::fs::write(&path, "two\n").expect("writable");
        assert!(token.was_replaced());
        assert_eq!(token.in_use().expose(), "one");
        token.use_latest();
        assert_eq!(token.in_use().expose(), "two");
        assert!(!token.was_replaced());
        std::fs::remove_file(&path).expect("removable");
        token.use_latest();
        assert_eq!(token.in_use().expose(), "two");
    }
}
