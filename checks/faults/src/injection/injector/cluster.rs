//! Faults of single nodes of a NATS cluster.

use std::time::Duration;

use contracts::subjects::STREAM;

use super::{FaultInjector, Injection};
use crate::injection::fault::NodeFault;

const DOWN: Injection = Injection::NotPossible("the node was down");
const NO_LEADER: Injection = Injection::NotPossible("no node led the stream");

impl FaultInjector {
    pub(super) async fn break_node(
        &self,
        fault: NodeFault,
        node: usize,
        duration: Duration,
    ) -> anyhow::Result<Injection> {
        let mut nats = self.stack.nats().await;
        match fault {
            NodeFault::Kill | NodeFault::Wipe => nats.node(node).kill().await?,
            NodeFault::KillLeader => {
                let Some(leader) = nats.leader(STREAM).await else {
                    return Ok(NO_LEADER);
                };
                nats.node(leader).kill().await?;
                tokio::time::sleep(duration).await;
                nats.node(leader).restart().await?;
                return Ok(Injection::Done);
            }
            NodeFault::Terminate => nats.node(node).stop().await?,
            NodeFault::Freeze => {
                let Some(child) = nats.node(node).running() else {
                    return Ok(DOWN);
                };
                child.pause()?;
                tokio::time::sleep(duration).await;
                child.resume()?;
                return Ok(Injection::Done);
            }
            NodeFault::Isolate => {
                nats.isolate(node, true);
                tokio::time::sleep(duration).await;
                nats.isolate(node, false);
                return Ok(Injection::Done);
            }
        }
        if fault == NodeFault::Wipe {
            nats.node(node).wipe()?;
        }
        tokio::time::sleep(duration).await;
        nats.node(node).restart().await?;
        Ok(Injection::Done)
    }

    /// Kills every node except one, which then has no quorum.
    pub(super) async fn lose_quorum(&self, left: usize, duration: Duration) -> anyhow::Result<Injection> {
        let mut nats = self.stack.nats().await;
        let others = (0..nats.size()).filter(|node| *node != left);
        for node in others.clone() {
            nats.node(node).kill().await?;
        }
        tokio::time::sleep(duration).await;
        for node in others {
            nats.node(node).restart().await?;
        }
        Ok(Injection::Done)
    }

    /// Restarts the nodes one after another, as an upgrade does: the next one only when all are healthy.
    pub(super) async fn restart_one_by_one(&self, down: Duration) -> anyhow::Result<Injection> {
        let mut nats = self.stack.nats().await;
        for node in 0..nats.size() {
            nats.wait_until_healthy().await?;
            nats.node(node).stop().await?;
            tokio::time::sleep(down).await;
            nats.node(node).restart().await?;
        }
        Ok(Injection::Done)
    }
}
