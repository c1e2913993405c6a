//! Connections that can be cut at any byte of a response.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// Lets the handler of a request cut its connection.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// How many more bytes may be sent; `usize::MAX` means no limit.
    allowance: Arc<AtomicUsize>,
}

impl Connection {
    /// Cuts the connection before another byte is sent.
    pub(crate) fn cut(&self) {
        self.cut_after(0);
    }

    /// Cuts the connection once this many more bytes are sent.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.allowance.store(bytes, Ordering::SeqCst);
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        Self {
            allowance: Arc::clone(&stream.io().allowance),
        }
    }
}

/// Accepts connections that can be cut.
#[derive(Debug)]
pub(crate) struct CuttableListener(pub(crate) TcpListener);

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Without this, small responses are delayed by Nagle's algorithm.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot turn off the delay of small responses on this connection");
        }
        (
            CuttableStream {
                stream,
                allowance: Arc::new(AtomicUsize::new(usize::MAX)),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A stream that fails once its allowance of bytes is sent.
#[derive(Debug)]
pub(crate) struct CuttableStream {
    stream: TcpStream,
    allowance: Arc<AtomicUsize>,
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let allowance = self.allowance.load(Ordering::SeqCst);
        if allowance == usize::MAX {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        if allowance == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        // Only a part is written; the caller writes the rest with the next call, which fails once nothing is allowed.
        let allowed = &bytes[..bytes.len().min(allowance)];
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(context, allowed))?;
        self.allowance.fetch_sub(written, Ordering::SeqCst);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
