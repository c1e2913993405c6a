//! Checks NATS: the server, JetStream, the stream, the consumer and the permissions.

use std::time::Duration;

use async_nats::jetstream::{self, consumer::AckPolicy};
use contracts::subjects::{CONSUMER, STREAM, WINDOW};
use runtime::{
    Shutdown,
    nats::{ConnectError, Nats, connect},
};
use tokio::time::timeout;

use super::Check;

/// Far longer than a reachable server takes to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Checks with the credentials of the user service, because those may read the stream's settings.
pub(super) async fn check(config: &user::Config, is_named: bool) -> Vec<Check> {
    if !is_named {
        let why =
            "NATS_URL is not set, so hubsync starts its own nats-server; the gateway's check below covers it";
        return vec![Check::not_checked("nats", why)];
    }
    let shutdown = Shutdown::new();
    let places = config.nats.places();
    let nats = match timeout(TIMEOUT, connect(&config.nats, "user", &shutdown)).await {
        Ok(Ok(nats)) => nats,
        Ok(Err(error)) => return vec![Check::failed("nats", &error.to_string(), fix(&error))],
        Err(_) => {
            let detail = format!("no connection to {places} within {} s", TIMEOUT.as_secs());
            let fix = "start nats-server --jetstream there, or set NATS_URL to its address";
            return vec![Check::failed("nats", &detail, fix)];
        }
    };
    let detail = format!("nats-server {} at {places}", nats.server_version());
    let mut checks = vec![Check::ok("nats", &detail)];
    let context = nats.jetstream();
    checks.push(check_jetstream(&nats, &context).await);
    checks.push(check_stream(&context, config.nats.stream_replicas).await);
    checks.push(check_consumer(&context).await);
    // This check comes last, because it reports what the server has forbidden during the other checks.
    checks.push(check_permissions(&nats));
    checks
}

fn fix(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::Refused { .. } => "set NATS_USER and NATS_PASSWORD, or NATS_TOKEN, in nats.env",
        ConnectError::TooOld { .. } => "install nats-server 2.10 or newer",
        ConnectError::Address(_) => "set NATS_URL to an address such as nats://127.0.0.1:4222",
        ConnectError::Inbox(_) => "allow this NATS user to subscribe to _INBOX_user.>",
        ConnectError::Stopped { .. } => "try again",
    }
}

async fn check_jetstream(nats: &Nats, context: &jetstream::Context) -> Check {
    const NAME: &str = "jetstream";
    match timeout(TIMEOUT, context.query_account()).await {
        Ok(Ok(account)) => Check::ok(NAME, &format!("enabled, with {} stream(s)", account.streams)),
        Ok(Err(_)) | Err(_) if !nats.state().borrow().violations.is_empty() => {
            Check::not_checked(NAME, "this NATS user may not query it")
        }
        Ok(Err(error)) => Check::failed(NAME, &error.to_string(), "start nats-server with --jetstream"),
        Err(_) => Check::failed(NAME, "no answer", "start nats-server with --jetstream"),
    }
}

async fn check_stream(context: &jetstream::Context, replicas: Option<usize>) -> Check {
    const NAME: &str = "stream";
    match timeout(TIMEOUT, user::relay::stream::differences(context, replicas)).await {
        Ok(Ok(Some(differences))) if differences.is_empty() => {
            Check::ok(NAME, &format!("{STREAM} has the required settings"))
        }
        Ok(Ok(Some(differences))) => Check::warning(
            NAME,
            &format!("{STREAM} has other settings: {}", differences.join(", ")),
            "the user service corrects them or recreates the stream within a second, or its /readyz says why it cannot",
        ),
        Ok(Ok(None)) => Check::warning(
            NAME,
            &format!("there is no stream {STREAM} yet"),
            "start the user service",
        ),
        Ok(Err(error)) => Check::failed(
            NAME,
            &error.to_string(),
            "allow this NATS user to read the stream's settings",
        ),
        Err(_) => Check::failed(
            NAME,
            "JetStream does not answer",
            "look at the log of nats-server",
        ),
    }
}

async fn check_consumer(context: &jetstream::Context) -> Check {
    const NAME: &str = "consumer";
    let request =
        context.get_consumer_from_stream::<jetstream::consumer::pull::Config, _, _>(CONSUMER, STREAM);
    let Ok(Ok(consumer)) = timeout(TIMEOUT, request).await else {
        let detail = format!("there is no consumer {CONSUMER}, or this NATS user may not read its settings");
        return Check::warning(NAME, &detail, "start the hubspot service, which creates it");
    };
    let config = &consumer.cached_info().config;
    let fits = config.ack_policy == AckPolicy::Explicit
        && config.max_deliver == -1
        && u64::try_from(config.max_ack_pending).ok() == Some(WINDOW);
    if fits {
        let detail = format!(
            "{CONSUMER} exists; {} wake-ups wait",
            consumer.cached_info().num_pending
        );
        Check::ok(NAME, &detail)
    } else {
        let detail = format!("{CONSUMER} has other settings");
        Check::warning(
            NAME,
            &detail,
            "restart the hubspot service, which creates it again",
        )
    }
}

fn check_permissions(nats: &Nats) -> Check {
    const NAME: &str = "permissions";
    let state = nats.state();
    match state.borrow().violations.first() {
        None => Check::ok(
            NAME,
            "everything that doctor needed is allowed; each service checks its own permissions when it starts",
        ),
        Some(violation) => Check::warning(
            NAME,
            &format!("these credentials may not use {:?}", violation.subject),
            "run doctor with the credentials of the user service, or allow that subject",
        ),
    }
}
