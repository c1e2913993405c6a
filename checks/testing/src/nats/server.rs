//! A nats-server, which can be stopped, killed, and restarted on the same port and store.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io};

use tempfile::TempDir;

use super::config::Config;
use super::error::NatsServerError;
use super::find::{NatsBinary, find};
use super::ready::check_ready;
use crate::ports::free_port;
use crate::process::{Child, Launch, ProcessError};

/// Long enough to load a store with a million messages from a slow disk.
const START_LIMIT: Duration = Duration::from_mins(1);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(10);

/// A chosen port can be taken by another process before the server listens on it, so starts are repeated.
pub(super) const PORT_ATTEMPTS: usize = 5;

/// How to start a server. The default is a new store, any free port and no credentials.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder for its store, configuration and log; a temporary one if absent.
    pub folder: Option<PathBuf>,
    /// The port; a free one if absent.
    pub port: Option<u16>,
    /// The token that it requires.
    pub token: Option<String>,
    /// More configuration, as nats-server reads it, such as users with permissions.
    pub config: String,
    /// The program; found by [`find`] if absent.
    pub binary: Option<NatsBinary>,
}

/// A nats-server with `JetStream` on the loopback interface. It stops when this process ends, or when this is dropped.
#[derive(Debug)]
pub struct NatsServer {
    process: Option<Child>,
    binary: NatsBinary,
    options: Options,
    name: String,
    port: u16,
    folder: PathBuf,
    // This comes after the process because fields are dropped in order.
    _temporary: Option<TempDir>,
}

impl NatsServer {
    /// Starts a server and waits until it answers.
    pub async fn start(options: Options) -> Result<Self, NatsServerError> {
        let binary = match options.binary.clone() {
            Some(binary) => binary,
            None => find().await?,
        };
        let (folder, temporary) = prepare_folder(options.folder.as_deref())?;
        let name = format!("hubsync-{:08x}", rand::random::<u32>());
        let mut server = Self {
            process: None,
            binary,
            options,
            name,
            port: 0,
            folder,
            _temporary: temporary,
        };
        server.start_on_some_port().await?;
        Ok(server)
    }

    /// The address for `NATS_URL`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port, which stays the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its unique name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The program.
    pub fn binary(&self) -> &NatsBinary {
        &self.binary
    }

    /// The folder with its store, configuration and log.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its process id, while it runs.
    pub fn pid(&mut self) -> Option<u32> {
        self.running().map(|process| process.pid())
    }

    /// The process, if it is running.
    pub fn running(&mut self) -> Option<&mut Child> {
        let process = self.process.as_mut()?;
        process.exit_code().is_none().then_some(process)
    }

    /// Stops it with SIGTERM and waits for its end. Does nothing if it is not running.
    pub async fn stop(&mut self) -> Result<(), NatsServerError> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        if process.exit_code().is_some() {
            return Ok(());
        }
        process.terminate()?;
        process.wait(STOP_LIMIT).await?;
        Ok(())
    }

    /// Kills it with SIGKILL and waits for its end. Does nothing if it is not running.
    pub async fn kill(&mut self) -> Result<(), NatsServerError> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        if process.exit_code().is_some() {
            return Ok(());
        }
        process.kill()?;
        process.wait(STOP_LIMIT).await?;
        Ok(())
    }

    /// Restarts it on the same port and store.
    pub async fn restart(&mut self) -> Result<(), NatsServerError> {
        self.stop().await?;
        self.start_on(self.port).await
    }

    /// Deletes its store, like a lost disk. The server must be stopped.
    pub fn wipe(&mut self) -> Result<(), NatsServerError> {
        if self.running().is_some() {
            return Err(NatsServerError::Running);
        }
        let store = self.store();
        match fs::remove_dir_all(&store) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(NatsServerError::Folder {
                path: store,
                source: error,
            }),
            _ => Ok(()),
        }
    }

    async fn start_on_some_port(&mut self) -> Result<(), NatsServerError> {
        if let Some(port) = self.options.port {
            return self.start_on(port).await;
        }
        let mut attempt = 1;
        loop {
            let port = free_port().map_err(NatsServerError::Port)?;
            match self.start_on(port).await {
                Err(error) if attempt < PORT_ATTEMPTS && error.is_taken_port() => attempt += 1,
                result => return result,
            }
        }
    }

    async fn start_on(&mut self, port: u16) -> Result<(), NatsServerError> {
        self.port = port;
        let config = self.folder.join("nats.conf");
        let (store, token) = (self.store(), self.options.token.as_deref());
        let content = Config {
            name: &self.name,
            port,
            store: &store,
            token,
            extra: &self.options.config,
        };
        content.write(&config).map_err(|source| NatsServerError::Folder {
            path: config.clone(),
            source,
        })?;
        let launch = Launch::new(&self.binary.path).arg("--config").arg(&config);
        let mut process = launch.log(self.folder.join("nats.log")).start().await?;
        wait_until_ready(&mut process, port, &self.name).await?;
        self.process = Some(process);
        Ok(())
    }

    fn store(&self) -> PathBuf {
        self.folder.join("jetstream")
    }
}

fn prepare_folder(given: Option<&Path>) -> Result<(PathBuf, Option<TempDir>), NatsServerError> {
    let Some(path) = given else {
        let error = |source| NatsServerError::Folder {
            path: std::env::temp_dir(),
            source,
        };
        let temporary = tempfile::Builder::new()
            .prefix("hubsync-nats-")
            .tempdir()
            .map_err(error)?;
        return Ok((temporary.path().to_owned(), Some(temporary)));
    };
    let error = |source| NatsServerError::Folder {
        path: path.to_owned(),
        source,
    };
    fs::create_dir_all(path).map_err(error)?;
    let path = fs::canonicalize(path).map_err(error)?;
    Ok((path, None))
}

async fn wait_until_ready(process: &mut Child, port: u16, name: &str) -> Result<(), NatsServerError> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let ended = process.exit_code();
        let Err(last) = check_ready(port, name).await else {
            return Ok(());
        };
        if let Some(code) = ended {
            let (program, what) = ("nats-server".to_owned(), "it answered".to_owned());
            return Err(ProcessError::Ended {
                program,
                code,
                what,
                tail: process.tail(),
            }
            .into());
        }
        if Instant::now() >= deadline {
            let (address, seconds) = (format!("127.0.0.1:{port}"), START_LIMIT.as_secs());
            return Err(NatsServerError::NoAnswer {
                address,
                seconds,
                last,
                tail: process.tail(),
            });
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
