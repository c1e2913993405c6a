//! A TCP proxy that can slow down, stall, refuse and reset connections.

use std::{io, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

const CHUNK_BYTES: usize = 16 * 1024;

/// How data passes in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFlow {
    /// Data passes.
    Open,
    /// Each chunk is delayed by this time.
    Slow(Duration),
    /// No data passes, and connections stay open.
    Stalled,
}

/// A proxy in front of one port of this machine.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    control: watch::Sender<Control>,
    listening: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy)]
struct Control {
    target: u16,
    refuses: bool,
    there: DataFlow,
    back: DataFlow,
    /// Grows with each cut. Connections from before a cut end with it.
    cuts: u64,
}

impl Proxy {
    /// Listens on a free port and connects clients to the target port, which need not be open yet.
    pub async fn start(target: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (control, watched) = watch::channel(Control {
            target,
            refuses: false,
            there: DataFlow::Open,
            back: DataFlow::Open,
            cuts: 0,
        });
        let listening = tokio::spawn(listen(listener, watched));
        Ok(Self {
            port,
            control,
            listening,
        })
    }

    /// The port for clients.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the target port, and resets connections to the previous one.
    pub fn set_target(&self, target: u16) {
        self.control.send_modify(|control| {
            control.target = target;
            control.cuts += 1;
        });
    }

    /// Resets all connections.
    pub fn cut(&self) {
        self.control.send_modify(|control| control.cuts += 1);
    }

    /// Resets all connections, and new ones while `refuses` is set.
    pub fn refuse(&self, refuses: bool) {
        self.control.send_modify(|control| {
            control.refuses = refuses;
            control.cuts += u64::from(refuses);
        });
    }

    /// Sets both directions: towards the target, and back.
    pub fn set(&self, there: DataFlow, back: DataFlow) {
        self.control.send_modify(|control| {
            control.there = there;
            control.back = back;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, control: watch::Receiver<Control>) {
    loop {
        // A connection that fails here looks like a reset to the client.
        if let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve_connection(client, control.clone()));
        }
    }
}

async fn serve_connection(mut client: TcpStream, mut control: watch::Receiver<Control>) {
    let at_start = *control.borrow_and_update();
    if at_start.refuses {
        return reset(&client);
    }
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, at_start.target)).await else {
        return reset(&client);
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ended_cleanly = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let there = pump(from_client, to_server, control.clone(), |control| control.there);
        let back = pump(from_server, to_client, control.clone(), |control| control.back);
        tokio::select! {
            // This fails when the proxy is dropped, which ends the connection as well.
            _ = control.wait_for(|control| control.cuts != at_start.cuts) => false,
            ended = async { tokio::try_join!(there, back) } => ended.is_ok(),
        }
    };
    if !ended_cleanly {
        reset(&client);
        reset(&server);
    }
}

/// Makes the connection end with a reset when it is dropped.
fn reset(connection: &TcpStream) {
    // This fails only if the connection has ended already.
    let _ = connection.set_zero_linger();
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut control: watch::Receiver<Control>,
    flow: fn(&Control) -> DataFlow,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = from.read(&mut chunk).await?;
        wait_for_flow(&mut control, flow).await;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&chunk[..length]).await?;
    }
}

async fn wait_for_flow(control: &mut watch::Receiver<Control>, flow: fn(&Control) -> DataFlow) {
    loop {
        let now = flow(&control.borrow_and_update());
        match now {
            DataFlow::Open => return,
            DataFlow::Slow(delay) => return tokio::time::sleep(delay).await,
            // The proxy was dropped, so the connection ends.
            DataFlow::Stalled if control.changed().await.is_err() => return,
            DataFlow::Stalled => {}
        }
    }
}

#[cfg(test)]
mod tests;
