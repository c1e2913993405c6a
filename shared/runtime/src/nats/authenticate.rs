//! Chooses the server to connect to and the credentials for it. Secrets are read again for each attempt, so that they can be
//! replaced while the process runs.

use std::sync::{Arc, Mutex, PoisonError};

use async_nats::{Auth, AuthError, ConnectOptions, ReconnectToServer, Server, ServerAddr};

use super::settings::Credentials;

/// Options that authenticate with these credentials at each attempt to connect. `rotation` outlives the options.
pub(super) fn options(credentials: &Credentials, rotation: &ServerRotation) -> ConnectOptions {
    let credentials = credentials.clone();
    match credentials {
        Credentials::None => ConnectOptions::new(),
        Credentials::InAddresses(each) => {
            let (choosing, each) = (rotation.clone(), Arc::new(each));
            let chosen = rotation.clone();
            with_callback(move || chosen.credentials(&each)).reconnect_to_server_callback(
                move |servers, _| {
                    let next = choosing.next(&servers);
                    async move { next.map(|addr| ReconnectToServer { addr, delay: None }) }
                },
            )
        }
        one => with_callback(move || one.clone()),
    }
}

fn with_callback(credentials: impl Fn() -> Credentials + Send + Sync + 'static) -> ConnectOptions {
    ConnectOptions::with_auth_callback(move |_nonce| {
        let credentials = credentials();
        async move {
            // Not on the runtime's threads, because the secret's file may be on a disk that hangs.
            let shown = tokio::task::spawn_blocking(move || auth(&credentials));
            shown.await.map_err(|error| AuthError::new(error.to_string()))
        }
    })
}

fn auth(credentials: &Credentials) -> Auth {
    let mut auth = Auth::new();
    match credentials {
        Credentials::None | Credentials::InAddresses(_) => {}
        Credentials::Token(token) => auth.token = Some(token.read().expose().to_owned()),
        Credentials::User { name, password } => {
            auth.username = Some(name.clone());
            auth.password = Some(password.read().expose().to_owned());
        }
    }
    auth
}

/// Chooses one server after another, because the library does not say to which server it is about to authenticate. Clones
/// share it.
#[derive(Clone, Default)]
pub(super) struct ServerRotation {
    last: Arc<Mutex<Option<ServerAddr>>>,
}

impl ServerRotation {
    /// The server after the last one. The first one is chosen at random, so that clients spread over a cluster.
    fn next(&self, servers: &[Server]) -> Option<ServerAddr> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let index = match last.as_ref() {
            None => rand::random_range(0..servers.len().max(1)),
            Some(last) => servers
                .iter()
                .position(|server| server.addr == *last)
                .map_or(0, |index| index + 1),
        };
        let next = servers.get(index).or(servers.first())?;
        *last = Some(next.addr.clone());
        Some(next.addr.clone())
    }

    /// The credentials for the chosen server. If no setting names the server, the cluster announced it, and it gets those of
    /// the first address.
    fn credentials(&self, each: &[(ServerAddr, Credentials)]) -> Credentials {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let own = each.iter().find(|(server, _)| Some(server) == last.as_ref());
        own.or(each.first())
            .map_or(Credentials::None, |(_, credentials)| credentials.clone())
    }
}
