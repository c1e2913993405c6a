//! Opens the listener, with a queue that is long enough for many callers that connect at the same time.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// How many connections may wait to be accepted. Linux reduces the number to `net.core.somaxconn`, 4,096 by default. The usual
/// 128 are too few when a thousand callers connect together: callers whose packet is dropped try again after one second, then
/// after two, four and so on.
const BACKLOG: u32 = 4_096;

/// Listens on an address.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Without this, a gateway that restarts could not listen until the system has forgotten its old connections.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
