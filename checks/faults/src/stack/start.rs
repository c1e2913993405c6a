//! Starts everything, and starts again what ends without being told to.

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
    parts::{Link, Part},
};

const SANDBOX: &str = "hubspot-sandbox";
/// More than any contact gets.
const KEPT_WRITES: &str = "10000000";
const START_LIMIT: Duration = Duration::from_mins(1);
const LOOKED_AFTER_EVERY: Duration = Duration::from_millis(200);
/// So long a service that ended by itself stays down, as under a supervisor.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

/// A service ended without being told to.
#[derive(Debug, Clone, Serialize)]
pub struct UnplannedEnd {
    /// Which.
    pub part: Part,
    /// When that was noticed.
    pub at: Timestamp,
    /// Its exit code.
    pub code: i32,
    /// The end of its log.
    pub tail: String,
}

impl Stack {
    /// Starts every part and waits until changes are taken and delivered.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("hubsync-faults-").tempdir()?;
        let disk = Disk::make(folder.path().join("database"))?;
        let nats = NatsCluster::start(options.nodes, Some(folder.path().join("nats-0"))).await?;
        let wanted = options.cast().services();
        let own = wanted.iter().copied().map(|part| Ok((part, free_port()?)));
        let own: BTreeMap<Part, u16> = own.collect::<std::io::Result<_>>()?;
        let sandbox_port = free_port()?;
        let mut links = BTreeMap::new();
        for link in options.cast().links() {
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
        for &part in &wanted {
            let ports = ports(part, &links, own[&part]);
            let settings = settings(part, &ports, &database, options);
            let program = program(&options.programs, part.program())?;
            let service = Service::new(part, program, folder.path().to_owned(), settings);
            services.insert(part, Mutex::new(service));
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
        for part in wanted.into_iter().rev() {
            stack.service(part).await?.start().await?;
        }
        stack.wait_until_ready().await?;
        Ok(stack)
    }

    /// Waits until every service says that it is ready; a hubspot service that stands by is.
    pub async fn wait_until_ready(&self) -> anyhow::Result<()> {
        let sandbox = format!("{}/_sandbox/health", self.sandbox_url());
        http::wait_for_ok(&self.http, &sandbox, START_LIMIT).await?;
        for part in self.parts() {
            http::wait_for_ok(&self.http, &self.ready_url(part), START_LIMIT).await?;
        }
        Ok(())
    }

    /// Starts again whatever ends by itself, for ever.
    pub async fn look_after_services(&self) -> anyhow::Result<()> {
        loop {
            for (part, service) in &self.services {
                // One that somebody breaks at the moment is in good hands.
                let Ok(mut service) = service.try_lock() else {
                    continue;
                };
                if self.note_unplanned_end(*part, &mut service) {
                    tokio::time::sleep(RESTART_PAUSE).await;
                    service.start().await?;
                }
            }
            tokio::time::sleep(LOOKED_AFTER_EVERY).await;
        }
    }

    /// Whether a service had ended without being told to.
    pub(super) fn note_unplanned_end(&self, part: Part, service: &mut Service) -> bool {
        let Some((code, tail)) = service.take_unplanned_end() else {
            return false;
        };
        let end = UnplannedEnd {
            part,
            at: Timestamp::now(),
            code,
            tail,
        };
        let mut unplanned = self.unplanned.lock().unwrap_or_else(PoisonError::into_inner);
        unplanned.push(end);
        true
    }
}

fn ports(part: Part, links: &BTreeMap<Link, Proxies>, own: u16) -> Ports {
    let ports = |link| links.get(&link).map(Proxies::ports).unwrap_or_default();
    Ports {
        nats: ports(Link::Nats(part)),
        own,
        hubspot: ports(Link::Hubspot(part)).first().copied(),
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
