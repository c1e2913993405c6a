//! The app's secrets as they are now: replaced from outside by an operator, or by HubSpot when it rotates them.

use std::{io, path::PathBuf};

use runtime::settings::{RotatingSecret, Secret, SecretSource};

use super::write_back::write_back;
use crate::client::OAuthApp;

/// An app's connection to an account.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) refresh_token: Secret,
    /// Grows when the refresh token is replaced from outside: what it opens is not known then.
    pub(super) number: u64,
    /// Whether HubSpot's last answer held another refresh token.
    pub(super) rotates: bool,
    client_secret_source: RotatingSecret,
    refresh_token_source: RotatingSecret,
    /// What the source of the refresh token held when it was last read.
    seen: Secret,
    /// Whether it was said that a refresh token is kept nowhere.
    warned: bool,
}

impl Connection {
    /// Reads the secrets.
    pub(super) fn open(app: OAuthApp) -> io::Result<Self> {
        let client_secret_source =
            RotatingSecret::open("HUBSPOT_OAUTH_CLIENT_SECRET_FILE", app.client_secret)?;
        let refresh_token_source =
            RotatingSecret::open("HUBSPOT_OAUTH_REFRESH_TOKEN_FILE", app.refresh_token)?;
        let refresh_token = refresh_token_source.read();
        Ok(Self {
            client_id: app.client_id,
            client_secret: client_secret_source.read(),
            seen: refresh_token.clone(),
            refresh_token,
            number: 0,
            rotates: false,
            client_secret_source,
            refresh_token_source,
            warned: false,
        })
    }

    /// Takes up what was replaced from outside, and says whether anything was. A file that cannot be read, as while it
    /// is being replaced, leaves things as they are.
    pub(super) fn look(&mut self) -> bool {
        let new_secret = changed(&self.client_secret_source, &self.client_secret);
        let new_token = changed(&self.refresh_token_source, &self.seen);
        if let Some(secret) = &new_secret {
            self.client_secret = secret.clone();
        }
        let Some(token) = new_token else {
            return new_secret.is_some();
        };
        self.seen = token.clone();
        // It may have been written here, and only its way to the disk have failed.
        let is_new = token.expose() != self.refresh_token.expose();
        if is_new {
            self.refresh_token = token;
            self.number += 1;
        }
        is_new || new_secret.is_some()
    }

    /// Keeps the refresh token of an answer, in the file too if it came from one.
    pub(super) async fn keep(&mut self, answered: Option<Secret>) {
        let rotated = answered.filter(|token| token.expose() != self.refresh_token.expose());
        self.rotates = rotated.is_some();
        if let Some(token) = rotated {
            self.refresh_token = token;
            self.write().await;
        }
    }

    /// Writes a refresh token to its file that could not be written before; HubSpot need not rotate it once more.
    pub(super) async fn keep_again(&mut self) {
        let in_file = matches!(self.refresh_token_source.source(), SecretSource::File(_));
        if in_file && self.refresh_token.expose() != self.seen.expose() {
            self.write().await;
        }
    }

    async fn write(&mut self) {
        let token = self.refresh_token.clone();
        let kept = match self.refresh_token_source.source() {
            SecretSource::Value(_) => Err(io::Error::other("it came from a variable")),
            SecretSource::File(path) => keep_in_file(path.clone(), self.seen.clone(), token.clone()).await,
        };
        match kept {
            Ok(Kept::Written) => {
                self.warned = false;
                self.seen = token;
            }
            Err(error) if !self.warned => {
                self.warned = true;
                tracing::warn!(
                    %error,
                    "HubSpot replaced the refresh token and it cannot be kept; before a restart, connect the app \
                     again and replace HUBSPOT_OAUTH_REFRESH_TOKEN"
                );
            }
            Ok(Kept::Overtaken) | Err(_) => {}
        }
    }
}

/// What became of the file of a refresh token.
enum Kept {
    Written,
    /// Somebody else has put something newer there, which is taken up when the file is looked at.
    Overtaken,
}

/// What the source holds now, if that is not what is known. A variable does not change.
fn changed(source: &RotatingSecret, known: &Secret) -> Option<Secret> {
    match source.source() {
        SecretSource::Value(_) => None,
        SecretSource::File(_) => source.look().filter(|now| now.expose() != known.expose()),
    }
}

async fn keep_in_file(path: PathBuf, seen: Secret, token: Secret) -> io::Result<Kept> {
    let writing = tokio::task::spawn_blocking(move || {
        let now = SecretSource::File(path.clone()).read();
        if now.is_ok_and(|now| now.expose() != seen.expose()) {
            return Ok(Kept::Overtaken);
        }
        write_back(&path, &token).map(|()| Kept::Written)
    });
    writing.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests;
