//! Installs one of HubSpot's clients into a folder of its own, once.

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
    /// `hubspot-sdk` for Python, generated anew from HubSpot's specification.
    PythonSdk,
}

/// Why a client could not be installed; says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The program that installs it is missing.
    #[error("{program} cannot be run: install it with `{how}`")]
    Missing {
        /// The program.
        program: &'static str,
        /// How to get it.
        how: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The program did not succeed.
    #[error("{package} could not be installed; is its registry within reach?\n{output}")]
    Failed {
        /// The package with its version.
        package: &'static str,
        /// What the program printed.
        output: String,
    },
    /// The folder cannot be used.
    #[error("folder {folder} cannot be used")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Client {
    /// The folder that holds the client, which is installed first if need be.
    pub async fn install(self) -> Result<PathBuf, InstallError> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../target/official-clients")
            .join(self.package().replace(['@', '/', '='], "-"));
        let failed = |source| InstallError::Folder {
            folder: folder.clone(),
            source,
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        // Held while installing, so that tests which start together install once.
        let lock = File::create(folder.join(".lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        // Made last, so that an installation which was interrupted is done again.
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

    /// How to get the programs that install and run the client.
    pub(crate) fn how_to_get(self) -> &'static str {
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
                how: self.how_to_get(),
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
