//! Runs one of the scripts with the client it needs.

use std::{path::Path, time::Duration};

use tokio::{process::Command, time::timeout};

use crate::Client;

/// The time limit of a script, which is generous for a loaded machine.
const LIMIT: Duration = Duration::from_mins(2);

/// Runs a script. Panics with its output if it fails.
pub async fn run_script(client: Client, name: &str, variables: &[(&str, &str)]) {
    let folder = match client.install().await {
        Ok(folder) => folder,
        Err(error) => panic!("{error}"),
    };
    let program = match client {
        Client::Node => "node",
        Client::Python | Client::PythonSdk => "python3",
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name);
    let run = Command::new(program)
        .arg(script)
        .env("CLIENT_FOLDER", &folder)
        .env("PYTHONPATH", &folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // The sandbox is on this machine, so proxy settings for the registries must not apply.
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .envs(variables.iter().copied())
        .kill_on_drop(true)
        .output();
    let output = match timeout(LIMIT, run).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => {
            panic!(
                "{program} cannot be run ({error}): install it with `{}`",
                client.install_command()
            )
        }
        Err(elapsed) => panic!("{name} did not end in time: {elapsed}"),
    };
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed:\n{printed}");
}
