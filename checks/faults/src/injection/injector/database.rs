//! Faults of the user database and its disk.

use std::time::Duration;

use super::{FaultInjector, Injection};
use crate::{injection::database, system::components::Component};

const NO_SERVER: &str = "the database is a file";
const NO_DISK: &str =
    "the database has no separate disk: mounting one needs root, and a database server has none";

impl FaultInjector {
    pub(super) async fn lock_database(&self, duration: Duration) -> anyhow::Result<Injection> {
        let _alone = self.database.lock().await;
        // Keeps another fault from killing the server in the meantime.
        let _server = self.stack.database_server().await;
        database::lock(&self.stack.database(), duration).await?;
        Ok(Injection::Done)
    }

    pub(super) async fn kill_database(&self, down: Duration) -> anyhow::Result<Injection> {
        let _alone = self.database.lock().await;
        let Some(mut server) = self.stack.database_server().await else {
            return Ok(Injection::NotPossible(NO_SERVER));
        };
        server.kill().await?;
        tokio::time::sleep(down).await;
        server.restart().await?;
        Ok(Injection::Done)
    }

    pub(super) async fn fill_disk(&self, duration: Duration) -> anyhow::Result<Injection> {
        if !self.stack.disk_can_be_broken() {
            return Ok(Injection::NotPossible(NO_DISK));
        }
        // Keeps other faults from restarting the service, or using the disk, in the meantime.
        let _alone = self.database.lock().await;
        let _user = self.stack.service(Component::FirstUser).await?;
        // The service could continue to use the space of an existing log.
        database::empty_log(&self.stack.database_file()).await?;
        let filled = self.stack.disk.fill();
        tokio::time::sleep(duration).await;
        self.stack.disk.empty()?;
        filled.map(|()| Injection::Done)
    }

    /// A disk can be made read-only only while no file on it is open. So the service is stopped first, starts on the
    /// read-only disk, stops because of it, and restarts at the end.
    pub(super) async fn make_disk_read_only(&self, duration: Duration) -> anyhow::Result<Injection> {
        if !self.stack.disk_can_be_broken() {
            return Ok(Injection::NotPossible(NO_DISK));
        }
        let _alone = self.database.lock().await;
        let mut user = self.stack.service(Component::FirstUser).await?;
        let ended = user.terminate().await;
        let broken = self.stack.disk.set_read_only(true);
        let started = user.start().await;
        tokio::time::sleep(duration).await;
        let killed = user.kill().await;
        // The service must run again even if one of the steps failed, so errors are returned after this.
        let writable = self.stack.disk.set_read_only(false);
        user.start().await?;
        ended.and(broken).and(started).and(killed).and(writable)?;
        Ok(Injection::Done)
    }
}
