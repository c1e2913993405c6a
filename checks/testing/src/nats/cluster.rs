//! Several nats-servers that form a cluster, of which each can be broken, and cut off from the others.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;

use super::server::PORT_ATTEMPTS;
use super::{NatsServer, NatsServerError, Options};
use crate::http;
use crate::ports::free_port;
use crate::proxy::Proxy;

/// An election takes some seconds, and more of them on a loaded machine.
const WELL_WITHIN: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(50);

/// How many nodes of NATS tests start: one, as without it, or three, where this says `cluster`.
const VARIABLE: &str = "TEST_NATS";

/// nats-servers that know each other; one alone is a plain server. They end with this process, or when this is dropped.
#[derive(Debug)]
pub struct NatsCluster {
    nodes: Vec<Node>,
    http: Client,
}

#[derive(Debug)]
struct Node {
    server: NatsServer,
    monitor: u16,
    /// Its ways to every node, in their order, itself included: what it is not told of it would not count as one.
    routes: Vec<Proxy>,
}

impl NatsCluster {
    /// Starts so many and waits until they have found each other. Each has a subfolder of the folder, or a temporary
    /// one.
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
        cluster.wait_until_well().await?;
        Ok(cluster)
    }

    /// So many nodes tests are to start.
    ///
    /// # Panics
    ///
    /// Where the variable says what cannot be understood.
    pub fn nodes_in_tests() -> usize {
        match std::env::var(VARIABLE).as_deref() {
            Ok("cluster") => 3,
            Ok("single") | Err(_) => 1,
            Ok(other) => panic!("{VARIABLE} is {other:?}, but must be single or cluster"),
        }
    }

    /// How many nodes there are, running or not.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// The addresses of all nodes, as `NATS_URL` takes them.
    pub fn url(&self) -> String {
        let urls: Vec<_> = self.nodes.iter().map(|node| node.server.url()).collect();
        urls.join(",")
    }

    /// The ports of all nodes.
    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|node| node.server.port()).collect()
    }

    /// One of them; counted from 0.
    pub fn node(&mut self, number: usize) -> &mut NatsServer {
        &mut self.nodes[number].server
    }

    /// Every one of them.
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

    /// Stops all of them as an operator would.
    pub async fn stop(&mut self) -> Result<(), NatsServerError> {
        for server in self.servers() {
            server.stop().await?;
        }
        Ok(())
    }

    /// Starts all of them on the same ports and stores, stopping first those that run.
    pub async fn restart(&mut self) -> Result<(), NatsServerError> {
        for server in self.servers() {
            server.restart().await?;
        }
        Ok(())
    }

    /// Removes the stores of all of them; only while they are down.
    pub fn wipe(&mut self) -> Result<(), NatsServerError> {
        self.servers().try_for_each(NatsServer::wipe)
    }

    /// Cuts a node off from the others, or lets it find them again. Clients reach it all the same.
    pub fn isolate(&self, number: usize, isolated: bool) {
        for (of, node) in self.nodes.iter().enumerate() {
            let routes = node.routes.iter().enumerate();
            routes
                .filter(|(to, _)| of == number || *to == number)
                .for_each(|(_, route)| route.refuse(isolated));
        }
    }

    /// Waits until every node says that it is well: it has found the others and knows what they know.
    pub async fn wait_until_well(&self) -> Result<(), NatsServerError> {
        let deadline = Instant::now() + WELL_WITHIN;
        for node in &self.nodes {
            let left = deadline.saturating_duration_since(Instant::now());
            http::wait_for_ok(&self.http, &node.health_url(), left).await?;
        }
        Ok(())
    }

    /// Whether a node says that it is well.
    pub async fn is_well(&self, number: usize) -> bool {
        let request = self.http.get(self.nodes[number].health_url());
        http::body_of(request).await.is_ok()
    }

    /// The node that leads the stream; none while no node that runs knows one.
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

    /// As [`Self::leader`], once there is one.
    pub async fn wait_for_leader(&self, stream: &str) -> Result<usize, NatsServerError> {
        let deadline = Instant::now() + WELL_WITHIN;
        loop {
            if let Some(leader) = self.leader(stream).await {
                return Ok(leader);
            }
            if Instant::now() >= deadline {
                return Err(NatsServerError::NoLeader {
                    stream: stream.to_owned(),
                    seconds: WELL_WITHIN.as_secs(),
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

/// Clients are not told of nodes they do not know yet, so that whoever put proxies before them can rely on those.
fn cluster(listens: u16, routes: &[Proxy]) -> String {
    let routes = routes
        .iter()
        .map(|route| format!("\"nats-route://127.0.0.1:{}\"", route.port()));
    // Nodes tell each other where the others are, and one that hears of a node before it has found it by its own way would
    // go there directly, past what cuts it off. What they tell leads nowhere.
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
