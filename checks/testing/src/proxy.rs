//! A TCP proxy between two parties of the system: it passes on, slows down, stalls, refuses and cuts.

use std::{io, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

const CHUNK_BYTES: usize = 16 * 1024;

/// How one direction is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// What comes is passed on.
    Open,
    /// Each chunk waits so long before it is passed on.
    Slow(Duration),
    /// Nothing passes, and connections stay: the other side cannot tell this from silence.
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
    there: Passage,
    back: Passage,
    /// Grows with each cut; connections that began before one end with it.
    cuts: u64,
}

impl Proxy {
    /// Listens on a port of its own and passes on to the target, which need not listen yet.
    pub async fn start(target: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (control, watched) = watch::channel(Control {
            target,
            refuses: false,
            there: Passage::Open,
            back: Passage::Open,
            cuts: 0,
        });
        let listening = tokio::spawn(listen(listener, watched));
        Ok(Self {
            port,
            control,
            listening,
        })
    }

    /// Where to connect instead of to the target.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leads to another port from now on, and ends the connections to the one before.
    pub fn lead_to(&self, target: u16) {
        self.control.send_modify(|control| {
            control.target = target;
            control.cuts += 1;
        });
    }

    /// Resets every connection there is.
    pub fn cut(&self) {
        self.control.send_modify(|control| control.cuts += 1);
    }

    /// Cuts everything, and resets whoever connects until it is asked not to.
    pub fn refuse(&self, refuses: bool) {
        self.control.send_modify(|control| {
            control.refuses = refuses;
            control.cuts += u64::from(refuses);
        });
    }

    /// Sets both directions: towards the target, and back.
    pub fn set(&self, there: Passage, back: Passage) {
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
        // A connection that could not be taken is one that was cut.
        if let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, control.clone()));
        }
    }
}

async fn carry(mut client: TcpStream, mut control: watch::Receiver<Control>) {
    let begun = *control.borrow_and_update();
    if begun.refuses {
        return reset(&client);
    }
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, begun.target)).await else {
        return reset(&client);
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ended_well = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let there = pump(from_client, to_server, control.clone(), |control| control.there);
        let back = pump(from_server, to_client, control.clone(), |control| control.back);
        tokio::select! {
            // Fails when the proxy itself is gone, which cuts as well.
            _ = control.wait_for(|control| control.cuts != begun.cuts) => false,
            ended = async { tokio::try_join!(there, back) } => ended.is_ok(),
        }
    };
    if !ended_well {
        reset(&client);
        reset(&server);
    }
}

/// When the connection is dropped next, the other side sees a reset.
fn reset(connection: &TcpStream) {
    // A connection that is gone already needs none.
    let _ = connection.set_zero_linger();
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut control: watch::Receiver<Control>,
    passage: fn(&Control) -> Passage,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = from.read(&mut chunk).await?;
        wait_for_passage(&mut control, passage).await;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&chunk[..length]).await?;
    }
}

async fn wait_for_passage(control: &mut watch::Receiver<Control>, passage: fn(&Control) -> Passage) {
    loop {
        let now = passage(&control.borrow_and_update());
        match now {
            Passage::Open => return,
            Passage::Slow(delay) => return tokio::time::sleep(delay).await,
            // When the proxy is gone, the connection is cut.
            Passage::Stalled if control.changed().await.is_err() => return,
            Passage::Stalled => {}
        }
    }
}

#[cfg(test)]
mod tests;
