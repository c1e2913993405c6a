//! The service's endpoints on NATS: each decodes, calls and encodes.

mod claim_users;
mod compare_users;
mod control_line;
mod exchange;
mod get_receipt;
mod get_user;
mod import_users;
mod lease;
mod link_user;
mod list_users;
mod record_verdicts;
mod repair_users;
mod resync_users;
mod retry_users;
mod summarize;
mod transit;
mod update_user;

use std::sync::Arc;

use async_nats::service::{Service, ServiceExt, endpoint::Endpoint};
use contracts::{
    ErrorCode, ServiceError,
    subjects::{
        USER_QUEUE, USER_SERVICE, USERS_CLAIM, USERS_COMPARE, USERS_DELIVERY, USERS_GET, USERS_IMPORT,
        USERS_LEASE, USERS_REPAIR, USERS_REPORT, USERS_SYNC_GET, USERS_SYNC_LINK, USERS_SYNC_LIST,
        USERS_SYNC_RESYNC, USERS_SYNC_RETRY, USERS_SYNC_SUMMARY, USERS_SYNC_UNLINK, USERS_UPDATE,
    },
};
use runtime::{Shutdown, nats::Nats};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use transit::Transit;

use crate::{
    counts::Counted,
    rules::Row,
    store::{Counts, StoreError, UserReader},
    writer::WriterHandle,
};

/// The most reads at a time; more are refused at once.
const READS_AT_A_TIME: usize = 512;

/// What the endpoints work with. Clones share it.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) writer: WriterHandle,
    pub(crate) reader: Arc<dyn UserReader>,
    reads: Arc<Semaphore>,
    counted: Arc<Counted>,
    transit: Arc<Transit>,
}

impl Context {
    pub(crate) fn new(writer: WriterHandle, reader: Arc<dyn UserReader>) -> Self {
        Self {
            writer,
            reader,
            reads: Arc::new(Semaphore::new(READS_AT_A_TIME)),
            counted: Arc::default(),
            transit: Arc::default(),
        }
    }

    /// A user's row.
    async fn find(&self, user_id: &contracts::UserId) -> Result<Row, ServiceError> {
        let row = self.read(self.reader.find(user_id)).await?;
        row.ok_or_else(|| ServiceError::new(ErrorCode::UserNotFound, "there is no such user"))
    }

    /// How all users stand.
    async fn count(&self) -> Result<Arc<Counts>, ServiceError> {
        self.read(self.counted.count(self.reader.as_ref())).await
    }

    /// Reads, if not too much is being read.
    async fn read<Found>(
        &self,
        reading: impl Future<Output = Result<Found, StoreError>>,
    ) -> Result<Found, ServiceError> {
        let Ok(_permit) = self.reads.try_acquire() else {
            let message = "too much is being read at the moment; try again";
            return Err(ServiceError::new(ErrorCode::Unavailable, message));
        };
        reading.await.map_err(|error| {
            // The writers report a pooler or a setting, once; they look at it every time the sweep does.
            if matches!(error, StoreError::Unfit(_)) {
                tracing::debug!(%error, "the database could not be read");
            } else {
                tracing::error!(%error, "the database could not be read");
            }
            ServiceError::new(
                ErrorCode::Unavailable,
                "the database cannot be read at the moment; try again",
            )
        })
    }
}

/// The writer answered something else than it was asked: a defect of ours.
fn mismatch(answer: &crate::writer::Answer) -> ServiceError {
    tracing::error!(answer = ?std::mem::discriminant(answer), "the writer's answer does not fit the work it was given");
    ServiceError::new(
        ErrorCode::Internal,
        "the user service has a defect; its log says more",
    )
}

/// Adds every endpoint to the service and works on what comes in until the shutdown, then finishes what was begun.
pub(crate) async fn serve(
    nats: &Nats,
    context: Context,
    shutdown: Shutdown,
) -> Result<(), async_nats::Error> {
    let service = nats.client().service_builder();
    let service = service
        .description("owner of users")
        .start(USER_SERVICE, env!("CARGO_PKG_VERSION"))
        .await?;
    let tasks = TaskTracker::new();
    let begun = Begun {
        service: &service,
        context,
        tasks: &tasks,
        shutdown,
    };
    begun.endpoint(USERS_UPDATE, update_user::update_user).await?;
    begun.endpoint(USERS_IMPORT, import_users::import_users).await?;
    begun.endpoint(USERS_GET, get_user::get_user).await?;
    begun.endpoint(USERS_SYNC_GET, get_receipt::get_receipt).await?;
    begun.endpoint(USERS_SYNC_LIST, list_users::list_users).await?;
    begun.endpoint(USERS_SYNC_SUMMARY, summarize::summarize).await?;
    begun.endpoint(USERS_SYNC_RETRY, retry_users::retry_users).await?;
    begun
        .endpoint(USERS_SYNC_RESYNC, resync_users::resync_users)
        .await?;
    begun.endpoint(USERS_SYNC_LINK, link_user::link_user).await?;
    begun.endpoint(USERS_SYNC_UNLINK, link_user::unlink_user).await?;
    begun.endpoint(USERS_LEASE, lease::lease).await?;
    begun.endpoint(USERS_DELIVERY, control_line::control_line).await?;
    begun.endpoint(USERS_CLAIM, claim_users::claim_users).await?;
    begun
        .endpoint(USERS_REPORT, record_verdicts::record_verdicts)
        .await?;
    begun
        .endpoint(USERS_COMPARE, compare_users::compare_users)
        .await?;
    begun.endpoint(USERS_REPAIR, repair_users::repair_users).await?;
    // The service answers `$SRV` requests for as long as it is held.
    tasks.close();
    tasks.wait().await;
    service.stop().await
}

struct Begun<'a> {
    service: &'a Service,
    context: Context,
    tasks: &'a TaskTracker,
    shutdown: Shutdown,
}

impl Begun<'_> {
    async fn endpoint<Request, Answer, Work, Doing>(
        &self,
        subject: &str,
        work: Work,
    ) -> Result<(), async_nats::Error>
    where
        Request: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
        Answer: serde::Serialize + Send + 'static,
        Work: Fn(Context, Request, crate::writer::Deadline) -> Doing + Copy + Send + 'static,
        Doing: Future<Output = Result<Answer, ServiceError>> + Send + 'static,
    {
        let builder = self
            .service
            .endpoint_builder()
            .name(subject.replace('.', "-"))
            .queue_group(USER_QUEUE);
        let endpoint: Endpoint = builder.add(subject).await?;
        let (context, tasks, shutdown) = (self.context.clone(), self.tasks.clone(), self.shutdown.clone());
        self.tasks
            .spawn(exchange::listen(endpoint, context, tasks, shutdown, work));
        Ok(())
    }
}
