//! `hubsync doctor` checks the data folder of the hubsync that is running.

use serde_json::Value;
use tokio::process::Command;

use super::Hubsync;

impl Hubsync {
    /// Runs `doctor` in the working folder of this hubsync.
    async fn doctor(&self, options: &[&str]) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubsync"));
        let command = command
            .env_clear()
            .env("PATH", &self.path)
            .current_dir(self.folder.path());
        let command = command.args(options).args(["doctor", "--json"]);
        let url = format!("http://127.0.0.1:{}", self.gateway);
        let output = command.env("HUBSYNC_URL", url).output().await.unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// The result and the detail of a check.
fn found<'a>(document: &'a Value, name: &str) -> (&'a str, &'a str) {
    let checks = document["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name).unwrap();
    (
        check["result"].as_str().unwrap(),
        check["detail"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn a_doctor_skips_a_folder_that_the_gateway_does_not_use() {
    let mut hubsync = Hubsync::new();
    hubsync.settings.push(("HUBSYNC_DATA", "elsewhere".to_owned()));
    hubsync.start().await;
    let elsewhere = hubsync.doctor(&[]).await;
    let (result, detail) = found(&elsewhere, "database");
    assert_eq!(result, "notChecked", "{detail}");
    assert!(
        detail.contains(".hubsync") && detail.contains("--data"),
        "{detail}"
    );
    assert_eq!(found(&elsewhere, "hubspot token").0, "notChecked");
    let sandbox = format!("127.0.0.1:{}", hubsync.sandbox);
    let named = ["--data", "elsewhere", "--sandbox-listen", &sandbox];
    let there = hubsync.doctor(&named).await;
    assert_eq!(found(&there, "database").0, "ok", "{there}");
    assert_eq!(found(&there, "hubspot token").0, "ok", "{there}");
    hubsync.stop().await;
    // Without a running gateway, doctor checks the folder of its own options.
    let stopped = hubsync.doctor(&named[..2]).await;
    let (result, detail) = found(&stopped, "database");
    assert_eq!(result, "ok", "{detail}");
}
