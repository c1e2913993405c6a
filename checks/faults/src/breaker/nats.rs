//! NATS, which dies, freezes and forgets: its one server, or every node of its cluster.

use std::{fs, io, path::Path, time::Duration};

use testing::nats::NatsCluster;

use super::{Breaker, Done};

/// How old the copy is that the store goes back to.
const OLD: Duration = Duration::from_millis(1_500);

impl Breaker {
    pub(super) async fn kill_nats(&self, down: Duration) -> anyhow::Result<Done> {
        let mut nats = self.stack.nats().await;
        nats.kill().await?;
        tokio::time::sleep(down).await;
        nats.restart().await?;
        Ok(Done::Broken)
    }

    pub(super) async fn terminate_nats(&self, down: Duration) -> anyhow::Result<Done> {
        let mut nats = self.stack.nats().await;
        nats.stop().await?;
        tokio::time::sleep(down).await;
        nats.restart().await?;
        Ok(Done::Broken)
    }

    pub(super) async fn freeze_nats(&self, lasts: Duration) -> anyhow::Result<Done> {
        let mut nats = self.stack.nats().await;
        let mut frozen = Vec::new();
        for child in nats.servers().filter_map(|server| server.running()) {
            child.pause()?;
            frozen.push(child);
        }
        tokio::time::sleep(lasts).await;
        for child in frozen {
            child.resume()?;
        }
        Ok(Done::Broken)
    }

    pub(super) async fn wipe_nats(&self, down: Duration) -> anyhow::Result<Done> {
        let mut nats = self.stack.nats().await;
        nats.kill().await?;
        nats.wipe()?;
        tokio::time::sleep(down).await;
        nats.restart().await?;
        Ok(Done::Broken)
    }

    /// The new one runs before the old one ends, so that every service finds it as soon as it looks.
    pub(super) async fn replace_nats(&self, number: u64) -> anyhow::Result<Done> {
        let mut nats = self.stack.nats().await;
        let folder = self.stack.folder().join(format!("nats-{number}"));
        let empty = NatsCluster::start(nats.size(), Some(folder)).await?;
        let mut old = std::mem::replace(&mut *nats, empty);
        self.stack.lead_to_nats(&nats.ports());
        old.kill().await?;
        Ok(Done::Broken)
    }

    /// As from a snapshot of its disk. The copy is made while it is down, so that what is wrong with it is its age alone.
    pub(super) async fn roll_nats_back(&self, down: Duration) -> anyhow::Result<Done> {
        let mut nats = self.stack.nats().await;
        nats.kill().await?;
        for server in nats.servers() {
            replace_folder(&server.folder().join("jetstream"), &server.folder().join("copy"))?;
        }
        nats.restart().await?;
        tokio::time::sleep(OLD).await;
        nats.kill().await?;
        for server in nats.servers() {
            replace_folder(&server.folder().join("copy"), &server.folder().join("jetstream"))?;
        }
        tokio::time::sleep(down).await;
        nats.restart().await?;
        Ok(Done::Broken)
    }
}

fn replace_folder(from: &Path, to: &Path) -> io::Result<()> {
    match fs::remove_dir_all(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => copy_folder(from, to),
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
