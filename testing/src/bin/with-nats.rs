//! Starts a nats-server with a fresh store and keeps it until Ctrl-C, for trying things out.

use std::error::Error;

use testing::nats::{NatsServer, Options};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut server = NatsServer::start(Options::default())
        .await
        .map_err(|error| error.to_string())?;
    let (url, version) = (server.url(), server.binary().version.clone());
    println!(
        "nats-server {version} listens on {url} as process {}",
        server.pid().unwrap_or_default()
    );
    println!("Ctrl-C ends it.");
    tokio::signal::ctrl_c().await?;
    server.stop().await?;
    Ok(())
}
