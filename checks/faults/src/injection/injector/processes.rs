//! Faults of processes: kill, stop and freeze.

use std::time::Duration;

use anyhow::Context;

use super::{FaultInjector, Injection};
use crate::system::components::Component;

impl FaultInjector {
    pub(super) async fn kill(&self, component: Component, down: Duration) -> anyhow::Result<Injection> {
        let mut service = self.stack.service(component).await?;
        service.kill().await?;
        tokio::time::sleep(down).await;
        service.start().await?;
        Ok(Injection::Done)
    }

    /// Every process at the same moment.
    pub(super) async fn kill_all(&self, down: Duration) -> anyhow::Result<Injection> {
        let mut services = Vec::new();
        let mut components = self.stack.components();
        // Hubspot services can be frozen for minutes by another fault. They come first, so that no other service is locked
        // while this waits.
        components.sort_by_key(|component| !component.is_hubspot());
        for component in components {
            services.push(self.stack.service(component).await?);
        }
        let mut nats = self.stack.nats().await;
        let mut server = self.stack.database_server().await;
        services.iter_mut().try_for_each(|service| service.send_kill())?;
        nats.kill().await?;
        if let Some(server) = &mut server {
            server.kill().await?;
        }
        for service in &mut services {
            service.wait_until_gone().await?;
        }
        tokio::time::sleep(down).await;
        nats.restart().await?;
        if let Some(server) = &mut server {
            server.restart().await?;
        }
        for service in &mut services {
            service.start().await?;
        }
        Ok(Injection::Done)
    }

    /// The service must stop without an error, whatever other faults are in effect.
    pub(super) async fn terminate(&self, component: Component, down: Duration) -> anyhow::Result<Injection> {
        let mut service = self.stack.service(component).await?;
        let ended = service.terminate().await;
        tokio::time::sleep(down).await;
        service.start().await?;
        ended.map(|()| Injection::Done)
    }

    pub(super) async fn freeze(&self, component: Component, duration: Duration) -> anyhow::Result<Injection> {
        let mut service = self.stack.service(component).await?;
        let Some(child) = service.running() else {
            return Ok(Injection::NotPossible("the service was down"));
        };
        child.pause()?;
        tokio::time::sleep(duration).await;
        child.resume().context("cannot resume the service")?;
        Ok(Injection::Done)
    }
}
