//! Checks the services that the gateway needs, at most once a second while the checks succeed.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use runtime::health::{Check, HealthReport};
use runtime::nats::Nats;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::permissions::ping_subject;
use crate::services::{MAX_CLOCK_DIFFERENCE_MS, Services};

/// How long a successful ping is reused.
const REUSE_SUCCESS: Duration = Duration::from_secs(1);
/// How long a failed ping is reused: shorter, so that a service that has just started is seen soon.
const REUSE_FAILURE: Duration = Duration::from_millis(100);
/// A user service that does not answer a ping within this time counts as unavailable.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// The result of the last ping of the user service.
#[derive(Debug)]
struct Ping {
    at: Instant,
    /// The connection to NATS that it was sent over. Its result says nothing about a later connection.
    epoch: u64,
    check: Check,
}

impl Ping {
    fn is_fresh(&self, epoch: u64) -> bool {
        let reuse_for = if self.check.ok {
            REUSE_SUCCESS
        } else {
            REUSE_FAILURE
        };
        self.epoch == epoch && self.at.elapsed() < reuse_for
    }
}

/// Makes the readiness report, and remembers the last ping for it.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    last_ping: Mutex<Option<Ping>>,
}

impl Readiness {
    /// The report of `/readyz`. Clocks that differ are reported, but the gateway stays ready: it can still accept changes.
    pub(crate) async fn report(&self, services: &Services) -> HealthReport {
        let nats = nats_check(services.nats());
        let user = match services.nats().filter(|_| nats.ok) {
            Some(nats) => self.ping(nats).await,
            None => check("user", false, "not checked, since there is no connection to NATS"),
        };
        let fields = match services.known_fields() {
            Some(fields) => {
                let (count, revision) = (fields.iter().len(), fields.revision());
                check("fields", true, &format!("{count} fields, revision {revision}"))
            }
            None => check(
                "fields",
                false,
                "the user service has not named the set of fields yet",
            ),
        };
        let clock = clock_check(services.clock_ahead_ms());
        let ready = nats.ok && user.ok && fields.ok;
        HealthReport {
            name: "api-gateway".to_owned(),
            ready,
            checks: vec![nats, user, fields, clock],
        }
    }

    /// Pings the user service, or reuses the last ping. Concurrent callers wait for the same ping.
    async fn ping(&self, nats: &Nats) -> Check {
        let mut last_ping = self.last_ping.lock().await;
        let epoch = nats.epoch();
        if let Some(ping) = last_ping.as_ref().filter(|ping| ping.is_fresh(epoch)) {
            return ping.check.clone();
        }
        let subject = ping_subject();
        let check = match nats
            .request(&subject, HeaderMap::new(), Bytes::new(), PING_TIMEOUT)
            .await
        {
            Ok(_) => check("user", true, "answers"),
            Err(error) => check("user", false, &error.to_string()),
        };
        *last_ping = Some(Ping {
            at: Instant::now(),
            epoch,
            check: check.clone(),
        });
        check
    }
}

/// A violation of permissions fails the check: requests on that subject would get no answer.
fn nats_check(nats: Option<&Nats>) -> Check {
    let Some(nats) = nats.filter(|nats| nats.is_connected()) else {
        return check("nats", false, "not connected");
    };
    let state = nats.state();
    match state.borrow().violations.first() {
        Some(violation) => {
            let detail = format!(
                "connected, but the server forbids subject {:?}",
                violation.subject
            );
            check("nats", false, &detail)
        }
        None => check("nats", true, "connected"),
    }
}

fn clock_check(ahead_ms: Option<i64>) -> Check {
    let Some(difference_ms) = ahead_ms else {
        return check(
            "clock",
            true,
            "not compared yet: the user service has not answered a request so far",
        );
    };
    let ok = difference_ms.unsigned_abs() <= MAX_CLOCK_DIFFERENCE_MS;
    let side = if difference_ms < 0 { "behind" } else { "ahead of" };
    let apart = difference_ms.unsigned_abs();
    check(
        "clock",
        ok,
        &format!("the user service's clock is at least {apart} ms {side} the gateway's"),
    )
}

fn check(name: &str, ok: bool, detail: &str) -> Check {
    Check {
        name: name.to_owned(),
        ok,
        detail: detail.to_owned(),
    }
}
