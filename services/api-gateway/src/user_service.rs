//! The user service as the gateway sees it: three questions over NATS, each with a deadline and one second try.

mod call;
mod clock;
mod deadline;
mod errors;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use contracts::{
    CompareUsers, Comparison, ControlDelivery, DeliveryControl, GetReceipt, GetUser, ImportUsers, LinkUser,
    ListUsers, Receipt, ResyncUsers, RetryUsers, UnlinkUser, UpdateUser, User, UserUpdated, UsersImported,
    UsersListed, UsersResynced, UsersRetried, UsersSummary, subjects,
};
use runtime::nats::Nats;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::Limits;
use crate::request::RequestContext;
use crate::response::ApiError;
use call::Call;
use deadline::Deadline;
use errors::CallError;

use clock::SendingClock;
pub(crate) use clock::{ClockDifference, MOST_APART_MS};

/// How long a page of a comparison may take: a worker waits for a moment with nothing else to do, then for HubSpot.
const COMPARE_LIMIT: Duration = Duration::from_secs(40);

/// Asks the user service. Clones share the connection and the limit of requests in work.
#[derive(Debug, Clone)]
pub(crate) struct UserService {
    nats: Arc<OnceLock<Nats>>,
    deadline: Duration,
    in_flight: Arc<Semaphore>,
    clock: Arc<ClockDifference>,
    sending_clock: Arc<SendingClock>,
}

impl UserService {
    /// A service that cannot be reached until `nats` is set.
    pub(crate) fn new(nats: Arc<OnceLock<Nats>>, limits: &Limits) -> Self {
        Self {
            nats,
            deadline: limits.deadline,
            in_flight: Arc::new(Semaphore::new(limits.max_in_flight)),
            clock: Arc::default(),
            sending_clock: Arc::default(),
        }
    }

    /// Changes a user, or creates it.
    pub(crate) async fn update(
        &self,
        change: &UpdateUser,
        context: &RequestContext,
    ) -> Result<UserUpdated, ApiError> {
        let answer = self.ask(subjects::USERS_UPDATE, change, context).await?;
        answer.map_err(CallError::of_a_change)
    }

    /// Takes lines of an import.
    pub(crate) async fn import(
        &self,
        lines: &ImportUsers,
        context: &RequestContext,
    ) -> Result<UsersImported, ApiError> {
        let answer = self.ask(subjects::USERS_IMPORT, lines, context).await?;
        answer.map_err(CallError::of_a_change)
    }

    /// Reads a user.
    pub(crate) async fn get(&self, question: &GetUser, context: &RequestContext) -> Result<User, ApiError> {
        let answer = self.ask(subjects::USERS_GET, question, context).await?;
        answer.map_err(CallError::of_a_question)
    }

    /// Reads the receipt of a version.
    pub(crate) async fn get_receipt(
        &self,
        question: &GetReceipt,
        context: &RequestContext,
    ) -> Result<Receipt, ApiError> {
        let answer = self.ask(subjects::USERS_SYNC_GET, question, context).await?;
        answer.map_err(CallError::of_a_question)
    }

    /// Pauses or resumes delivery.
    pub(crate) async fn control_line(
        &self,
        control: ControlDelivery,
        context: &RequestContext,
    ) -> Result<DeliveryControl, ApiError> {
        let answer = self.ask(subjects::USERS_DELIVERY, &control, context).await?;
        answer.map_err(CallError::of_a_change)
    }

    /// A page of users that are in trouble, or pending.
    pub(crate) async fn list(
        &self,
        list: &ListUsers,
        context: &RequestContext,
    ) -> Result<UsersListed, ApiError> {
        let answer = self.ask(subjects::USERS_SYNC_LIST, list, context).await?;
        answer.map_err(CallError::of_a_question)
    }

    /// How all users stand together.
    pub(crate) async fn summarize(&self, context: &RequestContext) -> Result<UsersSummary, ApiError> {
        let nothing = serde_json::json!({});
        let answer = self.ask(subjects::USERS_SYNC_SUMMARY, &nothing, context).await?;
        answer.map_err(CallError::of_a_question)
    }

    /// Has users tried again.
    pub(crate) async fn retry(
        &self,
        retry: &RetryUsers,
        context: &RequestContext,
    ) -> Result<UsersRetried, ApiError> {
        let answer = self.ask(subjects::USERS_SYNC_RETRY, retry, context).await?;
        answer.map_err(CallError::of_a_change)
    }

    /// Has everything of users sent once more.
    pub(crate) async fn resync(
        &self,
        resync: &ResyncUsers,
        context: &RequestContext,
    ) -> Result<UsersResynced, ApiError> {
        let answer = self.ask(subjects::USERS_SYNC_RESYNC, resync, context).await?;
        answer.map_err(CallError::of_a_change)
    }

    /// Links a user to a contact.
    pub(crate) async fn link(&self, link: &LinkUser, context: &RequestContext) -> Result<Receipt, ApiError> {
        let answer = self.ask(subjects::USERS_SYNC_LINK, link, context).await?;
        answer.map_err(CallError::of_a_change)
    }

    /// Has a user's contact forgotten.
    pub(crate) async fn unlink(
        &self,
        unlink: &UnlinkUser,
        context: &RequestContext,
    ) -> Result<Receipt, ApiError> {
        let answer = self.ask(subjects::USERS_SYNC_UNLINK, unlink, context).await?;
        answer.map_err(CallError::of_a_change)
    }

    /// Compares users with their contacts. The worker that delivers does it, when it has nothing else to do: it is waited
    /// for once, and for longer.
    pub(crate) async fn compare(
        &self,
        compare: &CompareUsers,
        context: &RequestContext,
    ) -> Result<Comparison, ApiError> {
        let answer = self
            .ask_by(subjects::HUBSPOT_COMPARE, compare, context, async |call| {
                call.send(COMPARE_LIMIT).await
            })
            .await?;
        answer.map_err(CallError::of_a_comparison)
    }

    /// The connection, once there is one.
    pub(crate) fn nats(&self) -> Option<&Nats> {
        self.nats.get()
    }

    /// How far the user service's clock is from ours.
    pub(crate) fn clock(&self) -> &ClockDifference {
        &self.clock
    }

    /// The outer error is about this process, the inner one about the call.
    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        subject: &'static str,
        question: &Q,
        context: &RequestContext,
    ) -> Result<Result<A, CallError>, ApiError> {
        let tries = async |call: &Call<'_>| try_twice(call, Deadline::starting_now(self.deadline)).await;
        self.ask_by(subject, question, context, tries).await
    }

    async fn ask_by<Q: Serialize, A: DeserializeOwned>(
        &self,
        subject: &'static str,
        question: &Q,
        context: &RequestContext,
        tries: impl AsyncFnOnce(&Call<'_>) -> Result<A, CallError>,
    ) -> Result<Result<A, CallError>, ApiError> {
        let _place = self.in_flight.try_acquire().map_err(|_| ApiError::Overloaded)?;
        let payload = serde_json::to_vec(question).map_err(|error| ApiError::Internal {
            cause: format!("a request to {subject} does not serialize: {error}"),
        })?;
        let Some(nats) = self.nats() else {
            let cause = "the first connection to NATS is not made yet".to_owned();
            return Err(ApiError::Unavailable { cause });
        };
        let call = Call {
            nats,
            subject,
            payload: payload.into(),
            context,
            clock: &self.clock,
            sending_clock: &self.sending_clock,
        };
        Ok(tries(&call).await)
    }
}

/// A message may be lost between the services, so silence is answered by one more try with the same payload, and so
/// with the same idempotency key.
async fn try_twice<A: DeserializeOwned>(call: &Call<'_>, deadline: Deadline) -> Result<A, CallError> {
    let first = call.send(deadline.first_try()).await;
    let first_was_silent = match &first {
        Err(CallError::Silent(_)) => true,
        // Said in time, this is a mistake of clocks.
        Err(error) if error.is_expired() => {
            call.sending_clock.renew();
            false
        }
        Ok(_) | Err(_) => return first,
    };
    tracing::debug!(
        request.id = &*call.context.request_id,
        subject = call.subject,
        "trying once more"
    );
    let second = call.send(deadline.left()).await;
    second.map_err(|error| {
        if first_was_silent {
            error.after_silence()
        } else {
            error
        }
    })
}
