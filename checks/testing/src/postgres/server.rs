//! A server with its own cluster, which can be stopped, killed, and restarted on the same port.

use std::{path::PathBuf, time::Duration};

use tempfile::TempDir;

use super::{PostgresError, Programs, cluster, cluster::SUPERUSER, find::find_faketime, owner::Owner};
use crate::{
    ports::free_port,
    process::{Child, Signal},
};

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// The start of the log line of a ready server or standby. Clusters are made with the locale C, so it is in English.
const READY: &str = "ready to accept";
/// A chosen port can be taken by another process before the server listens on it, so starts are repeated. After a kill,
/// the server's child processes also need a moment to end.
const ATTEMPTS: usize = 20;

/// How to start a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Settings, as in `postgresql.conf`.
    pub settings: Vec<(String, String)>,
    /// The offset of its clock in libfaketime's notation: `+10s`, `-10s`, `+1h`.
    pub clock: Option<&'static str>,
}

/// A PostgreSQL server on the loopback interface. It stops when this process ends, or when this is dropped, and its cluster
/// is deleted.
#[derive(Debug)]
pub struct PostgresServer {
    process: Option<Child>,
    pub(super) programs: Programs,
    pub(super) owner: Owner,
    options: Options,
    port: u16,
    // This comes after the process because fields are dropped in order.
    folder: TempDir,
}

impl PostgresServer {
    /// Starts a server on a new cluster and waits until it accepts connections.
    pub async fn start(options: Options) -> Result<Self, PostgresError> {
        let (programs, owner) = (Programs::find()?, Owner::find()?);
        let folder = cluster::make(&programs, owner).await?;
        Self::on(folder, programs, owner, options).await
    }

    /// Starts a server on an existing cluster.
    pub(super) async fn on(
        folder: TempDir,
        programs: Programs,
        owner: Owner,
        options: Options,
    ) -> Result<Self, PostgresError> {
        let mut server = Self {
            process: None,
            programs,
            owner,
            options,
            port: free_port().map_err(PostgresError::Port)?,
            folder,
        };
        let mut attempt = 1;
        while let Err(error) = server.try_start().await {
            if attempt == ATTEMPTS || server.running().is_some() {
                return Err(error);
            }
            attempt += 1;
            server.port = free_port().map_err(PostgresError::Port)?;
        }
        Ok(server)
    }

    /// The address for `USER_DATABASE_URL`.
    pub fn url(&self) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", self.port)
    }

    /// The port, which stays the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its cluster.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The process, if it is running.
    pub fn running(&mut self) -> Option<&mut Child> {
        let process = self.process.as_mut()?;
        process.exit_code().is_none().then_some(process)
    }

    /// Stops it without waiting for clients (a fast shutdown).
    pub async fn stop(&mut self) -> Result<(), PostgresError> {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::INT)?;
            process.wait(STOP_LIMIT).await?;
        }
        Ok(())
    }

    /// Kills its parent process with SIGKILL. The child processes end when they notice, and the cluster recovers at the next
    /// start.
    pub async fn kill(&mut self) -> Result<(), PostgresError> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait(STOP_LIMIT).await?;
        }
        Ok(())
    }

    /// Restarts it on the same port and cluster.
    pub async fn restart(&mut self) -> Result<(), PostgresError> {
        let mut attempt = 1;
        while let Err(error) = self.try_start().await {
            if attempt == ATTEMPTS || self.running().is_some() {
                return Err(error);
            }
            attempt += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Changes a setting for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        let settings = &mut self.options.settings;
        settings.retain(|(other, _)| other != name);
        settings.push((name.to_owned(), value.to_owned()));
    }

    async fn try_start(&mut self) -> Result<(), PostgresError> {
        let own = [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", self.port.to_string()),
            ("unix_socket_directories", String::new()),
            ("max_connections", "60".to_owned()),
        ];
        let launch = self.owner.launch(&self.programs.path("postgres"));
        let launch = launch.clean_env().current_dir("/").arg("-D").arg(self.data());
        let launch = match self.options.clock {
            Some(offset) => launch.env("LD_PRELOAD", find_faketime()?).env("FAKETIME", offset),
            None => launch,
        };
        let own = own.iter().map(|(name, value)| format!("{name}={value}"));
        let given = self
            .options
            .settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let launch = own
            .chain(given)
            .fold(launch, |launch, setting| launch.arg("-c").arg(setting));
        let process = self.process.insert(launch.start().await?);
        process.wait_for_line(READY, START_LIMIT).await?;
        Ok(())
    }
}
