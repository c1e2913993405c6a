//! A caller's connection, which ends when nothing moves on it although there is something to send.
//!
//! hyper has no limit for a caller that does not take its answers, and the system's own (`TCP_USER_TIMEOUT`) also ends
//! connections on which the caller is still sending.

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

/// How much of an answer the system holds until the caller reads it. Linux doubles the number for its own bookkeeping.
#[cfg(target_os = "linux")]
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// See the module.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    patience: Patience,
    /// The limit that the system was told last.
    told_system: Option<Duration>,
    /// Runs while something waits to be sent.
    stalled: Option<Pin<Box<Sleep>>>,
}

/// How long nothing may move on a connection while an answer waits to be taken. Clones are of the same connection.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    limit_ms: Arc<AtomicU64>,
    usual: Duration,
}

impl Patience {
    fn new(usual: Duration) -> Self {
        let patience = Self {
            limit_ms: Arc::default(),
            usual,
        };
        patience.reset();
        patience
    }

    /// Waits that long instead, until the next request.
    pub(crate) fn set(&self, limit: Duration) {
        let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        self.limit_ms.store(limit_ms, Ordering::Relaxed);
    }

    /// Nobody takes the answer, which is known already.
    pub(crate) fn lose(&self) {
        self.set(Duration::ZERO);
    }

    /// Waits as long as for any answer.
    pub(crate) fn reset(&self) {
        self.set(self.usual);
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(self.limit_ms.load(Ordering::Relaxed))
    }
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, usual: Duration) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER_BYTES)?;
        let mut connection = Self {
            stream,
            patience: Patience::new(usual),
            told_system: None,
            stalled: None,
        };
        connection.tell_system(Some(usual));
        Ok(connection)
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience.clone()
    }

    /// The system's limit finds a caller that is cut off from us, before its buffers are full. It does not know that a caller
    /// is still sending, so it is off while one may send for long.
    fn tell_system(&mut self, limit: Option<Duration>) {
        if self.told_system == limit {
            return;
        }
        self.told_system = limit;
        #[cfg(target_os = "linux")]
        {
            let limit_ms = limit.map_or(0, |limit| u32::try_from(limit.as_millis()).unwrap_or(u32::MAX));
            // Without it the connection ends all the same, some seconds later.
            let _ = rustix::net::sockopt::set_tcp_user_timeout(&self.stream, limit_ms);
        }
    }

    /// Bytes moved in either direction, so the wait for the caller begins anew.
    fn moved(&mut self) {
        if let Some(stalled) = &mut self.stalled {
            stalled.as_mut().reset(Instant::now() + self.patience.limit());
        }
    }

    /// Takes note of whether a write went through, and ends the connection when none did for too long.
    fn wrote<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stalled = None;
            return result;
        }
        let limit = self.patience.limit();
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(stalled.as_mut().poll(context));
        // What the system still holds is dropped, too, as nobody takes it.
        #[cfg(target_os = "linux")]
        let _ = rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
        let limit_s = limit.as_secs_f32();
        let why = format!("the caller took nothing of its answer for {limit_s} s");
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)))
    }

    fn before_write(&mut self) {
        let (limit, usual) = (self.patience.limit(), self.patience.usual);
        self.tell_system((limit == usual).then_some(usual));
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
            self.moved();
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
        self.before_write();
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.before_write();
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(context, result)
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
        // What the system still sends after the end is limited as for any answer.
        self.tell_system(Some(self.patience.usual));
    }
}
