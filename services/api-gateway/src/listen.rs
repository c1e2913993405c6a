//! The listener, with a queue long enough for callers that all come at once.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be accepted; Linux takes no more than `net.core.somaxconn`, 4,096 by default. The usual 128
/// overflow where a thousand callers connect together, and whoever is dropped tries again after a second, then two, four …
const BACKLOG: u32 = 4_096;

/// Listens on an address.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A gateway that is started again need not wait for old connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
