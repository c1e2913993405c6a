//! Checks whether a port belongs to the server that we started.

use std::io;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(2);
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// The first message of a server on each connection.
#[derive(Deserialize)]
struct Info {
    server_name: String,
    #[serde(default)]
    jetstream: bool,
}

/// Succeeds if the server of this name answers with `JetStream` on.
pub(super) async fn check_ready(port: u16, name: &str) -> Result<(), String> {
    let info = match tokio::time::timeout(LIMIT, read_info(port)).await {
        Ok(info) => info.map_err(|error| error.to_string())?,
        Err(_) => return Err("no greeting".to_owned()),
    };
    if info.server_name != name {
        return Err("another server listens there".to_owned());
    }
    if info.jetstream {
        Ok(())
    } else {
        Err("JetStream is off".to_owned())
    }
}

async fn read_info(port: u16) -> io::Result<Info> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_LINE_BYTES))
        .read_line(&mut line)
        .await?;
    let json = line
        .strip_prefix("INFO ")
        .ok_or_else(|| io::Error::other("the program on this port is not a nats-server"))?;
    serde_json::from_str(json).map_err(io::Error::other)
}
