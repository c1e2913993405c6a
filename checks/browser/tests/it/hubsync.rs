//! A whole hubsync in one process, with the sandbox in it.

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

/// Generous: a loaded machine is slow, and what hangs is found all the same.
pub(crate) const CEILING: Duration = Duration::from_mins(1);

pub(crate) struct Hubsync {
    folder: TempDir,
    gateway: u16,
    sandbox: u16,
    process: Option<Child>,
    http: reqwest::Client,
}

impl Hubsync {
    /// Everything, ready.
    pub(crate) async fn start() -> Self {
        let [gateway, sandbox] = [(); 2].map(|()| free_port().unwrap());
        let mut hubsync = Self {
            folder: tempfile::tempdir().unwrap(),
            gateway,
            sandbox,
            process: None,
            http: http::client(),
        };
        hubsync.start_again().await;
        hubsync
    }

    /// On the data that is there.
    pub(crate) async fn start_again(&mut self) {
        let mut process = Launch::new(built("hubsync"))
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

    /// Where the console is.
    pub(crate) fn console(&self) -> String {
        format!("http://127.0.0.1:{}/", self.gateway)
    }

    /// Another site on the same machine.
    pub(crate) fn sandbox(&self) -> String {
        self.sandbox_url("faults")
    }

    /// A change by somebody else than the page.
    pub(crate) async fn change(&self, user: &str, body: Value) {
        let url = format!("{}users/{user}", self.console());
        let response = self.http.patch(url).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{body}");
    }

    /// Changes what the body names and nothing else.
    pub(crate) async fn merge(&self, user: &str, body: Value) {
        let url = format!("{}users/{user}", self.console());
        let request = self.http.patch(url).body(body.to_string());
        let request = request.header("content-type", "application/merge-patch+json");
        assert_eq!(request.send().await.unwrap().status(), 200, "{body}");
    }

    /// Delivery is paused by somebody else than the page, or goes on.
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

/// A binary of the workspace: the test's own lies one folder deeper.
fn built(name: &str) -> PathBuf {
    let own = env::current_exe().unwrap();
    let path = own.ancestors().nth(2).map(|folder| folder.join(name));
    let path = path.expect("a test lies in a folder of the target's");
    assert!(
        path.exists(),
        "{} is not built; run `cargo build` first",
        path.display()
    );
    path
}

/// Where pictures go.
pub(crate) fn screenshots() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = manifest.join("../../target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
