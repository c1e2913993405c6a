//! Starts everything, and restarts services that stop unexpectedly.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex as Lock, PoisonError},
    time::Duration,
};

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde::Serialize;
use testing::{
    http,
    nats::NatsCluster,
    ports::free_port,
    postgres::{Options as PostgresOptions, PostgresServer},
    process::{Child, Launch},
};
use tokio::sync::Mutex;

use super::{
    Proxies, Service, Stack,
    disk::Disk,
    settings::{Ports, settings},
};
use crate::{
    options::Options,
    system::components::{Component, Link},
};

const SANDBOX: &str = "hubspot-sandbox";
/// More writes than any contact gets.
const KEPT_WRITES: &str = "10000000";
const START_LIMIT: Duration = Duration::from_mins(1);
const SUPERVISION_INTERVAL: Duration = Duration::from_millis(200);
/// How long a service that stopped unexpectedly stays down, as under a supervisor.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

/// A service that stopped without a signal from the harness.
#[derive(Debug, Clone, Serialize)]
pub struct UnplannedEnd {
    /// The service.
    pub component: Component,
    /// When the harness noticed it.
    pub at: Timestamp,
    /// Its exit code.
    pub code: i32,
    /// The end of its log.
    pub tail: String,
}

impl Stack {
    /// Starts everything and waits until every service is ready.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("hubsync-faults-").tempdir()?;
        let disk = Disk::make(folder.path().join("database"))?;
        let nats = NatsCluster::start(options.nodes, Some(folder.path().join("nats-0"))).await?;
        let wanted = options.topology().services();
        let own = wanted
            .iter()
            .copied()
            .map(|component| Ok((component, free_port()?)));
        let own: BTreeMap<Component, u16> = own.collect::<std::io::Result<_>>()?;
        let sandbox_port = free_port()?;
        let mut links = BTreeMap::new();
        for link in options.topology().links() {
            let targets = match link {
                Link::Callers(gateway) => vec![own[&gateway]],
                Link::Nats(_) => nats.ports(),
                Link::Hubspot(_) => vec![sandbox_port],
            };
            links.insert(link, Proxies::start(&targets).await?);
        }
        let sandbox = start_sandbox(&options.programs, folder.path(), sandbox_port).await?;
        let server = if options.postgres {
            Some(PostgresServer::start(PostgresOptions::default()).await?)
        } else {
            None
        };
        let database = server.as_ref().map_or_else(
            || format!("sqlite:{}", disk.folder().join("users.db").display()),
            PostgresServer::url,
        );
        let mut services = BTreeMap::new();
        for &component in &wanted {
            let ports = ports(component, &links, own[&component]);
            let settings = settings(component, &ports, &database, options);
            let program = program(&options.programs, component.program())?;
            let service = Service::new(component, program, folder.path().to_owned(), settings);
            services.insert(component, Mutex::new(service));
        }
        let stack = Self {
            http: http::client(),
            services,
            nats: Mutex::new(nats),
            links,
            sandbox: Mutex::new(sandbox),
            sandbox_port,
            health: own,
            unplanned: Lock::default(),
            database: database.parse()?,
            server: server.map(Mutex::new),
            disk,
            folder,
        };
        for component in wanted.into_iter().rev() {
            stack.service(component).await?.start().await?;
        }
        stack.wait_until_ready().await?;
        Ok(stack)
    }

    /// Waits until every service is ready. A hubspot service on standby counts as ready.
    pub async fn wait_until_ready(&self) -> anyhow::Result<()> {
        let sandbox = format!("{}/_sandbox/health", self.sandbox_url());
        http::wait_for_ok(&self.http, &sandbox, START_LIMIT).await?;
        for component in self.components() {
            http::wait_for_ok(&self.http, &self.ready_url(component), START_LIMIT).await?;
        }
        Ok(())
    }

    /// Restarts services that stop unexpectedly, until this is cancelled.
    pub async fn supervise_services(&self) -> anyhow::Result<()> {
        loop {
            for (component, service) in &self.services {
                // A locked service is being stopped or restarted by a fault.
                let Ok(mut service) = service.try_lock() else {
                    continue;
                };
                if self.note_unplanned_end(*component, &mut service) {
                    tokio::time::sleep(RESTART_PAUSE).await;
                    service.start().await?;
                }
            }
            tokio::time::sleep(SUPERVISION_INTERVAL).await;
        }
    }

    /// Records the end of a service that has stopped unexpectedly. Returns whether it has.
    pub(super) fn note_unplanned_end(&self, component: Component, service: &mut Service) -> bool {
        let Some((code, tail)) = service.take_unplanned_end() else {
            return false;
        };
        let end = UnplannedEnd {
            component,
            at: Timestamp::now(),
            code,
            tail,
        };
        let mut unplanned = self.unplanned.lock().unwrap_or_else(PoisonError::into_inner);
        unplanned.push(end);
        true
    }
}

fn ports(component: Component, links: &BTreeMap<Link, Proxies>, own: u16) -> Ports {
    let ports = |link| links.get(&link).map(Proxies::ports).unwrap_or_default();
    Ports {
        nats: ports(Link::Nats(component)),
        own,
        hubspot: ports(Link::Hubspot(component)).first().copied(),
    }
}

async fn start_sandbox(programs: &Path, folder: &Path, port: u16) -> anyhow::Result<Child> {
    let listen = format!("127.0.0.1:{port}");
    let launch = Launch::new(program(programs, SANDBOX)?)
        .clean_env()
        .current_dir(folder)
        .log(folder.join("sandbox.log"));
    let arguments = ["--listen", &listen, "--kept-writes", KEPT_WRITES];
    let launch = arguments.iter().fold(launch, Launch::arg);
    launch.start().await.context("the sandbox")
}

fn program(programs: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let path = programs.join(name);
    ensure!(
        path.exists(),
        "{} is not built; run `cargo build` first",
        path.display()
    );
    Ok(path)
}
