//! A cluster of nats-servers, of which each can be killed, and isolated from the others.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;

use super::server::PORT_ATTEMPTS;
use super::{NatsServer, NatsServerError, Options};
use crate::http;
use crate::ports::free_port;
use crate::proxy::Proxy;

/// The limit for elections, which take seconds, and longer on a loaded machine.
const HEALTHY_LIMIT: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(50);

/// Selects the number of NATS nodes in tests: `single` (default) for one, or `cluster` for three.
const VARIABLE: &str = "TEST_NATS";

/// The nodes of a cluster, or a single server. They stop when this process ends, or when this is dropped.
#[derive(Debug)]
pub struct NatsCluster {
    nodes: Vec<Node>,
    http: Client,
}

#[derive(Debug)]
struct Node {
    server: NatsServer,
    monitor: u16,
    /// The proxies to every node, in order. The node itself is included, because routes to unknown nodes would not count as
    /// part of the cluster.
    routes: Vec<Proxy>,
}

impl NatsCluster {
    /// Starts this many nodes and waits until they are connected. Each uses a subfolder of the folder, or a temporary folder.
    pub async fn start(size: usize, folder: Option<PathBuf>) -> Result<Self, NatsServerError> {
        let mut attempt = 1;
        loop {
            match Self::try_start(size, folder.as_ref()).await {
                Err(error) if attempt < PORT_ATTEMPTS && error.is_taken_port() => attempt += 1,
                result => return result,
            }
        }
    }

    async fn try_start(size: usize, folder: Option<&PathBuf>) -> Result<Self, NatsServerError> {
        let port = |()| free_port().map_err(NatsServerError::Port);
        let listening: Vec<u16> = vec![(); size].into_iter().map(port).collect::<Result<_, _>>()?;
        let mut nodes = Vec::with_capacity(size);
        for (number, listens) in listening.iter().enumerate() {
            let mut routes = Vec::with_capacity(size);
            for port in &listening {
                routes.push(Proxy::start(*port).await.map_err(NatsServerError::Port)?);
            }
            let monitor = port(())?;
            let mut config = format!("http: \"127.0.0.1:{monitor}\"\n");
            if size > 1 {
                config.push_str(&cluster(*listens, &routes));
            }
            let server = NatsServer::start(Options {
                folder: folder
                    .as_ref()
                    .map(|folder| folder.join(format!("node-{number}"))),
                config,
                ..Options::default()
            });
            nodes.push(Node {
                server: server.await?,
                monitor,
                routes,
            });
        }
        let cluster = Self {
            nodes,
            http: http::client(),
        };
        cluster.wait_until_healthy().await?;
        Ok(cluster)
    }

    /// The number of nodes that tests start.
    ///
    /// # Panics
    ///
    /// If the variable has another value.
    pub fn nodes_in_tests() -> usize {
        match std::env::var(VARIABLE).as_deref() {
            Ok("cluster") => 3,
            Ok("single") | Err(_) => 1,
            Ok(other) => panic!("{VARIABLE} is {other:?}, but must be single or cluster"),
        }
    }

    /// The number of nodes, running or not.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// The addresses of all nodes, for `NATS_URL`.
    pub fn url(&self) -> String {
        let urls: Vec<_> = self.nodes.iter().map(|node| node.server.url()).collect();
        urls.join(",")
    }

    /// The ports of all nodes.
    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|node| node.server.port()).collect()
    }

    /// A node by its number, from 0.
    pub fn node(&mut self, number: usize) -> &mut NatsServer {
        &mut self.nodes[number].server
    }

    /// All nodes.
    pub fn servers(&mut self) -> impl Iterator<Item = &mut NatsServer> {
        self.nodes.iter_mut().map(|node| &mut node.server)
    }

    /// Kills all of them.
    pub async fn kill(&mut self) -> Result<(), NatsServerError> {
        for server in self.servers() {
            server.kill().await?;
        }
        Ok(())
    }

    /// Stops all of them with SIGTERM.
    pub async fn stop(&mut self) -> Result<(), NatsServerError> {
        for server in self.servers() {
            server.stop().await?;
        }
        Ok(())
    }

    /// Restarts all of them on the same ports and stores. Running ones are stopped first.
    pub async fn restart(&mut self) -> Result<(), NatsServerError> {
        for server in self.servers() {
            server.restart().await?;
        }
        Ok(())
    }

    /// Deletes the stores of all of them. They must be stopped.
    pub fn wipe(&mut self) -> Result<(), NatsServerError> {
        self.servers().try_for_each(NatsServer::wipe)
    }

    /// Isolates a node from the others, or connects it again. Clients can reach it in both cases.
    pub fn isolate(&self, number: usize, isolated: bool) {
        for (of, node) in self.nodes.iter().enumerate() {
            let routes = node.routes.iter().enumerate();
            routes
                .filter(|(to, _)| of == number || *to == number)
                .for_each(|(_, route)| route.refuse(isolated));
        }
    }

    /// Waits until every node reports that it is healthy: it is connected to the others and up to date.
    pub async fn wait_until_healthy(&self) -> Result<(), NatsServerError> {
        let deadline = Instant::now() + HEALTHY_LIMIT;
        for node in &self.nodes {
            let left = deadline.saturating_duration_since(Instant::now());
            http::wait_for_ok(&self.http, &node.health_url(), left).await?;
        }
        Ok(())
    }

    /// Whether a node reports that it is healthy.
    pub async fn is_healthy(&self, number: usize) -> bool {
        let request = self.http.get(self.nodes[number].health_url());
        http::body_of(request).await.is_ok()
    }

    /// The node that leads the stream, if a running node knows it.
    pub async fn leader(&self, stream: &str) -> Option<usize> {
        for node in &self.nodes {
            let url = format!("http://127.0.0.1:{}/jsz?streams=true", node.monitor);
            if let Ok(body) = http::body_of(self.http.get(&url)).await
                && let Ok(answer) = serde_json::from_str::<Value>(&body)
                && let Some(leader) = leader_of(&answer, stream)
            {
                return self.nodes.iter().position(|node| node.server.name() == leader);
            }
        }
        None
    }

    /// Waits until the stream has a leader.
    pub async fn wait_for_leader(&self, stream: &str) -> Result<usize, NatsServerError> {
        let deadline = Instant::now() + HEALTHY_LIMIT;
        loop {
            if let Some(leader) = self.leader(stream).await {
                return Ok(leader);
            }
            if Instant::now() >= deadline {
                return Err(NatsServerError::NoLeader {
                    stream: stream.to_owned(),
                    seconds: HEALTHY_LIMIT.as_secs(),
                });
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

impl Node {
    fn health_url(&self) -> String {
        format!("http://127.0.0.1:{}/healthz", self.monitor)
    }
}

/// The configuration of a node. `no_advertise` keeps the node from telling clients the addresses of other nodes, so that a
/// client uses only the proxies that it was given.
fn cluster(listens: u16, routes: &[Proxy]) -> String {
    let routes = routes
        .iter()
        .map(|route| format!("\"nats-route://127.0.0.1:{}\"", route.port()));
    // Nodes tell each other their addresses, and would connect directly, without the proxies that isolate them. So each
    // node advertises an address that leads nowhere.
    format!(
        "cluster {{ name: hubsync, listen: \"127.0.0.1:{listens}\", advertise: \"127.0.0.1:1\", no_advertise: true, \
         routes: [{}] }}\n",
        routes.collect::<Vec<_>>().join(", ")
    )
}

fn leader_of<'a>(answer: &'a Value, stream: &str) -> Option<&'a str> {
    let accounts = answer["account_details"].as_array()?;
    let mut streams = accounts
        .iter()
        .filter_map(|account| account["stream_detail"].as_array())
        .flatten();
    let found = streams.find(|found| found["name"] == stream)?;
    found["cluster"]["leader"].as_str()
}
