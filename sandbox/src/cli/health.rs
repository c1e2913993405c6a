//! Checks the health of a running sandbox, for containers without curl.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const TIMEOUT: Duration = Duration::from_secs(3);

/// Fails unless the sandbox at this address answers 200.
pub(crate) async fn check(listen: SocketAddr) -> anyhow::Result<()> {
    timeout(TIMEOUT, ask(connectable(listen)))
        .await
        .context("no answer within three seconds")?
}

async fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("cannot connect to {address}"))?;
    let request = format!("GET /_sandbox/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    ensure!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "the sandbox on {address} is not healthy"
    );
    Ok(())
}

/// The address to connect to: the loopback address if the sandbox listens on all addresses.
fn connectable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let ip = if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        address.set_ip(ip);
    }
    address
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn a_sandbox_on_all_addresses_is_checked_on_loopback() {
        for (listen, connect) in [
            ("0.0.0.0:3031", "127.0.0.1:3031"),
            ("[::]:3031", "[::1]:3031"),
            ("10.0.0.7:3031", "10.0.0.7:3031"),
        ] {
            assert_eq!(connectable(listen.parse().unwrap()).to_string(), connect);
        }
    }
}
