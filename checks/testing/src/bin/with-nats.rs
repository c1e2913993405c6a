//! Runs a nats-server until Ctrl-C: `with-nats [FOLDER]`.
//!
//! Without a folder, its store is temporary.

use std::error::Error;
use std::path::PathBuf;

use testing::nats::{NatsServer, Options};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // The signal handler is installed before the message about Ctrl-C is printed.
    let mut ctrl_c = signal(SignalKind::interrupt())?;
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let started = NatsServer::start(Options {
        folder,
        ..Options::default()
    })
    .await;
    let mut server = started.map_err(|error| error.to_string())?;
    let (url, version) = (server.url(), server.binary().version.clone());
    println!(
        "nats-server {version} listens on {url} as process {}",
        server.pid().unwrap_or_default()
    );
    println!("Ctrl-C stops it.");
    ctrl_c.recv().await;
    server.stop().await?;
    Ok(())
}
