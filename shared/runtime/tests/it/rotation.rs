//! Credentials in addresses and files, and their replacement while a connection is open.

use std::fs;
use std::path::{Path, PathBuf};

use runtime::Shutdown;
use runtime::nats::{ConnectError, Nats, NatsSettings, connect};
use runtime::settings::{Env, Reader};
use rustix::process::Signal;
use tempfile::TempDir;
use testing::nats::{NatsServer, Options};
use testing::ports::free_port;
use testing::wait::until;
use tokio::time::timeout;

use crate::support::CEILING;

/// A server whose authorization is in a file that tests replace.
struct RotatingServer {
    server: NatsServer,
    folder: TempDir,
}

impl RotatingServer {
    async fn start(authorization: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("auth.conf"), authorization).unwrap();
        let server = NatsServer::start(Options {
            folder: Some(folder.path().to_owned()),
            config: "include auth.conf\n".to_owned(),
            ..Options::default()
        });
        Self {
            server: server.await.unwrap(),
            folder,
        }
    }

    /// Replaces the file and makes the server read it, which ends connections with the old credentials.
    fn rotate(&mut self, authorization: &str) {
        fs::write(self.folder.path().join("auth.conf"), authorization).unwrap();
        self.server.running().unwrap().signal(Signal::HUP).unwrap();
    }

    fn address(&self, credentials: &str) -> String {
        self.server
            .url()
            .replace("nats://", &format!("nats://{credentials}@"))
    }

    fn secret(&self, content: &str) -> PathBuf {
        let path = self.folder.path().join("secret");
        fs::write(&path, content).unwrap();
        path
    }
}

fn token(token: &str) -> String {
    format!("authorization {{ token: \"{token}\" }}\n")
}

fn user(name: &str, password: &str) -> String {
    format!("authorization {{ user: \"{name}\", password: \"{password}\" }}\n")
}

fn settings(pairs: &[(&str, &str)]) -> NatsSettings {
    let env = Env::from_pairs(pairs.iter().copied());
    let mut reader = Reader::new(&env);
    let settings = NatsSettings::read(&mut reader);
    reader.finish(|| Some(settings)).unwrap()
}

async fn connect_with(settings: &NatsSettings) -> Nats {
    let shutdown = Shutdown::new();
    let connecting = connect(settings, "service", &shutdown);
    timeout(CEILING, connecting).await.unwrap().unwrap()
}

async fn wait_for_next(nats: &Nats, epoch: u64) {
    timeout(CEILING, nats.wait_for_reconnect(epoch)).await.unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn credentials_in_the_address_open_the_server() {
    for (authorization, good, bad) in [
        (user("me", "p@ss:/,word"), "me:p%40ss%3A%2F%2Cword", "me:p%40ss"),
        (token("s3cret/t"), "s3cret%2Ft", "s3cret"),
    ] {
        let server = RotatingServer::start(&authorization).await;
        let nats = connect_with(&settings(&[("NATS_URL", &server.address(good))])).await;
        assert!(nats.is_connected());
        let rejected = settings(&[("NATS_URL", &server.address(bad))]);
        let error = connect(&rejected, "stranger", &Shutdown::new())
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
        let shown = format!("{error} {error:?} {rejected:?}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("p@ss") && !shown.contains("p%40"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn each_server_gets_its_own_credentials() {
    let mut one = RotatingServer::start(&user("a", "1")).await;
    let mut two = RotatingServer::start(&token("2")).await;
    let addresses = format!("{},{}", one.address("a:1"), two.address("2"));
    let nats = connect_with(&settings(&[("NATS_URL", &addresses)])).await;
    // The client uses one of the servers, then the other one after a stop, and then the first one again.
    for _ in 0..4 {
        let epoch = nats.epoch();
        let name = nats.client().server_info().server_name;
        let (present, other) = if name == one.server.name() {
            (&mut one, two.server.name())
        } else {
            (&mut two, one.server.name())
        };
        present.server.kill().await.unwrap();
        wait_for_next(&nats, epoch).await;
        assert_eq!(nats.client().server_info().server_name, other);
        present.server.restart().await.unwrap();
    }
}

#[tokio::test]
async fn a_replaced_token_is_used_for_the_next_connection() {
    let mut server = RotatingServer::start(&token("one")).await;
    let path = server.secret("one\n");
    let nats = connect_with(&settings(&[
        ("NATS_URL", &server.server.url()),
        ("NATS_TOKEN_FILE", text(&path)),
    ]))
    .await;
    // The client's file is replaced before the server's.
    let epoch = nats.epoch();
    fs::write(&path, "\u{feff}two\r\n").unwrap();
    server.rotate(&token("two"));
    wait_for_next(&nats, epoch).await;
    // The server's token is replaced first, and the client's file while the server rejects the old one.
    let epoch = nats.epoch();
    server.rotate(&token("three"));
    timeout(CEILING, nats.wait_until_disconnected()).await.unwrap();
    fs::write(&path, "three").unwrap();
    wait_for_next(&nats, epoch).await;
}

#[tokio::test]
async fn a_broken_password_file_keeps_the_last_valid_password() {
    let mut server = RotatingServer::start(&user("me", "one")).await;
    let path = server.secret("one");
    let url = server.server.url();
    let nats = connect_with(&settings(&[
        ("NATS_URL", &url),
        ("NATS_USER", "me"),
        ("NATS_PASSWORD_FILE", text(&path)),
    ]))
    .await;
    for broken in [&b""[..], b"\xff\xfeo\0", "o\u{200b}ne".as_bytes()] {
        fs::write(&path, broken).unwrap();
        let epoch = nats.epoch();
        server.server.restart().await.unwrap();
        wait_for_next(&nats, epoch).await;
    }
    fs::remove_file(&path).unwrap();
    let epoch = nats.epoch();
    server.server.restart().await.unwrap();
    wait_for_next(&nats, epoch).await;
    let epoch = nats.epoch();
    fs::write(&path, "two").unwrap();
    server.rotate(&user("me", "two"));
    wait_for_next(&nats, epoch).await;
}

#[tokio::test]
async fn an_advertised_node_gets_the_credentials_of_the_address() {
    let ports = [(); 2].map(|()| free_port().unwrap());
    let node = async |own: usize| {
        let (listens, other) = (ports[own], ports[1 - own]);
        let cluster = format!(
            "cluster {{ name: c, listen: \"127.0.0.1:{listens}\", routes: [\"nats-route://127.0.0.1:{other}\"] }}\n"
        );
        RotatingServer::start(&format!("{}{cluster}", user("me", "pw"))).await
    };
    let (mut first, second) = (node(0).await, node(1).await);
    let settings = settings(&[("NATS_URL", &first.address("me:pw"))]);
    // The library takes any message for the answer to CONNECT and drops it, also one about other nodes, so a connection that is
    // made while the nodes find each other may never learn of the other node. Each look therefore connects anew.
    let nats = until("a connection that knows both nodes", CEILING, async || {
        let nats = connect_with(&settings).await;
        let known = nats.client().server_pool().await.unwrap().len();
        if known > 1 { Ok(nats) } else { Err(known) }
    })
    .await;
    let epoch = nats.epoch();
    first.server.kill().await.unwrap();
    wait_for_next(&nats, epoch).await;
    assert_eq!(nats.client().server_info().server_name, second.server.name());
}
