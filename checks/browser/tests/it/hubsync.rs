//! A complete hubsync in one process, with the sandbox in place of HubSpot.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use testing::{
    http,
    ports::free_port,
    process::{Child, Launch},
};

/// A generous limit for waits: a loaded machine is slow, and a test that hangs is still found.
pub(crate) const CEILING: Duration = Duration::from_mins(1);

pub(crate) struct Hubsync {
    folder: TempDir,
    gateway: u16,
    sandbox: u16,
    process: Option<Child>,
    http: reqwest::Client,
}

impl Hubsync {
    /// Starts hubsync and waits until it is ready.
    pub(crate) async fn start() -> Self {
        let [gateway, sandbox] = [(); 2].map(|()| free_port().unwrap());
        let mut hubsync = Self {
            folder: tempfile::tempdir().unwrap(),
            gateway,
            sandbox,
            process: None,
            http: http::client(),
        };
        hubsync.restart().await;
        hubsync
    }

    /// Starts hubsync again with its data.
    pub(crate) async fn restart(&mut self) {
        let mut process = Launch::new(find_program("hubsync"))
            .clean_env()
            .current_dir(self.folder.path())
            .env("API_GATEWAY_PORT", self.gateway.to_string())
            .env("SANDBOX_LISTEN", format!("127.0.0.1:{}", self.sandbox))
            .start()
            .await
            .unwrap();
        process.wait_for_line("hubsync is ready", CEILING).await.unwrap();
        self.process = Some(process);
    }

    pub(crate) async fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.terminate().unwrap();
        assert_eq!(process.wait(CEILING).await.unwrap(), 0, "{}", process.tail());
    }

    /// The URL of the console.
    pub(crate) fn console(&self) -> String {
        format!("http://127.0.0.1:{}/", self.gateway)
    }

    /// The URL of another site on the same machine.
    pub(crate) fn sandbox(&self) -> String {
        self.sandbox_url("faults")
    }

    /// Makes a change without the page.
    pub(crate) async fn change(&self, user: &str, body: Value) {
        let url = format!("{}users/{user}", self.console());
        let response = self.http.patch(url).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{body}");
    }

    /// Changes only the fields in the body, without the page.
    pub(crate) async fn merge(&self, user: &str, body: Value) {
        let url = format!("{}users/{user}", self.console());
        let request = self.http.patch(url).body(body.to_string());
        let request = request.header("content-type", "application/merge-patch+json");
        assert_eq!(request.send().await.unwrap().status(), 200, "{body}");
    }

    /// Pauses or resumes delivery without the page.
    pub(crate) async fn pause(&self, is_paused: bool) {
        let url = format!("{}sync/pause", self.console());
        let request = if is_paused {
            self.http.put(url)
        } else {
            self.http.delete(url)
        };
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    pub(crate) async fn state_of(&self, user: &str) -> String {
        let url = format!("{}users/{user}/sync", self.console());
        let receipt: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        receipt["state"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn add_fault(&self, fault: &str) {
        let request = self.http.post(self.sandbox_url("faults")).body(fault.to_owned());
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{fault}");
    }

    pub(crate) async fn end_faults(&self) {
        let request = self.http.delete(self.sandbox_url("faults"));
        assert!(request.send().await.unwrap().status().is_success());
    }

    fn sandbox_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/_sandbox/{path}", self.sandbox)
    }
}

/// A binary of the workspace. The test's own binary is one folder deeper.
fn find_program(name: &str) -> PathBuf {
    let own = env::current_exe().unwrap();
    let path = own.ancestors().nth(2).map(|folder| folder.join(name));
    let path = path.expect("the test binary is in a folder of the target directory");
    assert!(
        path.exists(),
        "{} is not built; run `cargo build` first",
        path.display()
    );
    path
}

/// The folder for screenshots.
pub(crate) fn screenshots() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = manifest.join("../../target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
