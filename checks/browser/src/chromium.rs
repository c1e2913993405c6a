//! Starts headless Chromium with a fresh profile, and its driver.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use serde_json::{Value, json};
use tempfile::TempDir;
use testing::{
    ports::free_port,
    process::{Child, Launch},
};
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};

/// Chromium runs without its sandbox, which needs rights that a container does not have, and without network calls of its own.
/// The name `rebound.example` points to this machine, as after DNS rebinding.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",
];
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running browser. Dropping it ends its driver and the browser.
#[derive(Debug)]
pub struct Chromium {
    /// The connection to the driver.
    pub driver: WebDriver,
    _process: Child,
    _profile: TempDir,
}

/// A program from Debian's packages is missing.
#[derive(Debug, thiserror::Error)]
#[error("{} is missing; on Debian `apt-get install chromium chromium-driver` installs it", path.display())]
pub struct MissingProgram {
    path: PathBuf,
}

impl Chromium {
    /// Starts the driver and a browser.
    pub async fn start() -> anyhow::Result<Self> {
        let profile = tempfile::tempdir()?;
        let port = free_port()?;
        let mut process = Launch::new(find("chromedriver")?)
            .arg(format!("--port={port}"))
            .start()
            .await?;
        process.wait_for_line("started successfully", START_LIMIT).await?;
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(&find("chromium")?.to_string_lossy())?;
        for argument in ARGUMENTS {
            wanted.add_arg(argument)?;
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        wanted.set_logging_prefs("browser", LoggingPrefsLogLevel::All)?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted)
            .await
            .context("Chromium did not start")?;
        Ok(Self {
            driver,
            _process: process,
            _profile: profile,
        })
    }

    /// Shows pages in a colour scheme, `light` or `dark`, on a screen of that size.
    pub async fn set_appearance(&self, scheme: &str, width: u32, height: u32) -> anyhow::Result<()> {
        let tools = self.driver.cdp();
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        tools
            .send_raw("Emulation.setEmulatedMedia", json!({ "features": features }))
            .await?;
        let screen = json!({
            "width": width, "height": height, "deviceScaleFactor": 2, "mobile": width < 600
        });
        tools
            .send_raw("Emulation.setDeviceMetricsOverride", screen)
            .await?;
        Ok(())
    }

    /// Runs a script and returns its result.
    pub async fn evaluate(&self, script: &str) -> anyhow::Result<Value> {
        let answer = self.driver.execute(script, Vec::new()).await?;
        Ok(answer.json().clone())
    }

    /// The errors and warnings in the browser's log since the last call.
    pub async fn log_errors(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.driver.get_log("browser").await?;
        Ok(entries.into_iter().map(|entry| entry.message).collect())
    }
}

fn find(name: &str) -> Result<PathBuf, MissingProgram> {
    let path = PathBuf::from("/usr/bin").join(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(MissingProgram { path })
    }
}
