//! Free ports for servers that are stopped and restarted.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

/// Lower than the ports that Linux and macOS use for outgoing connections. Otherwise a client that reconnects to a stopped
/// server could get the server's port for its own end, and the server could not start again.
const RANGE: Range<u16> = 20_000..32_000;

const ATTEMPTS: usize = 200;

/// Returns a port of the loopback interface on which no program listens at the moment.
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
