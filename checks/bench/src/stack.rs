//! Every part as a process of its own, on free ports of this machine, with a data folder that goes with the run.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use reqwest::{Client, RequestBuilder};
use tempfile::TempDir;
use testing::{
    http::wait_for_ok,
    nats::{NatsServer, Options},
    ports::free_port,
    process::{Child, Launch},
};

use crate::{
    binaries::beside, disk::Disk, gateway::Gateway, hubspot_sandbox::HubspotSandbox, usage::POSTGRES,
};

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// The sandbox's log keeps every call of the longest drain.
const KEPT_CALLS: &str = "1000000";
const SANDBOX: &str = "hubspot-sandbox";
/// The service that is started and stopped in the course of a run.
pub const HUBSPOT: &str = "hubspot";

/// What runs. Dropping it ends all of it.
#[derive(Debug)]
pub struct Stack {
    nats: NatsServer,
    running: BTreeMap<&'static str, Child>,
    /// The same for each service; none reads what it does not know.
    settings: Vec<(&'static str, String)>,
    http: Client,
    ready_url: BTreeMap<&'static str, String>,
    gateway_url: String,
    sandbox_url: String,
    disk: Disk,
    // Last, for fields are dropped in this order.
    folder: TempDir,
}

impl Stack {
    /// Starts everything but the hubspot service, with these settings besides the usual ones.
    pub async fn start(http: Client, disk: Disk, more: &[(&'static str, String)]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("hubsync-bench-").tempdir()?;
        let nats = NatsServer::start(Options::default()).await?;
        let [gateway, user, hubspot, sandbox] = ports()?;
        let local = |port: u16| format!("127.0.0.1:{port}");
        let sandbox_url = format!("http://{}", local(sandbox));
        let mut settings = vec![
            ("NATS_URL", nats.url()),
            ("USER_DATABASE_URL", disk.url()),
            ("USER_HEALTH_LISTEN", local(user)),
            ("HUBSPOT_SANDBOX_URL", sandbox_url.clone()),
            ("HUBSPOT_HEALTH_LISTEN", local(hubspot)),
            ("API_GATEWAY_PORT", gateway.to_string()),
        ];
        settings.extend_from_slice(more);
        let ready = |port| format!("http://{}/readyz", local(port));
        let mut stack = Self {
            nats,
            running: BTreeMap::new(),
            settings,
            http,
            ready_url: BTreeMap::from([
                ("user", ready(user)),
                ("api-gateway", ready(gateway)),
                (HUBSPOT, ready(hubspot)),
                (SANDBOX, format!("{sandbox_url}/_sandbox/health")),
            ]),
            gateway_url: format!("http://{}", local(gateway)),
            sandbox_url,
            disk,
            folder,
        };
        let listen = ["--listen", &local(sandbox), "--kept-calls", KEPT_CALLS];
        stack.launch(SANDBOX, &listen).await?;
        stack.start_service("user").await?;
        stack.start_service("api-gateway").await?;
        Ok(stack)
    }

    /// Starts a service and waits until it is ready.
    pub async fn start_service(&mut self, name: &'static str) -> anyhow::Result<()> {
        self.launch(name, &[]).await
    }

    /// Stops a service as an operator would.
    pub async fn stop_service(&mut self, name: &'static str) -> anyhow::Result<()> {
        let Some(mut child) = self.running.remove(name) else {
            return Ok(());
        };
        child.terminate()?;
        child.wait(STOP_LIMIT).await?;
        Ok(())
    }

    /// Ends a service as a crash would.
    pub async fn kill_service(&mut self, name: &'static str) -> anyhow::Result<()> {
        if let Some(mut child) = self.running.remove(name) {
            child.kill()?;
            child.wait(STOP_LIMIT).await?;
        }
        Ok(())
    }

    /// Stops NATS.
    pub async fn stop_nats(&mut self) -> anyhow::Result<()> {
        Ok(self.nats.stop().await?)
    }

    /// Starts NATS again, on what it has stored.
    pub async fn start_nats(&mut self) -> anyhow::Result<()> {
        Ok(self.nats.restart().await?)
    }

    /// The gateway.
    pub fn gateway(&self) -> Gateway {
        Gateway::new(self.http.clone(), self.gateway_url.clone())
    }

    /// Where the console is.
    pub fn console_url(&self) -> String {
        format!("{}/", self.gateway_url)
    }

    /// A look at the events, yet to be sent.
    pub fn events_request(&self) -> RequestBuilder {
        self.http.get(format!("{}/sync/events", self.gateway_url))
    }

    /// An import, without its body.
    pub fn import_request(&self) -> RequestBuilder {
        self.http.post(format!("{}/users/import", self.gateway_url))
    }

    /// The sandbox.
    pub fn sandbox(&self) -> HubspotSandbox {
        HubspotSandbox::new(self.http.clone(), self.sandbox_url.clone())
    }

    /// The address of the database.
    pub fn database_url(&self) -> String {
        self.disk.url()
    }

    /// The address of NATS.
    pub fn nats_url(&self) -> String {
        self.nats.url()
    }

    /// The process id of each part that runs, and of the bench itself.
    pub fn process_ids(&mut self) -> Vec<(&'static str, u32)> {
        let nats = self.nats.pid().map(|pid| ("nats-server", pid));
        let database = self.disk.process_id().map(|pid| (POSTGRES, pid));
        let services = self.running.iter().map(|(name, child)| (*name, child.pid()));
        let bench = ("bench (the load)", std::process::id());
        services.chain(nats).chain(database).chain([bench]).collect()
    }

    /// The last lines of what each service said, for a run that failed.
    pub fn tails(&self) -> String {
        let tail = |(name, child): (&&str, &Child)| format!("{name}:\n{}\n", child.tail());
        self.running.iter().map(tail).collect()
    }

    /// Stops everything, in the order in which nothing is missed.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        for name in ["api-gateway", HUBSPOT, "user", SANDBOX] {
            self.stop_service(name).await?;
        }
        self.nats.stop().await?;
        Ok(())
    }

    async fn launch(&mut self, name: &'static str, arguments: &[&str]) -> anyhow::Result<()> {
        let mut launch = Launch::new(beside(name)?)
            .clean_env()
            .current_dir(self.folder.path());
        for argument in arguments {
            launch = launch.arg(argument);
        }
        for (name, value) in &self.settings {
            launch = launch.env(name, value);
        }
        let child = launch.start().await?;
        self.running.insert(name, child);
        let url = &self.ready_url[name];
        let ready = wait_for_ok(&self.http, url, START_LIMIT).await;
        ready.with_context(|| format!("{name} did not start:\n{}", self.running[name].tail()))
    }
}

fn ports() -> std::io::Result<[u16; 4]> {
    Ok([free_port()?, free_port()?, free_port()?, free_port()?])
}
