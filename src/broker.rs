//! NATS: the one that is named, or a child of this process.

mod predecessor;

use std::path::Path;

use anyhow::Context;
use runtime::{
    nats::{Credentials, NatsSettings},
    settings::Env,
};
use testing::nats::{NatsServer, Options};

/// The broker everything on this machine talks through.
pub(crate) struct Broker {
    /// How to reach it.
    pub(crate) settings: NatsSettings,
    /// What to tell people about it.
    pub(crate) description: String,
    child: Option<NatsServer>,
}

impl Broker {
    /// Takes the server that `NATS_URL` names, or starts one with its store in `folder`.
    pub(crate) async fn start(env: &Env, settings: NatsSettings, folder: &Path) -> anyhow::Result<Self> {
        if env.get("NATS_URL").is_some() {
            // The places only: the address may hold credentials.
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
        // The child keeps the token it is started with, whatever becomes of its file.
        let credentials = token
            .clone()
            .map_or(Credentials::None, |token| Credentials::Token(token.into()));
        let token = token.map(|token| token.expose().to_owned());
        predecessor::wait_for_end(folder).await?;
        let pid_file = serde_json::Value::from(predecessor::pid_file(folder).display().to_string());
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

    /// Ends the child, if there is one.
    pub(crate) async fn stop(self) {
        if let Some(mut server) = self.child
            && let Err(error) = server.stop().await
        {
            tracing::error!(%error, "nats-server did not stop by itself");
        }
    }
}
