//! A PgBouncer before a server: started, killed, started again, told to pool in another way while it runs.

use std::{fs, path::PathBuf, time::Duration};

use tempfile::TempDir;

use super::{PostgresError, cluster::SUPERUSER, owner::Owner};
use crate::{
    ports::free_port,
    process::{Child, Signal},
};

const LIMIT: Duration = Duration::from_secs(30);
/// Ports are chosen before they are taken, so somebody may be faster, but hardly several times.
const ATTEMPTS: usize = 20;
const UP: &str = "process up";

/// Lines of its configuration beyond what a test needs to reach the server.
#[derive(Debug, Clone, Default)]
pub struct PoolerOptions {
    /// `session`, `transaction` or `statement`; without it, as PgBouncer does by default.
    pub pool_mode: Option<&'static str>,
    /// Further settings of the section `[pgbouncer]`.
    pub settings: Vec<(&'static str, String)>,
}

impl PoolerOptions {
    /// That mode, and all else as it is installed.
    pub fn as_installed(pool_mode: &'static str) -> Self {
        Self {
            pool_mode: Some(pool_mode),
            settings: Vec::new(),
        }
    }

    /// That mode, with what many set so that clients with parameters of their own can connect.
    pub fn as_usual(pool_mode: &'static str) -> Self {
        Self::as_installed(pool_mode).with("ignore_startup_parameters", "extra_float_digits,options")
    }

    /// The same, with one more setting.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.retain(|(other, _)| *other != name);
        self.settings.push((name, value.to_owned()));
        self
    }
}

/// A PgBouncer on the loopback interface. It ends with this process, or when this is dropped.
#[derive(Debug)]
pub struct PgBouncer {
    process: Option<Child>,
    owner: Owner,
    program: PathBuf,
    options: PoolerOptions,
    port: u16,
    server_port: u16,
    // After the process, because fields are dropped in this order.
    folder: TempDir,
}

impl PgBouncer {
    /// Starts one that leads to the server at that port of the loopback interface.
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
            match pooler.start_again().await {
                Ok(()) => return Ok(pooler),
                Err(error) if attempt == ATTEMPTS || !pooler.has_ended() => return Err(error),
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

    /// Ends it as a crash would.
    pub async fn kill(&mut self) -> Result<(), PostgresError> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait(LIMIT).await?;
        }
        Ok(())
    }

    /// Starts it again, on the same port.
    pub async fn start_again(&mut self) -> Result<(), PostgresError> {
        self.write_configuration()?;
        let launch = self.owner.launch(&self.program);
        let launch = launch.clean_env().current_dir("/").arg(self.file());
        let process = self.process.insert(launch.start().await?);
        process.wait_for_line(UP, LIMIT).await?;
        Ok(())
    }

    /// Has it pool in another way from now on, as an operator who edits its file and reloads it.
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
            // After the server was away it is tried again every second, not every fifteen.
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

    fn has_ended(&mut self) -> bool {
        self.process
            .as_mut()
            .is_none_or(|process| process.exit_code().is_some())
    }
}

/// On the `PATH`, or where Debian has it, which is not on everybody's.
fn find() -> Result<PathBuf, PostgresError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut programs = folders.map(|folder| folder.join("pgbouncer"));
    programs
        .find(|program| program.is_file())
        .ok_or(PostgresError::NoPooler)
}
