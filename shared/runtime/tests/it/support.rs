//! Starts a server, connections to it, and a service that echoes requests.

use std::time::Duration;

use async_nats::HeaderMap;
use futures_util::StreamExt;
use runtime::Shutdown;
use runtime::nats::{Credentials, Nats, NatsSettings, connect};
use runtime::settings::Secret;
use testing::nats::{NatsServer, Options};

/// The limit of each wait, which is generous for a loaded machine.
pub(crate) const CEILING: Duration = Duration::from_secs(30);

pub(crate) async fn start_server() -> NatsServer {
    NatsServer::start(Options::default()).await.unwrap()
}

pub(crate) async fn connect_to(server: &NatsServer, name: &str) -> Nats {
    connect(&NatsSettings::at(&server.url()).unwrap(), name, &Shutdown::new())
        .await
        .unwrap()
}

pub(crate) fn settings_for_user(server: &NatsServer, name: &str, password: &str) -> NatsSettings {
    let credentials = Credentials::User {
        name: name.to_owned(),
        password: Secret::from(password).into(),
    };
    NatsSettings {
        credentials,
        ..NatsSettings::at(&server.url()).unwrap()
    }
}

/// Starts a service that answers each request with its own payload.
pub(crate) async fn serve_echo(nats: &Nats, subject: &'static str) {
    let client = nats.client().clone();
    let mut requests = client.subscribe(subject).await.unwrap();
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            client
                .publish(request.reply.unwrap(), request.payload)
                .await
                .unwrap();
        }
    });
    // Once it answers a request of its own, the server has the subscription.
    let answer = nats.request(subject, HeaderMap::new(), "ready".into(), CEILING);
    answer.await.unwrap();
}
