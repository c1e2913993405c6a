//! Makes the first connection, in whatever order the services and NATS are started.

use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, SubscribeError};

use super::authenticate::{self, Turns};
use super::observer::Observer;
use super::replies::Replies;
use super::settings::NatsSettings;
use super::version::{OLDEST_SERVER, will_do};
use super::{Nats, connection};
use crate::{Backoff, Shutdown};

/// The library's own delay grows to four seconds, which callers would feel after each short outage.
const SHORTEST_DELAY: Duration = Duration::from_millis(25);
const LONGEST_DELAY: Duration = Duration::from_millis(250);

/// A connection cut without a word is noticed after two pings unanswered.
const PING_INTERVAL: Duration = Duration::from_secs(3);

/// Why there will be no connection, however long one tries.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The credentials are wrong, or missing.
    #[error(
        "NATS at {servers} refused the credentials; set NATS_USER and NATS_PASSWORD, or NATS_TOKEN, to what it expects, or \
         put them into NATS_URL"
    )]
    Refused {
        /// Who refused.
        servers: String,
    },
    /// The server is too old.
    #[error("NATS at {servers} is version {version}, and {OLDEST_SERVER} or newer is needed")]
    TooOld {
        /// Who was asked.
        servers: String,
        /// What it said.
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
        /// Who was waited for.
        servers: String,
    },
}

/// Connects, trying for as long as it takes: a server that is not there yet is waited for, one that cannot do is not.
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
    if !will_do(&version) {
        return Err(ConnectError::TooOld {
            servers: settings.places(),
            version,
        });
    }
    let replies = Replies::open(&client).await?;
    let nats = connection::new(client, observer.subscribe(), replies);
    // The event comes by another task; from here on the state is what callers expect.
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
    let mut backoff = Backoff::new(SHORTEST_DELAY, LONGEST_DELAY);
    let turns = Turns::default();
    loop {
        // Boxed, because the library's future is large and would be carried through every caller.
        let attempt =
            Box::pin(options(settings, service_name, observer, &turns).connect(settings.servers.as_slice()));
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
    turns: &Turns,
) -> ConnectOptions {
    let observer = observer.clone();
    authenticate::options(&settings.credentials, turns)
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

/// At once the first time, then growing up to the cap.
fn reconnect_delay(attempts: usize) -> Duration {
    if attempts <= 1 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(attempts - 2).unwrap_or(u32::MAX).min(16);
    SHORTEST_DELAY.saturating_mul(1 << doublings).min(LONGEST_DELAY)
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
        assert_eq!(reconnect_delay(usize::MAX), LONGEST_DELAY);
    }
}
