//! A nats-server, a database, the service, and a client that asks it.

use std::time::Duration;

use async_nats::HeaderMap;
use contracts::{
    AttemptResult, ChangeLease, ClaimUsers, ErrorCode, Field, GetReceipt, GetUser, LeaseAnswer, Receipt,
    ReportResults, Request, ResultsReported, ServiceError, UpdateForm, UpdateUser, User, UserChanged, UserId,
    UserUpdated, UsersClaimed, Values, delivery::LeaseAction, subjects::STREAM,
};
use runtime::{
    Shutdown,
    health::Registry,
    nats::{self, Nats, NatsSettings, RequestError},
    settings::Env,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use testing::{
    database::TestDatabase,
    nats::{NatsServer, Options},
    wait::until,
};
use tokio::task::JoinHandle;
use user::{
    service::{CHECKS, ServeError},
    store::Database,
};

pub(crate) const CEILING: Duration = Duration::from_secs(20);
pub(crate) const ACCOUNT: &str = "4711";

pub(crate) struct Stack {
    pub(crate) nats: NatsServer,
    pub(crate) client: Nats,
    pub(crate) database: TestDatabase,
    settings: Vec<(String, String)>,
}

/// A running service; stopped by hand, or with the test's runtime.
pub(crate) struct Running {
    pub(crate) shutdown: Shutdown,
    pub(crate) health: Registry,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    pub(crate) async fn stop(self) -> Result<(), ServeError> {
        self.shutdown.trigger();
        tokio::time::timeout(CEILING, self.task).await.unwrap().unwrap()
    }

    pub(crate) fn is_well(&self, check: &str) -> bool {
        let report = self.health.report();
        report.checks.iter().any(|found| found.name == check && found.ok)
    }
}

impl Stack {
    /// A new stack with these settings of the service, which is not started yet.
    pub(crate) async fn new(settings: &[(&str, &str)]) -> Self {
        Self::on(Options::default(), settings).await
    }

    /// Like [`Stack::new`], on such a nats-server.
    pub(crate) async fn on(options: Options, settings: &[(&str, &str)]) -> Self {
        let nats = NatsServer::start(options).await.unwrap();
        let client = connect(&nats, "test").await;
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            nats,
            client,
            database: TestDatabase::fresh().await,
            settings: settings.iter().map(own).collect(),
        }
    }

    /// The same stack with a client that is connected to this address.
    pub(crate) async fn with_client(self, url: &str) -> Self {
        let settings = NatsSettings::at(url).unwrap();
        let client = nats::connect(&settings, "test", &Shutdown::new()).await.unwrap();
        Self { client, ..self }
    }

    /// A new stack with its service.
    pub(crate) async fn serving(settings: &[(&str, &str)]) -> (Self, Running) {
        let stack = Self::new(settings).await;
        let running = stack.serve().await;
        (stack, running)
    }

    pub(crate) fn database(&self) -> Database {
        self.database.url().parse().unwrap()
    }

    /// Starts the service and waits until it is ready.
    pub(crate) async fn serve(&self) -> Running {
        let running = self.begin_serving().await;
        until("a service that is ready", CEILING, async || {
            let report = running.health.report();
            assert!(!running.task.is_finished(), "the service ended: {report:?}");
            if report.ready { Ok(()) } else { Err(report) }
        })
        .await;
        until("an endpoint that answers", CEILING, async || {
            let answer = self.get("nobody").await;
            if answer
                .as_ref()
                .is_err_and(|error| error.code == ErrorCode::UserNotFound)
            {
                Ok(())
            } else {
                Err(answer)
            }
        })
        .await;
        running
    }

    pub(crate) async fn begin_serving(&self) -> Running {
        let database = self.database.url().to_owned();
        let usual = [("USER_DATABASE_URL".to_owned(), database)];
        let env = Env::from_pairs(usual.into_iter().chain(self.settings.clone()));
        let config = user::Config::read(&env).unwrap();
        let shutdown = Shutdown::new();
        let health = Registry::new("user", &CHECKS);
        let nats = connect(&self.nats, "user").await;
        let task = tokio::spawn(user::run(config, nats, health.clone(), shutdown.clone()));
        Running {
            shutdown,
            health,
            task,
        }
    }

    pub(crate) async fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, ServiceError> {
        self.ask_with(request, HeaderMap::new()).await
    }

    pub(crate) async fn ask_with<R: Request>(
        &self,
        request: &R,
        headers: HeaderMap,
    ) -> Result<R::Answer, ServiceError> {
        self.send(R::SUBJECT, request, headers).await
    }

    /// Sends a request that has another form than its type allows.
    pub(crate) async fn ask_json(&self, subject: &str, request: &Value) -> Result<Value, ServiceError> {
        self.send(subject, request, HeaderMap::new()).await
    }

    async fn send<A: DeserializeOwned>(
        &self,
        subject: &str,
        request: &impl Serialize,
        headers: HeaderMap,
    ) -> Result<A, ServiceError> {
        let body = serde_json::to_vec(request).unwrap();
        let answer = self.client.request(subject, headers, body.into(), CEILING).await;
        match answer {
            Ok(message) => Ok(serde_json::from_slice(&message.payload).unwrap()),
            Err(RequestError::Service { body, .. }) => Err(serde_json::from_slice(&body).unwrap()),
            Err(other) => Err(ServiceError::new(ErrorCode::Unavailable, other.to_string())),
        }
    }

    pub(crate) async fn update(&self, update: &UpdateUser) -> Result<UserUpdated, ServiceError> {
        self.ask(update).await
    }

    pub(crate) async fn get(&self, user: &str) -> Result<User, ServiceError> {
        self.ask(&GetUser { user_id: id(user) }).await
    }

    pub(crate) async fn receipt(&self, user: &str, version: Option<u64>) -> Result<Receipt, ServiceError> {
        let user_id = id(user);
        self.ask(&GetReceipt { user_id, version }).await
    }

    pub(crate) async fn change_lease(&self, holder: &str, action: LeaseAction) -> LeaseAnswer {
        let change = ChangeLease {
            holder: holder.to_owned(),
            account_id: ACCOUNT.to_owned(),
            action,
            token: contracts::TokenState::Unknown,
        };
        self.ask(&change).await.unwrap()
    }

    /// Takes the lease and returns its epoch.
    pub(crate) async fn lease(&self, holder: &str) -> u64 {
        match self.change_lease(holder, LeaseAction::Hold).await {
            LeaseAnswer::Granted { epoch, .. } => epoch,
            other => panic!("not granted: {other:?}"),
        }
    }

    pub(crate) async fn claim(
        &self,
        holder: &str,
        epoch: u64,
        users: &[&str],
    ) -> Result<UsersClaimed, ServiceError> {
        self.ask(&claim_of(holder, epoch, users)).await
    }

    pub(crate) async fn report(&self, holder: &str, results: Vec<AttemptResult>) -> ResultsReported {
        let request = ReportResults {
            holder: holder.to_owned(),
            results,
            retractions: Vec::new(),
            claim: None,
        };
        self.ask(&request).await.unwrap()
    }

    /// The wake-ups in the stream.
    pub(crate) async fn wake_ups(&self) -> Vec<UserChanged> {
        let Ok(mut stream) = self.client.jetstream().get_stream(STREAM).await else {
            return Vec::new();
        };
        let Ok(info) = stream.info().await.cloned() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for sequence in info.state.first_sequence..=info.state.last_sequence {
            if let Ok(message) = stream.get_raw_message(sequence).await {
                found.push(serde_json::from_slice(&message.payload).unwrap());
            }
        }
        found
    }

    /// Waits until the stream holds wake-ups of exactly these users.
    pub(crate) async fn wait_for_wake_ups(&self, users: &[&str]) {
        until("the wake-ups", CEILING, async || {
            let found = self.wake_ups().await;
            let mut ids: Vec<_> = found.iter().map(|change| change.user_id.to_string()).collect();
            ids.sort();
            if ids == users { Ok(()) } else { Err(ids) }
        })
        .await;
    }

    /// Removes every wake-up from the stream, as if a worker had acknowledged them.
    pub(crate) async fn acknowledge_all(&self) {
        let stream = self.client.jetstream().get_stream(STREAM).await.unwrap();
        stream.purge().await.unwrap();
    }
}

async fn connect(nats: &NatsServer, name: &str) -> Nats {
    let settings = NatsSettings::at(&nats.url()).unwrap();
    nats::connect(&settings, name, &Shutdown::new()).await.unwrap()
}

pub(crate) fn id(user: &str) -> UserId {
    user.parse().unwrap()
}

/// A merge patch.
pub(crate) fn patch<const N: usize>(user: &str, given: [(Field, &str); N]) -> UpdateUser {
    let fields: Values = given
        .into_iter()
        .map(|(field, value)| (field, Some(value.into())))
        .collect();
    UpdateUser {
        user_id: id(user),
        form: UpdateForm::MergePatch,
        fields,
        if_match: None,
        idempotency_key: None,
        sender_try: None,
    }
}

/// A change that creates a user.
pub(crate) fn ada(user: &str) -> UpdateUser {
    patch(
        user,
        [(Field::EMAIL, "ada@example.com"), (Field::FIRST_NAME, "Ada")],
    )
}

pub(crate) fn claim_of(holder: &str, epoch: u64, users: &[&str]) -> ClaimUsers {
    ClaimUsers {
        holder: holder.to_owned(),
        epoch,
        users: users.iter().map(|user| id(user)).collect(),
        limit: 100,
        fields_revision: None,
    }
}
