//! NATS: is it there, will it do, and has it the stream and the consumer?

use std::time::Duration;

use async_nats::jetstream::{self, consumer::AckPolicy};
use contracts::subjects::{CONSUMER, STREAM, WINDOW};
use runtime::{
    Shutdown,
    nats::{ConnectError, Nats, connect},
};
use tokio::time::timeout;

use super::Check;

/// Far longer than a server takes that is there.
const LIMIT: Duration = Duration::from_secs(5);

/// Each as the user service would find it, whose credentials may look at the stream.
pub(super) async fn check(config: &user::Config, is_named: bool) -> Vec<Check> {
    if !is_named {
        let why =
            "NATS_URL is not set: hubsync starts a nats-server of its own; below, the gateway speaks of it";
        return vec![Check::not_checked("nats", why)];
    }
    let shutdown = Shutdown::new();
    let places = config.nats.places();
    let nats = match timeout(LIMIT, connect(&config.nats, "user", &shutdown)).await {
        Ok(Ok(nats)) => nats,
        Ok(Err(error)) => return vec![Check::failed("nats", &error.to_string(), mend(&error))],
        Err(_) => {
            let detail = format!("no connection to {places} within {} s", LIMIT.as_secs());
            let mend = "start nats-server --jetstream there, or set NATS_URL to where it is";
            return vec![Check::failed("nats", &detail, mend)];
        }
    };
    let detail = format!("nats-server {} at {places}", nats.server_version());
    let mut checks = vec![Check::ok("nats", &detail)];
    let context = nats.jetstream();
    checks.push(jetstream(&nats, &context).await);
    checks.push(stream(&context, config.nats.stream_replicas).await);
    checks.push(consumer(&context).await);
    checks.push(permissions(&nats));
    checks
}

fn mend(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::Refused { .. } => "set NATS_USER and NATS_PASSWORD, or NATS_TOKEN, in nats.env",
        ConnectError::TooOld { .. } => "install nats-server 2.10 or newer",
        ConnectError::Address(_) => "set NATS_URL to an address such as nats://127.0.0.1:4222",
        ConnectError::Inbox(_) => "let this NATS user listen to _INBOX_user.>",
        ConnectError::Stopped { .. } => "try again",
    }
}

async fn jetstream(nats: &Nats, context: &jetstream::Context) -> Check {
    const NAME: &str = "jetstream";
    match timeout(LIMIT, context.query_account()).await {
        Ok(Ok(account)) => Check::ok(NAME, &format!("enabled, with {} stream(s)", account.streams)),
        Ok(Err(_)) | Err(_) if !nats.state().borrow().violations.is_empty() => {
            Check::not_checked(NAME, "this NATS user may not ask for it")
        }
        Ok(Err(error)) => Check::failed(NAME, &error.to_string(), "start nats-server with --jetstream"),
        Err(_) => Check::failed(NAME, "no answer", "start nats-server with --jetstream"),
    }
}

async fn stream(context: &jetstream::Context, replicas: Option<usize>) -> Check {
    const NAME: &str = "stream";
    match timeout(LIMIT, user::relay::stream::differences(context, replicas)).await {
        Ok(Ok(Some(differences))) if differences.is_empty() => {
            Check::ok(NAME, &format!("{STREAM} has the settings it needs"))
        }
        Ok(Ok(Some(differences))) => Check::warning(
            NAME,
            &format!("{STREAM} has other settings: {}", differences.join(", ")),
            "the user service changes them within a second or makes the stream anew; where it does neither, its /readyz says why",
        ),
        Ok(Ok(None)) => Check::warning(
            NAME,
            &format!("there is no stream {STREAM} yet"),
            "start the user service",
        ),
        Ok(Err(error)) => Check::failed(NAME, &error.to_string(), "let this NATS user look at the stream"),
        Err(_) => Check::failed(NAME, "no answer of JetStream", "look at the log of nats-server"),
    }
}

async fn consumer(context: &jetstream::Context) -> Check {
    const NAME: &str = "consumer";
    let looking =
        context.get_consumer_from_stream::<jetstream::consumer::pull::Config, _, _>(CONSUMER, STREAM);
    let Ok(Ok(consumer)) = timeout(LIMIT, looking).await else {
        let detail = format!("there is no consumer {CONSUMER}, or this NATS user may not look at it");
        return Check::warning(NAME, &detail, "start the hubspot service, which makes it");
    };
    let config = &consumer.cached_info().config;
    let fits = config.ack_policy == AckPolicy::Explicit
        && config.max_deliver == -1
        && u64::try_from(config.max_ack_pending).ok() == Some(WINDOW);
    if fits {
        let detail = format!(
            "{CONSUMER} is there; {} wake-ups wait",
            consumer.cached_info().num_pending
        );
        Check::ok(NAME, &detail)
    } else {
        let detail = format!("{CONSUMER} has other settings");
        Check::warning(NAME, &detail, "restart the hubspot service, which makes it anew")
    }
}

fn permissions(nats: &Nats) -> Check {
    const NAME: &str = "permissions";
    let state = nats.state();
    match state.borrow().violations.first() {
        None => Check::ok(
            NAME,
            "what was asked here is allowed; what each service needs besides, it checks at its own start",
        ),
        Some(violation) => Check::warning(
            NAME,
            &format!("the server forbids {:?} to these credentials", violation.subject),
            "run doctor with the credentials of the user service, or allow it",
        ),
    }
}
