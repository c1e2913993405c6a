//! A caller's connection. It ends when no byte moves on it for too long although a response waits to be sent.
//!
//! hyper has no limit for a caller that does not read its responses. The system has one (`TCP_USER_TIMEOUT`), but it also ends
//! connections on which the caller is still sending, as during an import.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// How many bytes of a response the system holds until the caller reads them. Linux doubles the number for its own
/// bookkeeping.
#[cfg(target_os = "linux")]
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// A connection with a limit on the time that a response waits to be read.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    stall_limit: StallLimit,
    /// The limit that the system was last given as `TCP_USER_TIMEOUT`; `None` means that it has none.
    system_limit: Option<Duration>,
    /// Runs while bytes wait to be sent.
    stall_timer: Option<Pin<Box<Sleep>>>,
}

/// How long no byte may move on a connection while a response waits to be read. Clones belong to the same connection.
#[derive(Debug, Clone)]
pub(crate) struct StallLimit {
    limit_ms: Arc<AtomicU64>,
    default: Duration,
}

impl StallLimit {
    fn new(default: Duration) -> Self {
        let stall_limit = Self {
            limit_ms: Arc::default(),
            default,
        };
        stall_limit.reset();
        stall_limit
    }

    /// Sets another limit, until the next request on this connection.
    pub(crate) fn set(&self, limit: Duration) {
        let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        self.limit_ms.store(limit_ms, Ordering::Relaxed);
    }

    /// Ends the connection at the next write that cannot be made: the caller is known not to read.
    pub(crate) fn expire(&self) {
        self.set(Duration::ZERO);
    }

    /// Sets the limit of ordinary responses again.
    pub(crate) fn reset(&self) {
        self.set(self.default);
    }

    fn get(&self) -> Duration {
        Duration::from_millis(self.limit_ms.load(Ordering::Relaxed))
    }
}

impl Connection {
    pub(super) fn new(stream: TcpStream, default: Duration) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER_BYTES)?;
        let mut connection = Self {
            stream,
            stall_limit: StallLimit::new(default),
            system_limit: None,
            stall_timer: None,
        };
        connection.set_system_limit(Some(default));
        Ok(connection)
    }

    pub(super) fn stall_limit(&self) -> StallLimit {
        self.stall_limit.clone()
    }

    /// Sets the system's own limit, which notices a caller whose network is gone before our buffers are full. It cannot see that
    /// a caller is still sending, so it is off while a caller may send for long.
    fn set_system_limit(&mut self, limit: Option<Duration>) {
        if self.system_limit == limit {
            return;
        }
        self.system_limit = limit;
        #[cfg(target_os = "linux")]
        {
            let limit_ms = limit.map_or(0, |limit| u32::try_from(limit.as_millis()).unwrap_or(u32::MAX));
            // If this fails, our own timer still ends the connection, some seconds later.
            let _ = rustix::net::sockopt::set_tcp_user_timeout(&self.stream, limit_ms);
        }
    }

    /// Restarts the timer: bytes that arrive prove that the caller is there, even if it reads nothing.
    fn restart_stall_timer(&mut self) {
        if let Some(timer) = &mut self.stall_timer {
            timer.as_mut().reset(Instant::now() + self.stall_limit.get());
        }
    }

    /// Passes the result of a write on. While writes are blocked the timer runs; when it ends, so does the connection.
    fn check_stall<T>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stall_timer = None;
            return result;
        }
        let limit = self.stall_limit.get();
        let timer = self
            .stall_timer
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(timer.as_mut().poll(context));
        // The system discards what it still holds for this caller; otherwise it would try to deliver it for minutes.
        #[cfg(target_os = "linux")]
        let _ = rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
        let limit_s = limit.as_secs_f32();
        let why = format!("the caller read nothing of its response for {limit_s} s");
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)))
    }

    fn prepare_write(&mut self) {
        let (limit, default) = (self.stall_limit.get(), self.stall_limit.default);
        self.set_system_limit((limit == default).then_some(default));
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.restart_stall_timer();
        }
        result
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.prepare_write();
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.check_stall(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.prepare_write();
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.check_stall(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The system may still send the end of a response after this; the usual limit applies to that again.
        self.set_system_limit(Some(self.stall_limit.default));
    }
}
