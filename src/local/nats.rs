//! The NATS server: the one that `NATS_URL` names, or a child of this process.

mod previous_server;

use std::path::Path;

use anyhow::Context;
use runtime::{
    nats::{Credentials, NatsSettings},
    settings::Env,
};
use testing::nats::{NatsServer, Options};

/// The NATS server that the services on this machine use.
pub(super) struct LocalNats {
    /// How to connect to it.
    pub(super) settings: NatsSettings,
    /// Where it is, for people.
    pub(super) description: String,
    /// `None` if `NATS_URL` names a server.
    child: Option<NatsServer>,
}

impl LocalNats {
    /// Uses the server that `NATS_URL` names, or starts one that stores its data in `folder`.
    pub(super) async fn start(env: &Env, settings: NatsSettings, folder: &Path) -> anyhow::Result<Self> {
        if env.get("NATS_URL").is_some() {
            // `places` leaves out the credentials that an address may contain.
            let description = format!("{} (NATS_URL)", settings.places());
            return Ok(Self {
                settings,
                description,
                child: None,
            });
        }
        let token = match &settings.credentials {
            Credentials::Token(token) => Some(token.read()),
            Credentials::None | Credentials::User { .. } | Credentials::InAddresses(_) => None,
        };
        // The child keeps the token that it starts with, so clients keep it as well, even if the file changes.
        let credentials = token
            .clone()
            .map_or(Credentials::None, |token| Credentials::Token(token.into()));
        let token = token.map(|token| token.expose().to_owned());
        previous_server::wait_until_stopped(folder).await?;
        let pid_file = serde_json::Value::from(previous_server::pid_file(folder).display().to_string());
        let config = format!("pid_file: {pid_file}\n");
        let options = Options {
            folder: Some(folder.to_owned()),
            token,
            config,
            ..Options::default()
        };
        let server = NatsServer::start(options)
            .await
            .context("nats-server did not start")?;
        let servers = NatsSettings::at(&server.url())?.servers;
        let binary = server.binary();
        let description = format!(
            "{} (nats-server {}, a child of this process)",
            server.url(),
            binary.version
        );
        Ok(Self {
            settings: NatsSettings {
                servers,
                credentials,
                ..settings
            },
            description,
            child: Some(server),
        })
    }

    /// Stops the child, if there is one.
    pub(super) async fn stop(self) {
        if let Some(mut server) = self.child
            && let Err(error) = server.stop().await
        {
            tracing::error!(%error, "nats-server did not stop cleanly");
        }
    }
}
