//! Nodes of a NATS cluster, which come and go one by one.

use std::time::Duration;

use contracts::subjects::STREAM;

use super::{Breaker, Done};
use crate::fault::NodeFault;

const DOWN: Done = Done::NotPossible("the node was down");
const NO_LEADER: Done = Done::NotPossible("no node led the stream");

impl Breaker {
    pub(super) async fn break_node(
        &self,
        fault: NodeFault,
        node: usize,
        lasts: Duration,
    ) -> anyhow::Result<Done> {
        let mut nats = self.stack.nats().await;
        match fault {
            NodeFault::Kill | NodeFault::Wipe => nats.node(node).kill().await?,
            NodeFault::KillLeader => {
                let Some(leader) = nats.leader(STREAM).await else {
                    return Ok(NO_LEADER);
                };
                nats.node(leader).kill().await?;
                tokio::time::sleep(lasts).await;
                nats.node(leader).restart().await?;
                return Ok(Done::Broken);
            }
            NodeFault::Terminate => nats.node(node).stop().await?,
            NodeFault::Freeze => {
                let Some(child) = nats.node(node).running() else {
                    return Ok(DOWN);
                };
                child.pause()?;
                tokio::time::sleep(lasts).await;
                child.resume()?;
                return Ok(Done::Broken);
            }
            NodeFault::Isolate => {
                nats.isolate(node, true);
                tokio::time::sleep(lasts).await;
                nats.isolate(node, false);
                return Ok(Done::Broken);
            }
        }
        if fault == NodeFault::Wipe {
            nats.node(node).wipe()?;
        }
        tokio::time::sleep(lasts).await;
        nats.node(node).restart().await?;
        Ok(Done::Broken)
    }

    /// What is left answers clients, and can agree on nothing.
    pub(super) async fn lose_quorum(&self, left: usize, lasts: Duration) -> anyhow::Result<Done> {
        let mut nats = self.stack.nats().await;
        let others = (0..nats.size()).filter(|node| *node != left);
        for node in others.clone() {
            nats.node(node).kill().await?;
        }
        tokio::time::sleep(lasts).await;
        for node in others {
            nats.node(node).restart().await?;
        }
        Ok(Done::Broken)
    }

    /// As an upgrade goes: the next one only when all are well.
    pub(super) async fn restart_in_turn(&self, down: Duration) -> anyhow::Result<Done> {
        let mut nats = self.stack.nats().await;
        for node in 0..nats.size() {
            nats.wait_until_well().await?;
            nats.node(node).stop().await?;
            tokio::time::sleep(down).await;
            nats.node(node).restart().await?;
        }
        Ok(Done::Broken)
    }
}
