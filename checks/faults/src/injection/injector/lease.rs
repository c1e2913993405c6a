//! Faults where another worker gets the lease although its holder renews it or has running calls.

use std::time::{Duration, Instant};

use anyhow::Context;
use testing::proxy::DataFlow::{Open, Stalled};
use tokio::sync::MutexGuard;

use super::{FaultInjector, Injection};
use crate::{
    injection::database,
    system::{
        components::{Component, Link},
        stack::Service,
    },
};

/// Callers change users all the time, so the worker sends a call within this time.
const TIME_FOR_A_CALL: Duration = Duration::from_millis(600);
/// After this time, the lease of three seconds has expired and the next holder has written.
const TAKEOVER_TIME: Duration = Duration::from_secs(6);
/// How long a worker that was frozen runs undisturbed, once it reaches the user service again. hubsync does not promise
/// anything for a worker that is frozen for longer than the late-write window and killed before it reports its calls.
/// The time is longer than the interval after which a worker repeats an unanswered report.
const REPORT_TIME: Duration = Duration::from_secs(8);
const MAX_WAIT: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(200);
const NO_HOLDER: Injection = Injection::NotPossible("no hubspot service had the lease");

/// The worker that delivers, with exclusive use of it and of its link to HubSpot.
struct Holder<'a> {
    component: Component,
    service: MutexGuard<'a, Service>,
    _link: MutexGuard<'a, ()>,
}

impl FaultInjector {
    pub(super) async fn free_lease(&self, duration: Duration) -> anyhow::Result<Injection> {
        let _alone = self.database.lock().await;
        let _server = self.stack.database_server().await;
        database::free_lease(&self.stack.database(), duration).await?;
        Ok(Injection::Done)
    }

    pub(super) async fn take_over_from_killed(&self) -> anyhow::Result<Injection> {
        let Some(mut holder) = self.hold_active().await? else {
            return Ok(NO_HOLDER);
        };
        self.stack
            .set_link(Link::Hubspot(holder.component), Stalled, Open);
        tokio::time::sleep(TIME_FOR_A_CALL).await;
        let killed = holder.service.kill().await;
        tokio::time::sleep(TAKEOVER_TIME).await;
        self.stack.set_link(Link::Hubspot(holder.component), Open, Open);
        holder.service.start().await?;
        killed.map(|()| Injection::Done)
    }

    pub(super) async fn take_over_from_frozen(&self) -> anyhow::Result<Injection> {
        let Some(mut holder) = self.hold_active().await? else {
            return Ok(NO_HOLDER);
        };
        let child = holder
            .service
            .running()
            .context("the worker that delivers is not running")?;
        self.stack
            .set_link(Link::Hubspot(holder.component), Stalled, Open);
        tokio::time::sleep(TIME_FOR_A_CALL).await;
        let frozen = child.pause();
        tokio::time::sleep(TAKEOVER_TIME + self.scale.late_write_window).await;
        self.stack.set_link(Link::Hubspot(holder.component), Open, Open);
        frozen.and_then(|()| child.resume())?;
        self.wait_until_reported(holder.component).await;
        Ok(Injection::Done)
    }

    /// Waits for exclusive use of the worker that delivers; `None` if no worker delivers for too long.
    async fn hold_active(&self) -> anyhow::Result<Option<Holder<'_>>> {
        let began = Instant::now();
        while began.elapsed() < MAX_WAIT {
            if let Some(component) = self.stack.active_hubspot().await {
                let link = self.link(Link::Hubspot(component)).await;
                let service = self.stack.service(component).await?;
                // Another worker may have taken over while this waited for the locks.
                if self.stack.active_hubspot().await == Some(component) {
                    return Ok(Some(Holder {
                        component,
                        service,
                        _link: link,
                    }));
                }
            }
            tokio::time::sleep(INTERVAL).await;
        }
        Ok(None)
    }

    /// Waits until the worker has reached the user service for long enough without interruption.
    async fn wait_until_reported(&self, component: Component) {
        let began = Instant::now();
        let mut heard_since = None;
        while began.elapsed() < MAX_WAIT {
            tokio::time::sleep(INTERVAL).await;
            if !self.stack.reaches_user_service(component).await {
                heard_since = None;
            } else if heard_since.get_or_insert_with(Instant::now).elapsed() > REPORT_TIME {
                return;
            }
        }
    }
}
