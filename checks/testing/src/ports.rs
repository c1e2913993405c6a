//! Ports for servers that are stopped and started again.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

/// Below the ports that Linux and macOS give to outgoing connections. A client that keeps reconnecting to a stopped
/// server may otherwise be given the server's port as its own, and so keep it from coming back.
const RANGE: Range<u16> = 20_000..32_000;

const ATTEMPTS: usize = 200;

/// A port of the loopback interface that nobody listens on at this moment.
///
/// A server that can take port 0 should do that instead.
pub fn free_port() -> io::Result<u16> {
    for _ in 0..ATTEMPTS {
        let port = rand::random_range(RANGE);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        "no free port was found on the loopback interface",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_listened_on() -> io::Result<()> {
        let port = free_port()?;
        assert!(RANGE.contains(&port));
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop)
    }
}
