//! Services that are killed, stopped and frozen.

use std::time::Duration;

use anyhow::Context;

use super::{Breaker, Done};
use crate::parts::Part;

impl Breaker {
    pub(super) async fn kill(&self, part: Part, down: Duration) -> anyhow::Result<Done> {
        let mut service = self.stack.service(part).await?;
        service.kill().await?;
        tokio::time::sleep(down).await;
        service.start().await?;
        Ok(Done::Broken)
    }

    /// Every process at the same moment.
    pub(super) async fn kill_everything(&self, down: Duration) -> anyhow::Result<Done> {
        let mut services = Vec::new();
        let mut parts = self.stack.parts();
        // Those first that may be frozen for minutes, so that the others are not kept meanwhile.
        parts.sort_by_key(|part| !part.is_hubspot());
        for part in parts {
            services.push(self.stack.service(part).await?);
        }
        let mut nats = self.stack.nats().await;
        let mut server = self.stack.database_server().await;
        services.iter_mut().try_for_each(|service| service.strike())?;
        nats.kill().await?;
        if let Some(server) = &mut server {
            server.kill().await?;
        }
        for service in &mut services {
            service.gone().await?;
        }
        tokio::time::sleep(down).await;
        nats.restart().await?;
        if let Some(server) = &mut server {
            server.start_again().await?;
        }
        for service in &mut services {
            service.start().await?;
        }
        Ok(Done::Broken)
    }

    /// It has to end well, whatever is broken around it.
    pub(super) async fn terminate(&self, part: Part, down: Duration) -> anyhow::Result<Done> {
        let mut service = self.stack.service(part).await?;
        let ended = service.terminate().await;
        tokio::time::sleep(down).await;
        service.start().await?;
        ended.map(|()| Done::Broken)
    }

    pub(super) async fn freeze(&self, part: Part, lasts: Duration) -> anyhow::Result<Done> {
        let mut service = self.stack.service(part).await?;
        let Some(child) = service.running() else {
            return Ok(Done::NotPossible("the service was down"));
        };
        child.pause()?;
        tokio::time::sleep(lasts).await;
        child.resume().context("thawed")?;
        Ok(Done::Broken)
    }
}
