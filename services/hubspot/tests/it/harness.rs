//! A hubspot service in this process, with a nats-server, a sandbox and a user service of its own.

use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use contracts::{
    AttemptFailure, DeliveryAction,
    subjects::{CONSUMER, STREAM},
};
use hubspot::{CHECKS, Config, ServeError, serve};
use runtime::{Metrics, Shutdown, health::Registry, nats, settings::Env};
use sandbox::Sandbox;
use testing::{
    nats::{NatsServer, Options},
    wait::until,
};
use tokio::task::JoinHandle;

use crate::user_service::{LinkedUser, UserService, UserSettings};

/// Longer than any step of a test takes on a busy machine.
pub(crate) const CEILING: Duration = Duration::from_secs(30);

/// Everything a worker needs, and workers.
pub(crate) struct Stack {
    pub(crate) nats: NatsServer,
    pub(crate) sandbox: Sandbox,
    pub(crate) users: UserService,
}

/// A running worker.
pub(crate) struct Worker {
    pub(crate) registry: Registry,
    pub(crate) metrics: Metrics,
    shutdown: Shutdown,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        Self::start_on(options, sandbox_settings()).await
    }

    pub(crate) async fn start_on(options: Options, settings: sandbox::Settings) -> Self {
        let nats = NatsServer::start(options).await.unwrap();
        let stack = Self::assemble(nats, settings, UserSettings::default()).await;
        stack.users.wait_until_ready().await;
        stack
    }

    /// The user service has these settings.
    pub(crate) async fn start_with_users(settings: UserSettings) -> Self {
        let nats = NatsServer::start(Options::default()).await.unwrap();
        let stack = Self::assemble(nats, sandbox_settings(), settings).await;
        stack.users.wait_until_ready().await;
        stack
    }

    /// On this server, whether or not the user service can use its stream.
    pub(crate) async fn start_on_server(nats: NatsServer) -> Self {
        Self::assemble(nats, sandbox_settings(), UserSettings::default()).await
    }

    async fn assemble(nats: NatsServer, sandbox: sandbox::Settings, users: UserSettings) -> Self {
        let users = UserService::start(&nats.url(), users).await;
        Self {
            nats,
            sandbox: Sandbox::start(sandbox).await.unwrap(),
            users,
        }
    }

    /// A worker that delivers.
    pub(crate) async fn worker(&self) -> Worker {
        let worker = self.start_worker(&[]).await;
        worker.wait_for_status("delivering").await;
        worker
    }

    pub(crate) async fn start_worker(&self, settings: &[(&str, &str)]) -> Worker {
        Self::serve(self.config(settings)).await
    }

    pub(crate) fn config(&self, settings: &[(&str, &str)]) -> Config {
        let (nats_url, sandbox_url) = (self.nats.url(), self.sandbox.url());
        let known = [
            ("NATS_URL", nats_url.as_str()),
            ("HUBSPOT_SANDBOX_URL", sandbox_url.as_str()),
        ];
        Config::read(&Env::from_pairs(settings.iter().copied().chain(known))).unwrap()
    }

    pub(crate) async fn serve(config: Config) -> Worker {
        let (shutdown, registry) = (Shutdown::new(), Registry::new("hubspot", &CHECKS));
        let nats = nats::connect(&config.nats, "hubspot", &shutdown).await.unwrap();
        let metrics = Metrics::default();
        let (health, shown, stop) = (registry.clone(), metrics.clone(), shutdown.clone());
        let serving = tokio::spawn(async move { serve(config, nats, health, &shown, stop).await });
        Worker {
            registry,
            metrics,
            shutdown,
            serving,
        }
    }

    /// Adds a contact and returns its id.
    pub(crate) fn contact(&self, email: &str) -> String {
        self.sandbox
            .create_contact([("email", email)])
            .unwrap()
            .id
            .to_string()
    }

    /// A property of the contact with this address.
    pub(crate) fn property(&self, email: &str, name: &str) -> Option<String> {
        self.sandbox
            .contact_by_email(email)?
            .properties
            .get(name)
            .cloned()
    }

    /// A user that an earlier worker linked to a new contact, for this account.
    pub(crate) async fn link(&self, user: &str, email: &str, account_id: &str) {
        let linked = LinkedUser {
            user: user.to_owned(),
            email: email.to_owned(),
            contact_id: self.contact(email),
        };
        self.users.link(account_id, &[linked]).await;
    }

    /// The failures of this user's attempts so far.
    pub(crate) async fn failures(&self, user: &str) -> Vec<AttemptFailure> {
        let results = self.users.reported(user).await.into_iter();
        results.filter_map(|result| result.failure).collect()
    }

    /// Pauses delivery. The users that are changed until [`resume`](Self::resume) are claimed together, so they share a batch.
    pub(crate) async fn pause(&self, worker: &Worker) {
        self.users.control_delivery(DeliveryAction::Pause).await;
        worker.wait_for_status("paused").await;
    }

    /// Resumes delivery as soon as the worker has the wake-ups of this many users.
    pub(crate) async fn resume(&self, users: usize) {
        let stream = self.users.client.jetstream().get_stream(STREAM).await.unwrap();
        let mut consumer: Consumer<pull::Config> = stream.get_consumer(CONSUMER).await.unwrap();
        until("the wake-ups to be delivered", CEILING, async || {
            let info = consumer.info().await.unwrap();
            let seen = (info.num_pending, info.num_ack_pending);
            if seen == (0, users) { Ok(()) } else { Err(seen) }
        })
        .await;
        self.users.control_delivery(DeliveryAction::Resume).await;
    }

    /// Waits until no wake-up is left in the stream.
    pub(crate) async fn wait_until_acknowledged(&self) {
        until("an empty stream", CEILING, async || {
            match self.users.wake_ups().await {
                0 => Ok(()),
                messages => Err(messages),
            }
        })
        .await;
    }
}

fn sandbox_settings() -> sandbox::Settings {
    sandbox::Settings {
        seed: Some(7),
        ..sandbox::Settings::default()
    }
}

impl Worker {
    /// Waits until the message of the check `delivery` contains this.
    pub(crate) async fn wait_for_status(&self, part: &str) {
        until("the status of delivery", CEILING, async || {
            let report = self.registry.report();
            let delivery = report
                .checks
                .into_iter()
                .find(|check| check.name == "delivery")
                .unwrap();
            if delivery.detail.contains(part) {
                Ok(())
            } else {
                Err(delivery.detail)
            }
        })
        .await;
    }

    pub(crate) async fn stop(self) {
        self.shutdown.trigger();
        self.end().await.unwrap();
    }

    /// Waits until it has ended.
    pub(crate) async fn end(self) -> Result<(), ServeError> {
        tokio::time::timeout(CEILING, self.serving)
            .await
            .unwrap()
            .unwrap()
    }

    /// Begins the shutdown without waiting for its end.
    pub(crate) fn begin_to_stop(&self) {
        self.shutdown.trigger();
    }

    /// Ends a worker as a crash would.
    pub(crate) async fn crash(self) {
        self.serving.abort();
        assert!(self.serving.await.unwrap_err().is_cancelled());
    }
}
