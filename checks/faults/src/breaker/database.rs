//! The user database, locked or without room.

use std::time::Duration;

use super::{Breaker, Done};
use crate::{database, parts::Part};

const NO_SERVER: &str = "the database is a file";
const NO_DISK: &str =
    "the database has no disk of its own: mounting one takes root, and a server has none here";

impl Breaker {
    pub(super) async fn lock_database(&self, lasts: Duration) -> anyhow::Result<Done> {
        let _alone = self.database.lock().await;
        // Nobody may kill it meanwhile.
        let _server = self.stack.database_server().await;
        database::lock(&self.stack.database(), lasts).await?;
        Ok(Done::Broken)
    }

    pub(super) async fn kill_database(&self, down: Duration) -> anyhow::Result<Done> {
        let _alone = self.database.lock().await;
        let Some(mut server) = self.stack.database_server().await else {
            return Ok(Done::NotPossible(NO_SERVER));
        };
        server.kill().await?;
        tokio::time::sleep(down).await;
        server.start_again().await?;
        Ok(Done::Broken)
    }

    pub(super) async fn fill_disk(&self, lasts: Duration) -> anyhow::Result<Done> {
        if !self.stack.disk_can_be_broken() {
            return Ok(Done::NotPossible(NO_DISK));
        }
        // Nobody else may count on the disk meanwhile.
        let _alone = self.database.lock().await;
        let _user = self.stack.service(Part::FirstUser).await?;
        // What the log holds already is room that the service would go on using.
        database::empty_log(&self.stack.database_file()).await?;
        let filled = self.stack.disk.fill();
        tokio::time::sleep(lasts).await;
        self.stack.disk.empty()?;
        filled.map(|()| Done::Broken)
    }

    /// A disk can be made read-only only while nobody has it open, so the service finds it so when it starts, ends, and
    /// is started once more.
    pub(super) async fn make_disk_read_only(&self, lasts: Duration) -> anyhow::Result<Done> {
        if !self.stack.disk_can_be_broken() {
            return Ok(Done::NotPossible(NO_DISK));
        }
        let _alone = self.database.lock().await;
        let mut user = self.stack.service(Part::FirstUser).await?;
        let ended = user.terminate().await;
        let broken = self.stack.disk.set_read_only(true);
        let started = user.start().await;
        tokio::time::sleep(lasts).await;
        let killed = user.kill().await;
        // Whatever of this went wrong, the service goes on.
        let mended = self.stack.disk.set_read_only(false);
        user.start().await?;
        ended.and(broken).and(started).and(killed).and(mended)?;
        Ok(Done::Broken)
    }
}
