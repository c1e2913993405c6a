//! The secrets of an OAuth app and their current values. An operator may replace them in their files, and HubSpot may
//! rotate the refresh token.

use std::{io, path::PathBuf};

use runtime::settings::{RotatingSecret, Secret, SecretSource};

use super::write_back::write_back;
use crate::client::OAuthApp;

/// The connection of an OAuth app to an account.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) refresh_token: Secret,
    /// Grows by one when an operator replaces the refresh token, because the new one may belong to another account.
    pub(super) number: u64,
    /// Whether HubSpot's last response held a new refresh token.
    pub(super) rotates: bool,
    client_secret_source: RotatingSecret,
    refresh_token_source: RotatingSecret,
    /// The refresh token that its source had when it was last read or written.
    seen: Secret,
    /// Whether the log already says that a refresh token cannot be kept.
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

    /// Uses secrets that were replaced in their files. Returns whether any was. A file that cannot be read, for example
    /// because it is being replaced, changes nothing.
    pub(super) fn reload(&mut self) -> bool {
        let new_secret = changed(&self.client_secret_source, &self.client_secret);
        let new_token = changed(&self.refresh_token_source, &self.seen);
        if let Some(secret) = &new_secret {
            self.client_secret = secret.clone();
        }
        let Some(token) = new_token else {
            return new_secret.is_some();
        };
        self.seen = token.clone();
        // It is not new if this process wrote it and the write failed only afterwards, when flushing it to disk.
        let is_new = token.expose() != self.refresh_token.expose();
        if is_new {
            self.refresh_token = token;
            self.number += 1;
        }
        is_new || new_secret.is_some()
    }

    /// Keeps the refresh token that came with an access token. It is written to the file that the old one came from.
    pub(super) async fn keep(&mut self, refresh_token: Option<Secret>) {
        let rotated = refresh_token.filter(|token| token.expose() != self.refresh_token.expose());
        self.rotates = rotated.is_some();
        if let Some(token) = rotated {
            self.refresh_token = token;
            self.write().await;
        }
    }

    /// Tries again to write a refresh token that could not be written to its file.
    pub(super) async fn retry_write(&mut self) {
        let in_file = matches!(self.refresh_token_source.source(), SecretSource::File(_));
        if in_file && self.refresh_token.expose() != self.seen.expose() {
            self.write().await;
        }
    }

    async fn write(&mut self) {
        let token = self.refresh_token.clone();
        let written = match self.refresh_token_source.source() {
            SecretSource::Value(_) => Err(io::Error::other(
                "it was set in HUBSPOT_OAUTH_REFRESH_TOKEN and not in a file",
            )),
            SecretSource::File(path) => {
                write_if_unchanged(path.clone(), self.seen.clone(), token.clone()).await
            }
        };
        match written {
            Ok(WriteResult::Written) => {
                self.warned = false;
                self.seen = token;
            }
            Err(error) if !self.warned => {
                self.warned = true;
                tracing::warn!(
                    %error,
                    "HubSpot replaced the refresh token, and the new one cannot be saved; before the next restart, connect \
                     the app again and set HUBSPOT_OAUTH_REFRESH_TOKEN to the new refresh token"
                );
            }
            Ok(WriteResult::Superseded) | Err(_) => {}
        }
    }
}

/// The result of writing a refresh token to its file.
enum WriteResult {
    Written,
    /// The file has another token by now. It was left alone, and the next reload uses it.
    Superseded,
}

/// The secret that the file has now, if it differs from the known one. A variable never changes.
fn changed(source: &RotatingSecret, known: &Secret) -> Option<Secret> {
    match source.source() {
        SecretSource::Value(_) => None,
        SecretSource::File(_) => source.reload().filter(|now| now.expose() != known.expose()),
    }
}

/// Writes the token to its file, unless the file has another token than the one seen there last.
async fn write_if_unchanged(path: PathBuf, seen: Secret, token: Secret) -> io::Result<WriteResult> {
    let writing = tokio::task::spawn_blocking(move || {
        let now = SecretSource::File(path.clone()).read();
        if now.is_ok_and(|now| now.expose() != seen.expose()) {
            return Ok(WriteResult::Superseded);
        }
        write_back(&path, &token).map(|()| WriteResult::Written)
    });
    writing.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests;
