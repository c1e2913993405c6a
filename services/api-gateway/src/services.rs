//! Calls the user service and the hubspot service. The number of calls in flight is limited, each has a deadline, and a request
//! to the user service without an answer is sent a second time.

mod deadline;
mod errors;

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use contracts::{
    CompareUsers, Comparison, ErrorCode, FieldDefinitions, GetUser, Request, RequestContext, SenderTry,
    UpdateUser, UserUpdated,
};
use runtime::CurrentFields;
use runtime::nats::{CallError, Nats};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Limits;
use crate::response::ApiError;
use deadline::Deadline;

/// `/readyz` shows clocks that differ by more than this.
pub(crate) const MAX_CLOCK_DIFFERENCE_MS: u64 = 1_000;
/// How long a request waits for the set of fields, which a gateway asks for when it starts.
const WAIT_FOR_FIELDS: Duration = Duration::from_secs(1);
/// How long a page of a comparison may take. The worker waits until no delivery needs the calls, and then for HubSpot.
const COMPARE_TIMEOUT: Duration = Duration::from_secs(40);

/// Sends requests to the user service and the hubspot service. Clones share the connection and the limit on calls in flight.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    nats: Arc<OnceLock<Nats>>,
    timeout: Duration,
    in_flight: Arc<Semaphore>,
    fields: CurrentFields,
}

impl Services {
    /// Services that cannot be reached until `nats` is set.
    pub(crate) fn new(nats: Arc<OnceLock<Nats>>, fields: CurrentFields, limits: &Limits) -> Self {
        Self {
            nats,
            timeout: limits.deadline,
            in_flight: Arc::new(Semaphore::new(limits.max_in_flight)),
            fields,
        }
    }

    /// Sends a caller's change of a user. Both tries carry a number that is drawn for this change, by which the user service
    /// recognizes the second one.
    pub(crate) async fn update_user(
        &self,
        change: &UpdateUser,
        context: &RequestContext,
    ) -> Result<UserUpdated, ApiError> {
        let (nats, _permit) = self.begin().await?;
        let deadline = Deadline::starting_now(self.timeout);
        let number = rand::random();
        let try_with_age = |first_try_age_ms| UpdateUser {
            sender_try: Some(SenderTry {
                number,
                first_try_age_ms,
            }),
            ..change.clone()
        };
        let second_try = || try_with_age(Some(deadline.elapsed_ms()));
        let answer = call_twice(nats, &try_with_age(None), second_try, deadline, context).await;
        answer.map_err(errors::change_error)
    }

    /// Sends a request that changes something and may be repeated. Without an answer it is unknown whether the change was made.
    pub(crate) async fn change<R: Request + Clone>(
        &self,
        request: &R,
        context: &RequestContext,
    ) -> Result<R::Answer, ApiError> {
        let (nats, _permit) = self.begin().await?;
        let deadline = Deadline::starting_now(self.timeout);
        let answer = call_twice(nats, request, || request.clone(), deadline, context).await;
        answer.map_err(errors::change_error)
    }

    /// Sends a request that changes nothing.
    pub(crate) async fn read<R: Request + Clone>(
        &self,
        request: &R,
        context: &RequestContext,
    ) -> Result<R::Answer, ApiError> {
        let (nats, _permit) = self.begin().await?;
        let deadline = Deadline::starting_now(self.timeout);
        let answer = call_twice(nats, request, || request.clone(), deadline, context).await;
        answer.map_err(errors::read_error)
    }

    /// Compares users with their contacts. The worker that holds the lease does that when no delivery needs the calls, so the
    /// request is sent only once and gets more time.
    pub(crate) async fn compare(
        &self,
        request: &CompareUsers,
        context: &RequestContext,
    ) -> Result<Comparison, ApiError> {
        let (nats, _permit) = self.begin().await?;
        let answer = nats.call(request, COMPARE_TIMEOUT, Some(context)).await;
        answer.map_err(errors::comparison_error)
    }

    /// The set of fields. While the user service has not named it, nothing can be read or changed: values of fields that are not known
    /// would be lost. The first requests after a start wait for it for a moment.
    pub(crate) async fn fields(&self) -> Result<Arc<FieldDefinitions>, ApiError> {
        if let Some(fields) = self.known_fields() {
            return Ok(fields);
        }
        // Without a connection the set cannot be known, so that is the cause to report.
        self.connection()?;
        if self.fields.wait_until_known(WAIT_FOR_FIELDS).await {
            Ok(self.fields.get())
        } else {
            Err(ApiError::FieldsUnknown)
        }
    }

    /// The set of fields, if the user service has named it.
    pub(crate) fn known_fields(&self) -> Option<Arc<FieldDefinitions>> {
        self.fields.is_known().then(|| self.fields.get())
    }

    /// Keeps the set of fields up to date.
    pub(crate) async fn follow_fields(&self, nats: &Nats) -> Infallible {
        self.fields.follow(nats).await
    }

    /// The connection, once there is one.
    pub(crate) fn nats(&self) -> Option<&Nats> {
        self.nats.get()
    }

    /// How many milliseconds the user service's clock is ahead of ours; negative if it is behind, none before its first answer.
    pub(crate) fn clock_ahead_ms(&self) -> Option<i64> {
        self.nats()?.clocks().ahead_ms(GetUser::SUBJECT)
    }

    async fn begin(&self) -> Result<(&Nats, SemaphorePermit<'_>), ApiError> {
        let permit = self.in_flight.try_acquire().map_err(|_| ApiError::Overloaded)?;
        let nats = self.connection()?;
        self.fields().await?;
        Ok((nats, permit))
    }

    fn connection(&self) -> Result<&Nats, ApiError> {
        self.nats().ok_or_else(|| ApiError::Unavailable {
            cause: "the first connection to NATS is not made yet".to_owned(),
        })
    }
}

/// Messages may be lost between the services, so a request without an answer is sent a second time.
async fn call_twice<R: Request>(
    nats: &Nats,
    request: &R,
    second_try: impl FnOnce() -> R,
    deadline: Deadline,
    context: &RequestContext,
) -> Result<R::Answer, CallError> {
    let first = nats.call(request, deadline.first_try(), Some(context)).await;
    let may_be_done = match &first {
        Err(CallError::NoAnswer(_)) => true,
        // The service rejected the request as late although the answer came in time: this machine was suspended, and its sending
        // clock stood still.
        Err(CallError::Rejected { error, .. }) if error.code == ErrorCode::Expired => {
            nats.clocks().renew_sending_clock();
            false
        }
        Ok(_) | Err(_) => return first,
    };
    tracing::debug!(
        request.id = &*context.request_id,
        subject = R::SUBJECT,
        "no answer to a request; sending it a second time"
    );
    let second = nats.call(&second_try(), deadline.left(), Some(context)).await;
    second.map_err(|error| {
        if may_be_done {
            errors::after_unanswered_try(error)
        } else {
            error
        }
    })
}
