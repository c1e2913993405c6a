//! The lease passes on while its holder is sure to have it, or has calls on the way.

use std::time::{Duration, Instant};

use anyhow::Context;
use testing::proxy::Passage::{Open, Stalled};
use tokio::sync::MutexGuard;

use super::{Breaker, Done};
use crate::{
    database,
    parts::{Link, Part},
    stack::Service,
};

/// Callers change users all the time, so that within this time a call is on its way.
const CALLS_COLLECT: Duration = Duration::from_millis(600);
/// After this, the lease of three seconds has passed on and the next holder has written.
const OVERTAKEN_AFTER: Duration = Duration::from_secs(6);
/// A worker that is frozen for longer than the doubt and killed before it says what it wrote is more than is promised
/// for: it gets this time to say so, from when it is heard again.
/// Longer than it waits for an answer before it says it again.
const TIME_TO_TELL: Duration = Duration::from_secs(8);
const HEARD_WITHIN: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(200);
const NOBODY: Done = Done::NotPossible("no hubspot service had the lease");

/// The worker that delivers, for as long as nobody else breaks it or its way to HubSpot.
struct Holder<'a> {
    part: Part,
    service: MutexGuard<'a, Service>,
    _link: MutexGuard<'a, ()>,
}

impl Breaker {
    pub(super) async fn free_lease(&self, lasts: Duration) -> anyhow::Result<Done> {
        let _alone = self.database.lock().await;
        let _server = self.stack.database_server().await;
        database::free_lease(&self.stack.database(), lasts).await?;
        Ok(Done::Broken)
    }

    pub(super) async fn overtake_killed(&self) -> anyhow::Result<Done> {
        let Some(mut holder) = self.hold_active().await? else {
            return Ok(NOBODY);
        };
        self.stack.set_link(Link::Hubspot(holder.part), Stalled, Open);
        tokio::time::sleep(CALLS_COLLECT).await;
        let killed = holder.service.kill().await;
        tokio::time::sleep(OVERTAKEN_AFTER).await;
        self.stack.set_link(Link::Hubspot(holder.part), Open, Open);
        holder.service.start().await?;
        killed.map(|()| Done::Broken)
    }

    pub(super) async fn overtake_frozen(&self) -> anyhow::Result<Done> {
        let Some(mut holder) = self.hold_active().await? else {
            return Ok(NOBODY);
        };
        let child = holder.service.running().context("it delivers and does not run")?;
        self.stack.set_link(Link::Hubspot(holder.part), Stalled, Open);
        tokio::time::sleep(CALLS_COLLECT).await;
        let frozen = child.pause();
        tokio::time::sleep(OVERTAKEN_AFTER + self.scale.doubt).await;
        self.stack.set_link(Link::Hubspot(holder.part), Open, Open);
        frozen.and_then(|()| child.resume())?;
        self.let_tell(holder.part).await;
        Ok(Done::Broken)
    }

    /// The worker that delivers; none where nobody does for too long.
    async fn hold_active(&self) -> anyhow::Result<Option<Holder<'_>>> {
        let began = Instant::now();
        while began.elapsed() < HEARD_WITHIN {
            if let Some(part) = self.stack.active_hubspot().await {
                let link = self.link(Link::Hubspot(part)).await;
                let service = self.stack.service(part).await?;
                // Another may have taken over while this waited for its turn.
                if self.stack.active_hubspot().await == Some(part) {
                    return Ok(Some(Holder {
                        part,
                        service,
                        _link: link,
                    }));
                }
            }
            tokio::time::sleep(INTERVAL).await;
        }
        Ok(None)
    }

    /// Waits until it has reached the user service for long enough without a break.
    async fn let_tell(&self, part: Part) {
        let began = Instant::now();
        let mut heard_since = None;
        while began.elapsed() < HEARD_WITHIN {
            tokio::time::sleep(INTERVAL).await;
            if !self.stack.reaches_user_service(part).await {
                heard_since = None;
            } else if heard_since.get_or_insert_with(Instant::now).elapsed() > TIME_TO_TELL {
                return;
            }
        }
    }
}
