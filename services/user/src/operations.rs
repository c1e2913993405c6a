//! The operations of the user service, one per file.
//!
//! An operation that changes rows implements [`Operation`] and runs in a group commit. One that only reads, or that does something before
//! or after the commit, is a function. `serve` registers each of them at the subject of its request.

mod adopt_fields;
mod change_lease;
mod claim_users;
mod contacts;
mod control_delivery;
mod delete_expired_keys;
mod get_receipt;
mod get_user;
mod import_users;
mod link_user;
mod list_users;
mod raise_version_floor;
mod read_fields;
mod read_users_to_compare;
mod repair_users;
mod report_results;
mod resync_users;
mod retry_users;
mod summarize_users;
mod sweep_users;
mod unlink_user;
mod update_user;
mod wake_users;

use std::sync::Arc;

use contracts::{
    ChangeLease, ClaimUsers, ControlDelivery, ErrorCode, Receipt, ReportResults, Request, ServiceError,
    UpdateUser, UserId, fields::InvalidDefinitions, subjects::USER_SERVICE,
};
use runtime::{
    CurrentFields, Shutdown,
    nats::{Caller, Endpoints, Nats},
};
use tokio::sync::Semaphore;

use crate::{
    commit::{Batch, CommitQueue, Operation},
    rules::{self, Row},
    store::{StoreError, UserReader},
};

pub use adopt_fields::{AdoptFields, FieldsAdopted};
pub use delete_expired_keys::DeleteExpiredKeys;
pub(crate) use delete_expired_keys::delete_expired_keys;
pub use raise_version_floor::{RaiseVersionFloorError, raise_version_floor};
pub use repair_users::RepairListed;
pub use resync_users::ResyncListed;
pub use retry_users::RetryListed;
pub use sweep_users::SweepUsers;
pub use wake_users::{WakePublishedUsers, WakeUsers};

/// The maximum number of reads at a time; further ones are rejected at once.
const MAX_READS: usize = 512;

/// What operations work with. Clones share it.
#[derive(Clone)]
pub(crate) struct Context {
    commits: CommitQueue,
    reader: Arc<dyn UserReader>,
    reads: Arc<Semaphore>,
    summary: Arc<summarize_users::CachedCounts>,
    fields: CurrentFields,
}

impl Context {
    pub(crate) fn new(commits: CommitQueue, reader: Arc<dyn UserReader>, fields: CurrentFields) -> Self {
        Self {
            commits,
            reader,
            reads: Arc::new(Semaphore::new(MAX_READS)),
            summary: Arc::default(),
            fields,
        }
    }

    /// The row of a user.
    async fn find(&self, user_id: &UserId) -> Result<Row, ServiceError> {
        let row = self.read(self.reader.find(user_id)).await?;
        row.ok_or_else(no_such_user)
    }

    /// Reads, unless too many reads are under way.
    async fn read<Found>(
        &self,
        reading: impl Future<Output = Result<Found, StoreError>>,
    ) -> Result<Found, ServiceError> {
        let Ok(_permit) = self.reads.try_acquire() else {
            let message = "too many requests read from the database; try again later";
            return Err(ServiceError::new(ErrorCode::Unavailable, message));
        };
        reading.await.map_err(|error| {
            // The committers report a pooler or a wrong setting, once; they check both whenever the sweep runs.
            if matches!(error, StoreError::Unfit(_)) {
                tracing::debug!(%error, "the database could not be read");
            } else {
                tracing::error!(%error, "the database could not be read");
            }
            let message = "the database cannot be read at the moment; try again";
            ServiceError::new(ErrorCode::Unavailable, message)
        })
    }
}

/// Answers requests until the shutdown, then those that had arrived.
pub(crate) async fn serve(
    nats: &Nats,
    context: Context,
    shutdown: &Shutdown,
) -> Result<(), async_nats::Error> {
    let (version, stop) = (env!("CARGO_PKG_VERSION"), shutdown.token().clone());
    let endpoints = Endpoints::start(nats, USER_SERVICE, "owner of users", version, stop).await?;
    let register = Registration {
        endpoints: &endpoints,
        context,
    };
    register.change::<UpdateUser>().await?;
    register.function(import_users::import_users).await?;
    register.function(get_user::get_user).await?;
    register.function(get_receipt::get_receipt).await?;
    register.function(list_users::list_users).await?;
    register.function(summarize_users::summarize_users).await?;
    register.function(retry_users::retry_users).await?;
    register.function(resync_users::resync_users).await?;
    register.function(link_user::link_user).await?;
    register.function(unlink_user::unlink_user).await?;
    register.function(read_fields::read_fields).await?;
    register.change::<ControlDelivery>().await?;
    register.change::<ChangeLease>().await?;
    register.change::<ClaimUsers>().await?;
    register.change::<ReportResults>().await?;
    register
        .function(read_users_to_compare::read_users_to_compare)
        .await?;
    register.function(repair_users::repair_users).await?;
    endpoints.finish().await
}

struct Registration<'a> {
    endpoints: &'a Endpoints,
    context: Context,
}

impl Registration<'_> {
    /// Registers a request that is an operation itself.
    async fn change<R>(&self) -> Result<(), async_nats::Error>
    where
        R: Request + Operation<Answer = <R as Request>::Answer>,
    {
        let commits = self.context.commits.clone();
        let run = move |request: R, caller: Caller| {
            let commits = commits.clone();
            async move { commits.run_for(request, caller).await }
        };
        self.endpoints.add::<R, _>(run).await
    }

    /// Registers a request that a function answers.
    async fn function<R, Answering>(
        &self,
        function: impl Fn(Context, R, Caller) -> Answering + Copy + Send + Sync + 'static,
    ) -> Result<(), async_nats::Error>
    where
        R: Request,
        Answering: Future<Output = Result<R::Answer, ServiceError>> + Send + 'static,
    {
        let context = self.context.clone();
        let answer = move |request: R, caller: Caller| function(context.clone(), request, caller);
        self.endpoints.add::<R, _>(answer).await
    }
}

fn invalid_fields(error: &InvalidDefinitions) -> ServiceError {
    ServiceError::new(
        ErrorCode::InvalidRequest,
        format!("the set of fields cannot be used: {error}"),
    )
}

fn no_such_user() -> ServiceError {
    ServiceError::new(ErrorCode::UserNotFound, "there is no such user")
}

/// Rejects a request about a user whose row this version cannot read.
fn check_readable(batch: &Batch<'_>, user_id: &UserId) -> Result<(), ServiceError> {
    if !batch.is_unreadable(user_id) {
        return Ok(());
    }
    let message = "the stored user cannot be read by this version of the service; its log says why";
    Err(ServiceError::new(ErrorCode::Internal, message))
}

/// The row of a user that exists and can be read.
fn stored(batch: &Batch<'_>, user: &UserId) -> Result<Row, ServiceError> {
    check_readable(batch, user)?;
    batch.row(user).cloned().ok_or_else(no_such_user)
}

/// Saves a row that an operator made due, and wakes its user.
fn put_and_wake(batch: &mut Batch<'_>, row: Row) -> Receipt {
    let (receipt, user) = (current_receipt(&row), row.user_id.clone());
    batch.put(row);
    wake_if_due(batch, &user);
    receipt
}

/// Wakes a user whose row is due.
fn wake_if_due(batch: &mut Batch<'_>, user: &UserId) {
    let (now, timing) = (batch.now, *batch.timing);
    let row = batch.row_mut(user);
    if let Some(priority) = row.and_then(|row| rules::take_due_wake_up(row, now, &timing)) {
        batch.wake(user, priority);
    }
}

fn current_receipt(row: &Row) -> Receipt {
    rules::receipt(row, row.version).expect("a stored user has a version")
}

/// Rejects a request that names more users than one request may.
fn check_count(count: usize, max: usize, done: &str) -> Result<(), ServiceError> {
    if count <= max {
        return Ok(());
    }
    let message = format!(
        "at most {max} users are {done} by one request, and this one names {count}; nothing was done"
    );
    Err(ServiceError::new(ErrorCode::InvalidRequest, message))
}
