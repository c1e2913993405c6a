//! A PgBouncer in front of a server, which can be killed, restarted, and reloaded with another pool mode.

use std::{fs, path::PathBuf, time::Duration};

use tempfile::TempDir;

use super::{PostgresError, cluster::SUPERUSER, owner::Owner};
use crate::{
    ports::free_port,
    process::{Child, Signal},
};

const LIMIT: Duration = Duration::from_secs(30);
/// A chosen port can be taken by another process before PgBouncer listens on it, so starts are repeated.
const ATTEMPTS: usize = 20;
const UP: &str = "process up";

/// Settings in addition to those that a test needs to reach the server.
#[derive(Debug, Clone, Default)]
pub struct PoolerOptions {
    /// `session`, `transaction` or `statement`; PgBouncer's default if absent.
    pub pool_mode: Option<&'static str>,
    /// Further settings of the section `[pgbouncer]`.
    pub settings: Vec<(&'static str, String)>,
}

impl PoolerOptions {
    /// This pool mode with default settings.
    pub fn with_defaults(pool_mode: &'static str) -> Self {
        Self {
            pool_mode: Some(pool_mode),
            settings: Vec::new(),
        }
    }

    /// This pool mode with the common setting that lets clients with additional start-up parameters connect.
    pub fn ignoring_startup_parameters(pool_mode: &'static str) -> Self {
        Self::with_defaults(pool_mode).with("ignore_startup_parameters", "extra_float_digits,options")
    }

    /// Adds a setting.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.retain(|(other, _)| *other != name);
        self.settings.push((name, value.to_owned()));
        self
    }
}

/// A PgBouncer on the loopback interface. It stops when this process ends, or when this is dropped.
#[derive(Debug)]
pub struct PgBouncer {
    process: Option<Child>,
    owner: Owner,
    program: PathBuf,
    options: PoolerOptions,
    port: u16,
    server_port: u16,
    // This comes after the process because fields are dropped in order.
    folder: TempDir,
}

impl PgBouncer {
    /// Starts a PgBouncer for the server at this port of the loopback interface.
    pub async fn start(server_port: u16, options: PoolerOptions) -> Result<Self, PostgresError> {
        let folder = tempfile::Builder::new().prefix("hubsync-pgbouncer-").tempdir();
        let folder = folder.map_err(|source| PostgresError::Folder {
            path: std::env::temp_dir(),
            source,
        })?;
        let mut pooler = Self {
            process: None,
            owner: Owner::find()?,
            program: find()?,
            options,
            port: 0,
            server_port,
            folder,
        };
        let mut attempt = 1;
        loop {
            pooler.port = free_port().map_err(PostgresError::Port)?;
            match pooler.restart().await {
                Ok(()) => return Ok(pooler),
                Err(error) if attempt == ATTEMPTS || pooler.running().is_some() => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    /// The address for `USER_DATABASE_URL`.
    pub fn url(&self) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it with SIGKILL.
    pub async fn kill(&mut self) -> Result<(), PostgresError> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait(LIMIT).await?;
        }
        Ok(())
    }

    /// Restarts it on the same port.
    pub async fn restart(&mut self) -> Result<(), PostgresError> {
        self.write_configuration()?;
        let launch = self.owner.launch(&self.program);
        let launch = launch.clean_env().current_dir("/").arg(self.file());
        let process = self.process.insert(launch.start().await?);
        process.wait_for_line(UP, LIMIT).await?;
        Ok(())
    }

    /// Changes the pool mode in the configuration, and makes PgBouncer reload it.
    pub async fn reload(&mut self, pool_mode: &'static str) -> Result<(), PostgresError> {
        self.options.pool_mode = Some(pool_mode);
        self.write_configuration()?;
        if let Some(process) = &mut self.process {
            process.signal(Signal::HUP)?;
            process.wait_for_line("got SIGHUP", LIMIT).await?;
        }
        Ok(())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("pgbouncer.ini")
    }

    fn write_configuration(&self) -> Result<(), PostgresError> {
        let users = self.folder.path().join("userlist.txt");
        let mut lines = vec![
            "[databases]".to_owned(),
            format!("* = host=127.0.0.1 port={}", self.server_port),
            "[pgbouncer]".to_owned(),
            "listen_addr = 127.0.0.1".to_owned(),
            format!("listen_port = {}", self.port),
            "unix_socket_dir =".to_owned(),
            "auth_type = trust".to_owned(),
            format!("auth_file = {}", users.display()),
            // PgBouncer reconnects to a stopped server every second, instead of every fifteen.
            "server_login_retry = 1".to_owned(),
        ];
        lines.extend(self.options.pool_mode.map(|mode| format!("pool_mode = {mode}")));
        let settings = self.options.settings.iter();
        lines.extend(settings.map(|(name, value)| format!("{name} = {value}")));
        let failed = |source| PostgresError::Folder {
            path: self.folder.path().to_owned(),
            source,
        };
        fs::write(&users, format!("\"{SUPERUSER}\" \"\"\n")).map_err(failed)?;
        fs::write(self.file(), lines.join("\n") + "\n").map_err(failed)?;
        self.owner.give(self.folder.path())
    }

    /// Its process, if it runs.
    fn running(&mut self) -> Option<&mut Child> {
        let process = self.process.as_mut()?;
        process.exit_code().is_none().then_some(process)
    }
}

/// Searches the `PATH`, and Debian's folder, which is not on every user's `PATH`.
fn find() -> Result<PathBuf, PostgresError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut programs = folders.map(|folder| folder.join("pgbouncer"));
    programs
        .find(|program| program.is_file())
        .ok_or(PostgresError::NoPooler)
}
