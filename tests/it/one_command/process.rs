//! A `hubsync` process with its own folder.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use testing::{
    http,
    ports::free_port,
    process::{Child, Launch},
    wait::until,
};

use crate::stack::CEILING;

/// A `hubsync` process and the folder that it runs in.
pub(super) struct Hubsync {
    pub(super) folder: TempDir,
    pub(super) gateway: u16,
    pub(super) sandbox: u16,
    pub(super) path: String,
    /// More settings for the environment.
    pub(super) settings: Vec<(&'static str, String)>,
    pub(super) process: Option<Child>,
    pub(super) http: reqwest::Client,
}

impl Hubsync {
    pub(super) fn new() -> Self {
        let [gateway, sandbox] = [(); 2].map(|()| free_port().unwrap());
        let path = std::env::var("PATH").unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            gateway,
            sandbox,
            path,
            settings: Vec::new(),
            process: None,
            http: http::client(),
        }
    }

    pub(super) async fn start(&mut self) {
        self.begin().await;
        self.wait_for_line("hubsync is ready").await;
    }

    /// Starts it with a umask under which new files are open to others.
    pub(super) async fn begin(&mut self) {
        let launch = Launch::new("/bin/sh")
            .arg("-c")
            .arg("umask 000; exec \"$0\"")
            .arg(env!("CARGO_BIN_EXE_hubsync"));
        let launch = launch
            .clean_env()
            .current_dir(self.folder.path())
            .env("PATH", &self.path)
            .env("API_GATEWAY_PORT", self.gateway.to_string());
        let launch = launch.env("SANDBOX_LISTEN", format!("127.0.0.1:{}", self.sandbox));
        let settings = self.settings.iter();
        let launch = settings.fold(launch, |launch, (name, value)| launch.env(name, value));
        self.process = Some(launch.start().await.unwrap());
    }

    pub(super) async fn wait_for_line(&mut self, text: &str) -> String {
        self.process().wait_for_line(text, CEILING).await.unwrap()
    }

    pub(super) fn output(&mut self) -> String {
        self.process().output().unwrap()
    }

    /// Starts it, expects it to exit with an error, and returns its output.
    pub(super) async fn fail_to_start(&mut self) -> String {
        self.begin().await;
        assert_eq!(self.process().wait(CEILING).await.unwrap(), 1);
        self.output()
    }

    pub(super) fn process(&mut self) -> &mut Child {
        self.process.as_mut().expect("it was started")
    }

    pub(super) async fn stop(&mut self) -> i32 {
        let mut process = self.process.take().expect("it was started");
        process.terminate().unwrap();
        process.wait(CEILING).await.unwrap()
    }

    pub(super) async fn kill(&mut self) {
        let mut process = self.process.take().expect("it was started");
        process.kill().unwrap();
        process.wait(CEILING).await.unwrap();
    }

    pub(super) async fn patch(&self, user: &str, body: Value) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}/users/{user}", self.gateway);
        let response = self.http.patch(url).json(&body).send().await.ok()?;
        if response.status() == 200 {
            response.json().await.ok()
        } else {
            None
        }
    }

    pub(super) async fn wait_for_confirmed(&self, user: &str, version: u64) {
        let url = format!("http://127.0.0.1:{}/users/{user}/sync", self.gateway);
        until(
            &format!("user {user} to be confirmed at version {version} or later"),
            CEILING,
            async || {
                let response = self
                    .http
                    .get(&url)
                    .send()
                    .await
                    .map_err(|error| error.to_string())?;
                let receipt: Value = response.json().await.map_err(|error| error.to_string())?;
                let confirmed = receipt["state"] == "confirmed" && receipt["resending"] == false;
                if confirmed && receipt["version"].as_u64() >= Some(version) {
                    Ok(())
                } else {
                    Err(receipt.to_string())
                }
            },
        )
        .await;
    }

    /// Whether the nats-server of this run is running, by the id in its pid file.
    pub(super) fn nats_server_runs(&self) -> bool {
        let pid = std::fs::read_to_string(self.folder.path().join(".hubsync/nats/nats-server.pid"))
            .unwrap_or_default();
        !pid.trim().is_empty() && Path::new(&format!("/proc/{}", pid.trim())).exists()
    }
}
