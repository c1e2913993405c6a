//! A standby server that follows another server and can replace it.

use std::ffi::OsStr;

use super::{Options, PostgresError, PostgresServer, cluster, cluster::SUPERUSER};

impl PostgresServer {
    /// Starts a standby of this server. It replicates all writes, and accepts none itself until it is promoted
    /// (`SELECT pg_promote()`).
    pub async fn start_standby(&self) -> Result<Self, PostgresError> {
        let (folder, data) = cluster::new_folder()?;
        self.owner.give(folder.path())?;
        let port = self.port().to_string();
        let options = [
            "--host=127.0.0.1",
            "--port",
            &port,
            "--username",
            SUPERUSER,
            "--checkpoint=fast",
            "--write-recovery-conf",
            "--no-sync",
            "--pgdata",
        ];
        let arguments: Vec<&OsStr> = options
            .iter()
            .map(AsRef::as_ref)
            .chain([data.as_os_str()])
            .collect();
        self.owner.run(&self.programs.path("pg_basebackup"), &arguments)?;
        Self::on(folder, self.programs.clone(), self.owner, Options::default()).await
    }
}
