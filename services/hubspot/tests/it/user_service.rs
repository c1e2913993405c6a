//! The real user service in this process, on a store in memory, and a client that sends it requests.

mod earlier_worker;
mod reports;

use std::{sync::Arc, time::Duration};

use contracts::{
    AttemptResult, ControlDelivery, DeliveryAction, Field, FieldResult, GetUser, NewLink, Request,
    UpdateForm, UpdateUser, UserId, subjects,
};
use runtime::{
    Shutdown,
    health::Registry,
    nats::{self, CallError, Nats, NatsSettings},
    settings::Env,
};
use testing::wait::until;
use tokio::sync::Mutex;
use user::{
    rules::{Row, UnixMs},
    service::CHECKS,
    store::memory::MemoryStore,
    time::Clock,
};

pub(crate) use earlier_worker::LinkedUser;
use reports::Reports;

use crate::harness::CEILING;

/// Settings of the user service that only tests change.
pub(crate) struct UserSettings {
    pub(crate) clock: Clock,
    /// The pause after a user's first failure, in milliseconds. It is short by default, so that the tests are.
    pub(crate) first_failure_pause: UnixMs,
}

impl UserSettings {
    pub(crate) fn with_first_failure_pause(first_failure_pause: UnixMs) -> Self {
        Self {
            first_failure_pause,
            ..Self::default()
        }
    }
}

impl Default for UserSettings {
    fn default() -> Self {
        Self {
            clock: Clock::default(),
            first_failure_pause: 50,
        }
    }
}

/// A running user service. Clones are handles of the same one.
#[derive(Clone)]
pub(crate) struct UserService {
    pub(crate) client: Nats,
    store: MemoryStore,
    health: Registry,
    reports: Arc<Mutex<Reports>>,
    _running: Arc<StopOnDrop>,
}

/// Stops the service with its last handle. Otherwise it would serve a later nats-server that gets the same port.
struct StopOnDrop(Shutdown);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.trigger();
    }
}

impl UserService {
    /// Starts the service and waits until it answers.
    pub(crate) async fn start(nats_url: &str, settings: UserSettings) -> Self {
        let client = connect(nats_url, "test").await;
        let reports = Reports::subscribe(&client).await;
        let store = MemoryStore::new(settings.clock);
        let health = Registry::new("user", &CHECKS);
        let mut config = user::Config::read(&Env::from_pairs([("USER_SWEEP_MS", "50")])).unwrap();
        config.timing.first_failure_pause = settings.first_failure_pause;
        let nats = connect(nats_url, "user").await;
        // One writer, as on a database file.
        let shutdown = Shutdown::new();
        let serving = user::serve(store.open(1), config, nats, health.clone(), shutdown.clone());
        tokio::spawn(async move { serving.await.unwrap() });
        let service = Self {
            client,
            store,
            health,
            reports: Arc::new(Mutex::new(reports)),
            _running: Arc::new(StopOnDrop(shutdown)),
        };
        service.wait_until_it_answers().await;
        service
    }

    /// Waits until a request is answered.
    pub(crate) async fn wait_until_it_answers(&self) {
        until("the user service to answer", CEILING, async || {
            match self.get_nobody().await {
                Err(CallError::Rejected { .. }) => Ok(()),
                other => Err(other),
            }
        })
        .await;
    }

    /// Waits until every check is well, including that of the stream.
    pub(crate) async fn wait_until_ready(&self) {
        until("the user service to be ready", CEILING, async || {
            let report = self.health.report();
            if report.ready { Ok(()) } else { Err(report) }
        })
        .await;
    }

    /// A caller changes a user.
    pub(crate) async fn change(&self, user: &str, fields: &[(Field, &str)]) {
        self.call(&change_of(user, fields)).await;
    }

    /// An operator pauses or resumes delivery.
    pub(crate) async fn control_delivery(&self, action: DeliveryAction) {
        self.call(&ControlDelivery { action }).await;
    }

    /// Edits the stored row of a user beyond what requests can change.
    pub(crate) async fn edit_row(&self, user: &str, edit: impl FnOnce(&mut Row)) {
        let mut writer = self.store.writer();
        let (mut transaction, rows) = writer.begin(&[&id(user)]).await.unwrap();
        let mut row = rows.into_iter().next().unwrap().unwrap();
        edit(&mut row);
        transaction.save(&[&row]).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// Waits until no field of the user is dirty.
    pub(crate) async fn wait_until_clean(&self, user: &str) {
        until("the user to be clean", CEILING, async || {
            match self.store.row(&id(user)) {
                Some(row) if !row.is_dirty() => Ok(()),
                other => Err(other),
            }
        })
        .await;
    }

    /// The last result of a field.
    pub(crate) fn result(&self, user: &str, field: Field) -> Option<FieldResult> {
        self.store.row(&id(user))?.fields[field].result.clone()
    }

    /// The id of the contact that the user is linked to.
    pub(crate) fn contact(&self, user: &str) -> Option<String> {
        Some(self.store.row(&id(user))?.link.clone()?.contact_id)
    }

    pub(crate) fn is_dirty(&self, user: &str, field: Field) -> bool {
        let row = self.store.row(&id(user));
        row.unwrap().fields[field].is_dirty()
    }

    /// The results of this user's attempts that workers have reported so far, the first one first.
    pub(crate) async fn reported(&self, user: &str) -> Vec<AttemptResult> {
        // The server passed each report that the service has recorded to this connection before the answer to this request.
        drop(self.get_nobody().await);
        self.reports.lock().await.of_user(&id(user))
    }

    /// The links among the results of this user's attempts.
    pub(crate) async fn reported_links(&self, user: &str) -> Vec<NewLink> {
        let results = self.reported(user).await.into_iter();
        results.filter_map(|result| result.link).collect()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.store.lease().epoch
    }

    pub(crate) fn lease_is_free(&self) -> bool {
        self.store.lease().holder.is_none()
    }

    /// The wake-ups in the stream.
    pub(crate) async fn wake_ups(&self) -> u64 {
        let stream = self.client.jetstream().get_stream(subjects::STREAM).await;
        stream.unwrap().cached_info().state.messages
    }

    async fn get_nobody(&self) -> Result<contracts::User, CallError> {
        let nobody = GetUser {
            user_id: id("nobody"),
        };
        self.client.call(&nobody, Duration::from_secs(1), None).await
    }

    async fn call<R: Request>(&self, request: &R) -> R::Answer {
        let answer = self.client.call(request, CEILING, None).await;
        answer.unwrap_or_else(|error| panic!("{error}"))
    }
}

async fn connect(url: &str, name: &str) -> Nats {
    let settings = NatsSettings::at(url).unwrap();
    nats::connect(&settings, name, &Shutdown::new()).await.unwrap()
}

fn id(user: &str) -> UserId {
    user.parse().unwrap()
}

/// A merge patch.
fn change_of(user: &str, fields: &[(Field, &str)]) -> UpdateUser {
    let fields = fields
        .iter()
        .map(|(field, value)| (*field, Some((*value).into())));
    UpdateUser {
        user_id: id(user),
        form: UpdateForm::MergePatch,
        fields: fields.collect(),
        if_match: None,
        idempotency_key: None,
        sender_try: None,
    }
}
