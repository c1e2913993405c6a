//! Makes the first connection. Services and NATS can be started in any order.

use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, SubscribeError};

use super::authenticate::{self, ServerRotation};
use super::observer::Observer;
use super::replies::Replies;
use super::settings::NatsSettings;
use super::version::{OLDEST_SERVER, is_supported};
use super::{Nats, connection};
use crate::{Backoff, Shutdown};

/// The shortest and the longest delay between attempts to reconnect. The library's own delay grows to four seconds, which would
/// delay callers after each short outage.
const MIN_RECONNECT_DELAY: Duration = Duration::from_millis(25);
const MAX_RECONNECT_DELAY: Duration = Duration::from_millis(250);

/// How often the server is pinged. A connection that was cut without notice is detected after two unanswered pings.
const PING_INTERVAL: Duration = Duration::from_secs(3);

/// There is no connection, and further attempts would not help.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The credentials are wrong, or missing.
    #[error(
        "NATS at {servers} refused the credentials; set NATS_USER and NATS_PASSWORD, or NATS_TOKEN, to what it expects, or \
         put them into NATS_URL"
    )]
    Refused {
        /// The servers that rejected them.
        servers: String,
    },
    /// The server is too old.
    #[error("NATS at {servers} is version {version}, and {OLDEST_SERVER} or newer is needed")]
    TooOld {
        /// The addresses of the servers.
        servers: String,
        /// The version of the server.
        version: String,
    },
    /// The address cannot be used.
    #[error("NATS_URL cannot be used: {0}")]
    Address(async_nats::ConnectError),
    /// The inbox for replies could not be opened.
    #[error("no inbox for replies: {0}")]
    Inbox(#[from] SubscribeError),
    /// The process is stopping.
    #[error("stopped while waiting for NATS at {servers}")]
    Stopped {
        /// The servers that were waited for.
        servers: String,
    },
}

/// Connects. It waits for as long as no server can be reached, and fails if a server is too old or rejects the credentials.
pub async fn connect(
    settings: &NatsSettings,
    service_name: &str,
    shutdown: &Shutdown,
) -> Result<Nats, ConnectError> {
    let observer = Observer::new(service_name);
    let Some(client) = shutdown
        .or(first_connection(settings, service_name, &observer))
        .await
    else {
        return Err(ConnectError::Stopped {
            servers: settings.places(),
        });
    };
    let client = client?;
    let version = client.server_info().version;
    if !is_supported(&version) {
        return Err(ConnectError::TooOld {
            servers: settings.places(),
            version,
        });
    }
    let replies = Replies::open(&client).await?;
    let nats = connection::new(client, observer.subscribe(), replies);
    // Another task handles the event. Callers expect the state to show the connection, so wait for it.
    let connected = shutdown.or(nats.wait_until_connected()).await;
    if connected.is_none() {
        return Err(ConnectError::Stopped {
            servers: settings.places(),
        });
    }
    Ok(nats)
}

async fn first_connection(
    settings: &NatsSettings,
    service_name: &str,
    observer: &Observer,
) -> Result<Client, ConnectError> {
    let servers = settings.places();
    let mut backoff = Backoff::new(MIN_RECONNECT_DELAY, MAX_RECONNECT_DELAY);
    let rotation = ServerRotation::default();
    loop {
        // Boxed, because the library's future is large and would make every caller's future as large.
        let attempt = Box::pin(
            options(settings, service_name, observer, &rotation).connect(settings.servers.as_slice()),
        );
        let error = match attempt.await {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        match error.kind() {
            ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                return Err(ConnectError::Refused { servers });
            }
            ConnectErrorKind::ServerParse => return Err(ConnectError::Address(error)),
            ConnectErrorKind::Dns
            | ConnectErrorKind::TimedOut
            | ConnectErrorKind::Tls
            | ConnectErrorKind::Io
            | ConnectErrorKind::MaxReconnects => observer.still_waiting(&format!("{error} ({servers})")),
        }
        tokio::time::sleep(backoff.next_delay()).await;
    }
}

fn options(
    settings: &NatsSettings,
    service_name: &str,
    observer: &Observer,
    rotation: &ServerRotation,
) -> ConnectOptions {
    let observer = observer.clone();
    authenticate::options(&settings.credentials, rotation)
        .name(service_name)
        .custom_inbox_prefix(format!("_INBOX_{service_name}"))
        .client_capacity(settings.client_capacity)
        .ping_interval(PING_INTERVAL)
        .max_reconnects(None)
        .reconnect_delay_callback(reconnect_delay)
        .event_callback(move |event| {
            let observer = observer.clone();
            async move { observer.observe(event) }
        })
}

/// The delay before an attempt to reconnect: none before the first one, then growing up to the longest.
fn reconnect_delay(attempts: usize) -> Duration {
    if attempts <= 1 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(attempts - 2).unwrap_or(u32::MAX).min(16);
    MIN_RECONNECT_DELAY
        .saturating_mul(1 << doublings)
        .min(MAX_RECONNECT_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reconnect_delay_grows_to_a_quarter_of_a_second() {
        let delays: Vec<_> = (0..8)
            .map(|attempts| reconnect_delay(attempts).as_millis())
            .collect();
        assert_eq!(delays, [0, 0, 25, 50, 100, 200, 250, 250]);
        assert_eq!(reconnect_delay(usize::MAX), MAX_RECONNECT_DELAY);
    }
}
