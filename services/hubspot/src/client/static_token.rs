//! A bearer token that is given: fixed, or in a file that may be replaced while the service runs.

use std::sync::{PoisonError, RwLock};

use runtime::settings::{RotatingSecret, Secret, SecretSource};

/// A token and where it comes from.
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

    /// Whether the source holds another token than the one in use.
    pub(super) fn was_replaced(&self) -> bool {
        let now = self.source.look();
        now.is_some_and(|secret| secret.expose() != self.in_use().expose())
    }

    /// Uses what the source holds now. A file that cannot be used leaves the token as it is.
    pub(super) fn take_up(&self) {
        if let Some(secret) = self.source.look() {
            *self.in_use.write().unwrap_or_else(PoisonError::into_inner) = secret;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_token_is_noticed_and_used_only_when_it_is_taken_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, "one\n").expect("writable");
        let token = StaticToken::open(SecretSource::File(path.clone())).expect("readable");
        assert!(!token.was_replaced());
        std::fs::write(&path, "two\n").expect("writable");
        assert!(token.was_replaced());
        assert_eq!(token.in_use().expose(), "one");
        token.take_up();
        assert_eq!(token.in_use().expose(), "two");
        assert!(!token.was_replaced());
        std::fs::remove_file(&path).expect("removable");
        token.take_up();
        assert_eq!(token.in_use().expose(), "two");
    }
}
