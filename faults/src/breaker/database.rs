//! The user database, locked or without room.

use std::time::Duration;

use super::{Breaker, Done};
use crate::{database, parts::Part};

const NO_DISK: &str = "mounting a disk for the database is not allowed here";

impl Breaker {
    pub(super) async fn lock_database(&self, lasts: Duration) -> anyhow::Result<Done> {
        database::lock(&self.stack.database(), lasts).await?;
        Ok(Done::Broken)
    }

    pub(super) async fn fill_disk(&self, lasts: Duration) -> anyhow::Result<Done> {
        if !self.stack.disk.can_be_broken() {
            return Ok(Done::NotPossible(NO_DISK));
        }
        // Nobody else may count on the disk meanwhile.
        let _user = self.stack.service(Part::User).await?;
        // What the log holds already is room that the service would go on using.
        database::empty_log(&self.stack.database()).await?;
        let filled = self.stack.disk.fill();
        tokio::time::sleep(lasts).await;
        self.stack.disk.empty()?;
        filled.map(|()| Done::Broken)
    }

    /// A disk can be made read-only only while nobody has it open, so the service finds it so when it starts, ends, and
    /// is started once more.
    pub(super) async fn make_disk_read_only(&self, lasts: Duration) -> anyhow::Result<Done> {
        if !self.stack.disk.can_be_broken() {
            return Ok(Done::NotPossible(NO_DISK));
        }
        let mut user = self.stack.service(Part::User).await?;
        user.terminate().await?;
        self.stack.disk.set_read_only(true)?;
        let started = user.start().await;
        tokio::time::sleep(lasts).await;
        user.kill().await?;
        self.stack.disk.set_read_only(false)?;
        started?;
        user.start().await?;
        Ok(Done::Broken)
    }
}
