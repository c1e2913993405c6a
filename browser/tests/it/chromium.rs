//! Chromium, headless, with a fresh profile, and its driver.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use testing::{
    ports::free_port,
    process::{Child, Launch},
};
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};

/// Without a sandbox of its own, which needs rights that a container does not have; and without calls of its own to anybody.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
];
const START_LIMIT: Duration = Duration::from_mins(1);

/// A browser of one test.
pub(crate) struct Chromium {
    pub(crate) driver: WebDriver,
    _process: Child,
    _profile: TempDir,
}

impl Chromium {
    pub(crate) async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        let mut process = Launch::new(find("chromedriver"))
            .arg(format!("--port={port}"))
            .start()
            .await
            .unwrap();
        process
            .wait_for_line("started successfully", START_LIMIT)
            .await
            .unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(find("chromium").to_str().unwrap()).unwrap();
        for argument in ARGUMENTS {
            wanted.add_arg(argument).unwrap();
        }
        wanted
            .add_arg(&format!("--user-data-dir={}", profile.path().display()))
            .unwrap();
        wanted
            .set_logging_prefs("browser", LoggingPrefsLogLevel::All)
            .unwrap();
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted)
            .await
            .unwrap();
        Self {
            driver,
            _process: process,
            _profile: profile,
        }
    }

    /// Shows pages as they look in light or in dark, on a screen of that size.
    pub(crate) async fn look(&self, scheme: &str, width: u32, height: u32) {
        let tools = self.driver.cdp();
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        tools
            .send_raw("Emulation.setEmulatedMedia", json!({ "features": features }))
            .await
            .unwrap();
        let screen = json!({
            "width": width, "height": height, "deviceScaleFactor": 2, "mobile": width < 600
        });
        tools
            .send_raw("Emulation.setDeviceMetricsOverride", screen)
            .await
            .unwrap();
    }

    /// What a script answers.
    pub(crate) async fn evaluate(&self, script: &str) -> Value {
        self.driver
            .execute(script, Vec::new())
            .await
            .unwrap()
            .json()
            .clone()
    }

    /// Errors and warnings in the browser's own console since this was asked last.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let entries = self.driver.get_log("browser").await.unwrap();
        entries.into_iter().map(|entry| entry.message).collect()
    }

    /// Ends the browser, in whose page nothing must have gone wrong.
    pub(crate) async fn finish(self) {
        assert_eq!(self.complaints().await, Vec::<String>::new());
        self.driver.quit().await.unwrap();
    }
}

/// A program of Debian's packages.
fn find(name: &str) -> PathBuf {
    let path = PathBuf::from("/usr/bin").join(name);
    assert!(
        path.exists(),
        "{} is missing; on Debian `apt-get install chromium chromium-driver` brings it",
        path.display()
    );
    path
}
