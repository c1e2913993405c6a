//! The server loop: reads each request, runs its handler in a task of its own, and sends the answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::{
    HeaderMap, Message, Subscriber,
    service::{Service, ServiceExt, endpoint::Endpoint},
};
use bytes::Bytes;
use contracts::{ErrorCode, Request, RequestContext, ServiceError, headers};
use futures_util::StreamExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use super::{Nats, call::header, clocks::now_unix_ms, object::from_object, transit::Transit};

/// The time that the caller of a request without a deadline is assumed to wait.
const DEFAULT_TIME_LEFT: Duration = Duration::from_secs(10);
/// A longer time in the header is cut to this one.
const MAX_TIME_LEFT: Duration = Duration::from_hours(1);
/// Other programs may send ids of any length. Longer ones are not logged.
const MAX_CONTEXT_CHARS: usize = 256;

/// When a caller stops waiting. A request that was not begun by then is rejected. It is a time of this machine's monotonic
/// clock, because the wall clocks of the caller, of this machine and of the database may all differ.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    until: Instant,
}

impl Deadline {
    /// The deadline that is this far from now.
    pub fn after(left: Duration) -> Self {
        Self {
            until: Instant::now() + left,
        }
    }

    /// Whether the caller has stopped waiting.
    pub fn has_passed(self) -> bool {
        Instant::now() >= self.until
    }

    /// How long the caller still waits.
    pub fn left(self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

/// The caller of a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// When the caller stops waiting.
    pub deadline: Deadline,
    /// When the request was sent, by this machine's monotonic clock and as far as it is known.
    pub sent: Instant,
    /// The HTTP request that the request belongs to, if it belongs to one.
    pub context: Option<RequestContext>,
}

/// The endpoints of one service, registered with the services framework of NATS.
#[derive(Debug)]
pub struct Endpoints {
    service: Service,
    queue_group: &'static str,
    server: Server,
}

impl Endpoints {
    /// Registers a service. Its replicas share the requests of each subject.
    pub async fn start(
        nats: &Nats,
        name: &'static str,
        description: &str,
        version: &str,
        stop: CancellationToken,
    ) -> Result<Self, async_nats::Error> {
        let service = nats.client().service_builder();
        Ok(Self {
            service: service.description(description).start(name, version).await?,
            queue_group: name,
            server: Server::new(nats.clone(), stop),
        })
    }

    /// Answers requests of one subject with `handler`.
    pub async fn add<R, Handling>(
        &self,
        handler: impl Fn(R, Caller) -> Handling + Clone + Send + Sync + 'static,
    ) -> Result<(), async_nats::Error>
    where
        R: Request,
        Handling: Future<Output = Result<R::Answer, ServiceError>> + Send + 'static,
    {
        let endpoint = self
            .service
            .endpoint_builder()
            .name(R::SUBJECT.replace('.', "-"))
            .queue_group(self.queue_group)
            .add(R::SUBJECT)
            .await?;
        let server = self.server.clone();
        self.server.tasks.spawn(server.serve(endpoint, handler));
        Ok(())
    }

    /// Waits until the service is told to stop and every request that had arrived is answered.
    pub async fn finish(self) -> Result<(), async_nats::Error> {
        self.server.finish().await;
        // Dropped only now, because it also answers the framework's own requests.
        self.service.stop().await
    }
}

/// Answers requests of plain subscriptions, for a service that listens only from time to time.
#[derive(Debug, Clone)]
pub struct Server {
    nats: Nats,
    transit: Arc<Transit>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Server {
    /// A server that takes requests until `stop` is cancelled.
    pub fn new(nats: Nats, stop: CancellationToken) -> Self {
        Self {
            nats,
            transit: Arc::default(),
            tasks: TaskTracker::new(),
            stop,
        }
    }

    /// Answers requests of one subscription with `handler`, until the server is told to stop.
    pub fn answer<R, Handling>(
        &self,
        subscriber: Subscriber,
        handler: impl Fn(R, Caller) -> Handling + Clone + Send + Sync + 'static,
    ) where
        R: Request,
        Handling: Future<Output = Result<R::Answer, ServiceError>> + Send + 'static,
    {
        self.tasks.spawn(self.clone().serve(subscriber, handler));
    }

    /// Waits until the server is told to stop and every request that had arrived is answered.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn serve<R, Handling>(
        self,
        mut source: impl RequestSource,
        handler: impl Fn(R, Caller) -> Handling + Clone + Send + Sync + 'static,
    ) where
        R: Request,
        Handling: Future<Output = Result<R::Answer, ServiceError>> + Send + 'static,
    {
        let mut is_stopping = false;
        loop {
            let message = tokio::select! {
                message = source.next_message() => message,
                () = self.stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    // No request comes after this, but those that have arrived are still answered.
                    if !source.unsubscribe().await {
                        return;
                    }
                    continue;
                }
            };
            let Some(message) = message else { return };
            let (server, handler) = (self.clone(), handler.clone());
            self.tasks.spawn(server.handle(message, handler));
        }
    }

    async fn handle<R, Handling>(self, message: Message, handler: impl Fn(R, Caller) -> Handling)
    where
        R: Request,
        Handling: Future<Output = Result<R::Answer, ServiceError>>,
    {
        let caller = self.caller(message.headers.as_ref());
        let span = request_span(R::SUBJECT, caller.context.as_ref());
        async {
            let result = match read(&message.payload, caller.deadline) {
                Ok(request) => handler(request, caller).await,
                Err(error) => Err(error),
            };
            let (body, headers) = match result {
                Ok(answer) => {
                    tracing::debug!(subject = R::SUBJECT, "a request is answered");
                    (serde_json::to_vec(&answer), HeaderMap::new())
                }
                Err(error) => {
                    tracing::debug!(subject = R::SUBJECT, code = ?error.code, "a request is rejected");
                    (serde_json::to_vec(&error), error_headers(&error))
                }
            };
            let body = Bytes::from(body.expect("contracts have text keys"));
            self.respond(&message, body, headers).await;
        }
        .instrument(span)
        .await;
    }

    /// Reads the headers of a request. The caller's deadline is the time that it had left when it sent the request, less the time
    /// that the request was in transit.
    fn caller(&self, found: Option<&HeaderMap>) -> Caller {
        let now = Instant::now();
        let left = header(found, headers::TIME_LEFT_MS).and_then(|left| left.parse().ok());
        let left = left
            .map_or(DEFAULT_TIME_LEFT, Duration::from_millis)
            .min(MAX_TIME_LEFT);
        let under_way = self.transit.under_way(header(found, headers::SENT), now);
        let short = |value: &&str| value.len() <= MAX_CONTEXT_CHARS;
        let request_id = header(found, headers::REQUEST_ID).filter(short);
        Caller {
            deadline: Deadline {
                until: now + left.saturating_sub(under_way),
            },
            sent: now.checked_sub(under_way).unwrap_or(now),
            context: request_id.map(|request_id| RequestContext {
                request_id: request_id.into(),
                traceparent: header(found, headers::TRACEPARENT).filter(short).map(Into::into),
            }),
        }
    }

    async fn respond(&self, message: &Message, body: Bytes, mut headers: HeaderMap) {
        let Some(reply) = message.reply.clone() else {
            return tracing::debug!(subject = %message.subject, "a request without a reply subject was carried out");
        };
        headers.insert(headers::NOW_UNIX_MS, now_unix_ms().to_string());
        let sent = self
            .nats
            .client()
            .publish_with_headers(reply, headers, body)
            .await;
        if let Err(error) = sent {
            // The caller sees a time-out and may send the request again.
            tracing::warn!(subject = %message.subject, %error, "an answer could not be sent");
        }
    }
}

/// A source of requests.
trait RequestSource: Send + 'static {
    /// The next request; none after the last one.
    fn next_message(&mut self) -> impl Future<Output = Option<Message>> + Send;

    /// Ends the subscription. Requests that have arrived are still returned by `next_message`. Returns whether that worked.
    fn unsubscribe(&mut self) -> impl Future<Output = bool> + Send;
}

impl RequestSource for Endpoint {
    async fn next_message(&mut self) -> Option<Message> {
        Some(self.next().await?.message)
    }

    async fn unsubscribe(&mut self) -> bool {
        let stopped = self.stop().await;
        if let Err(error) = &stopped {
            tracing::debug!(%error, "an endpoint could not unsubscribe");
        }
        stopped.is_ok()
    }
}

impl RequestSource for Subscriber {
    async fn next_message(&mut self) -> Option<Message> {
        self.next().await
    }

    async fn unsubscribe(&mut self) -> bool {
        let stopped = Subscriber::unsubscribe(self).await;
        if let Err(error) = &stopped {
            tracing::debug!(%error, "a subscription could not be ended");
        }
        stopped.is_ok()
    }
}

/// Every log line of the request carries the id of the HTTP request that it belongs to.
fn request_span(subject: &'static str, context: Option<&RequestContext>) -> tracing::Span {
    let Some(context) = context else {
        return tracing::Span::none();
    };
    let traceparent = context.traceparent.as_deref();
    tracing::info_span!("request", subject, request.id = &*context.request_id, traceparent)
}

fn read<R: Request>(payload: &[u8], deadline: Deadline) -> Result<R, ServiceError> {
    if deadline.has_passed() {
        let message = "the caller's deadline passed before the request was read; nothing was done";
        return Err(ServiceError::new(ErrorCode::Expired, message));
    }
    from_object(payload).map_err(|error| {
        // The parser's message may quote the body, which may hold personal data.
        let (line, column) = (error.line(), error.column());
        let message = format!("the request does not fit its contract at line {line}, column {column}");
        ServiceError::new(ErrorCode::InvalidRequest, message)
    })
}

/// The headers of the services framework (NATS ADR-32): the stable code of the error, and its number.
fn error_headers(error: &ServiceError) -> HeaderMap {
    let mut map = HeaderMap::new();
    let code = serde_json::to_value(error.code).ok();
    map.insert(
        headers::SERVICE_ERROR,
        code.as_ref().and_then(|code| code.as_str()).unwrap_or("internal"),
    );
    map.insert(headers::SERVICE_ERROR_CODE, error.code.number().to_string());
    map
}
