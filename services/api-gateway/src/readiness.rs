//! What the gateway needs, looked at when somebody asks, but not more often than once a second while all is well.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use runtime::health::{Check, HealthReport};
use runtime::nats::Nats;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::permissions::ping_subject;
use crate::user_service::{MAX_CLOCK_DIFFERENCE_MS, UserService};

/// A good answer this young is given again.
const FRESH: Duration = Duration::from_secs(1);
/// A bad one is given again for less long, so that a service that has just started is soon seen.
const FRESH_IF_BAD: Duration = Duration::from_millis(100);
/// A user service that takes longer to say that it is there is not well.
const PING_LIMIT: Duration = Duration::from_secs(1);

/// An answer of the user service, or that there was none.
#[derive(Debug)]
struct Ping {
    at: Instant,
    /// Over which connection to NATS. Over another one nothing is known.
    epoch: u64,
    check: Check,
}

impl Ping {
    fn is_fresh(&self, epoch: u64) -> bool {
        let fresh = if self.check.ok { FRESH } else { FRESH_IF_BAD };
        self.epoch == epoch && self.at.elapsed() < fresh
    }
}

/// Remembers the last answer of the user service.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    last_ping: Mutex<Option<Ping>>,
}

impl Readiness {
    /// The report. Clocks that are apart show in it, but the gateway still takes changes, so it stays ready.
    pub(crate) async fn report(&self, users: &UserService) -> HealthReport {
        let nats = nats_check(users.nats());
        let user = match users.nats().filter(|_| nats.ok) {
            Some(nats) => self.ping(nats).await,
            None => check("user", false, "not asked, for want of a connection"),
        };
        let clock = clock_check(users.clock_ahead_ms());
        let ready = nats.ok && user.ok;
        HealthReport {
            name: "api-gateway".to_owned(),
            ready,
            checks: vec![nats, user, clock],
        }
    }

    /// Whoever asks meanwhile waits for the same ping.
    async fn ping(&self, nats: &Nats) -> Check {
        let mut last_ping = self.last_ping.lock().await;
        let epoch = nats.epoch();
        if let Some(ping) = last_ping.as_ref().filter(|ping| ping.is_fresh(epoch)) {
            return ping.check.clone();
        }
        let subject = ping_subject();
        let check = match nats
            .request(&subject, HeaderMap::new(), Bytes::new(), PING_LIMIT)
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

/// What the server forbids is told by the way only, and would look like silence.
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
            "not compared yet: no answer of the user service so far",
        );
    };
    let ok = difference_ms.unsigned_abs() <= MAX_CLOCK_DIFFERENCE_MS;
    let side = if difference_ms < 0 { "behind" } else { "ahead of" };
    let apart = difference_ms.unsigned_abs();
    check(
        "clock",
        ok,
        &format!("the user service's clock is {apart} ms {side} ours, as far as can be told"),
    )
}

fn check(name: &str, ok: bool, detail: &str) -> Check {
    Check {
        name: name.to_owned(),
        ok,
        detail: detail.to_owned(),
    }
}
