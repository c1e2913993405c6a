//! Faults of NATS as a whole: its single server, or all nodes of its cluster at once.

use std::{fs, io, path::Path, time::Duration};

use testing::nats::NatsCluster;

use super::{FaultInjector, Injection};

/// The age of the copy that replaces the store.
const COPY_AGE: Duration = Duration::from_millis(1_500);

impl FaultInjector {
    pub(super) async fn kill_nats(&self, down: Duration) -> anyhow::Result<Injection> {
        let mut nats = self.stack.nats().await;
        nats.kill().await?;
        tokio::time::sleep(down).await;
        nats.restart().await?;
        Ok(Injection::Done)
    }

    pub(super) async fn terminate_nats(&self, down: Duration) -> anyhow::Result<Injection> {
        let mut nats = self.stack.nats().await;
        nats.stop().await?;
        tokio::time::sleep(down).await;
        nats.restart().await?;
        Ok(Injection::Done)
    }

    pub(super) async fn freeze_nats(&self, duration: Duration) -> anyhow::Result<Injection> {
        let mut nats = self.stack.nats().await;
        let mut frozen = Vec::new();
        for child in nats.servers().filter_map(|server| server.running()) {
            child.pause()?;
            frozen.push(child);
        }
        tokio::time::sleep(duration).await;
        for child in frozen {
            child.resume()?;
        }
        Ok(Injection::Done)
    }

    pub(super) async fn wipe_nats(&self, down: Duration) -> anyhow::Result<Injection> {
        let mut nats = self.stack.nats().await;
        nats.kill().await?;
        nats.wipe()?;
        tokio::time::sleep(down).await;
        nats.restart().await?;
        Ok(Injection::Done)
    }

    /// The new server runs before the old one stops, so that every service finds it when it reconnects.
    pub(super) async fn replace_nats(&self, number: u64) -> anyhow::Result<Injection> {
        let mut nats = self.stack.nats().await;
        let folder = self.stack.folder().join(format!("nats-{number}"));
        let empty = NatsCluster::start(nats.size(), Some(folder)).await?;
        let mut old = std::mem::replace(&mut *nats, empty);
        self.stack.redirect_to_nats(&nats.ports());
        old.kill().await?;
        Ok(Injection::Done)
    }

    /// Restarts NATS with an older copy of its store, like a restored snapshot. The copy is made while NATS is down, so that
    /// it is consistent.
    pub(super) async fn roll_nats_back(&self, down: Duration) -> anyhow::Result<Injection> {
        let mut nats = self.stack.nats().await;
        nats.kill().await?;
        for server in nats.servers() {
            replace_folder(&server.folder().join("jetstream"), &server.folder().join("copy"))?;
        }
        nats.restart().await?;
        tokio::time::sleep(COPY_AGE).await;
        nats.kill().await?;
        for server in nats.servers() {
            replace_folder(&server.folder().join("copy"), &server.folder().join("jetstream"))?;
        }
        tokio::time::sleep(down).await;
        nats.restart().await?;
        Ok(Injection::Done)
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
