//! All services as processes on free ports of this machine, with a data folder that is deleted at the end.

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
    figures::process_usage::POSTGRES,
    system::{
        database::BenchDatabase, gateway::Gateway, hubspot_sandbox::HubspotSandbox, programs::find_program,
    },
};

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// The size of the sandbox's log, which is enough for the longest drain.
const MAX_LOGGED_CALLS: &str = "1000000";
const SANDBOX: &str = "hubspot-sandbox";
/// The service that is started and stopped during a run.
pub const HUBSPOT: &str = "hubspot";

/// The running system. Dropping it stops all processes.
#[derive(Debug)]
pub struct Stack {
    nats: NatsServer,
    running: BTreeMap<&'static str, Child>,
    /// The settings of all services. Each service ignores those of the others.
    settings: Vec<(&'static str, String)>,
    http: Client,
    ready_url: BTreeMap<&'static str, String>,
    gateway_url: String,
    sandbox_url: String,
    database: BenchDatabase,
    // This comes last because fields are dropped in order, and the processes use the folder.
    folder: TempDir,
}

impl Stack {
    /// Starts everything except the hubspot service, with additional settings.
    pub async fn start(
        http: Client,
        database: BenchDatabase,
        more: &[(&'static str, String)],
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("hubsync-bench-").tempdir()?;
        let nats = NatsServer::start(Options::default()).await?;
        let [gateway, user, hubspot, sandbox] = ports()?;
        let local = |port: u16| format!("127.0.0.1:{port}");
        let sandbox_url = format!("http://{}", local(sandbox));
        let mut settings = vec![
            ("NATS_URL", nats.url()),
            ("USER_DATABASE_URL", database.url()),
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
            database,
            folder,
        };
        let listen = ["--listen", &local(sandbox), "--kept-calls", MAX_LOGGED_CALLS];
        stack.launch(SANDBOX, &listen).await?;
        stack.start_service("user").await?;
        stack.start_service("api-gateway").await?;
        Ok(stack)
    }

    /// Starts a service and waits until it is ready.
    pub async fn start_service(&mut self, name: &'static str) -> anyhow::Result<()> {
        self.launch(name, &[]).await
    }

    /// Stops a service with SIGTERM.
    pub async fn stop_service(&mut self, name: &'static str) -> anyhow::Result<()> {
        let Some(mut child) = self.running.remove(name) else {
            return Ok(());
        };
        child.terminate()?;
        child.wait(STOP_LIMIT).await?;
        Ok(())
    }

    /// Kills a service with SIGKILL.
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

    /// Restarts NATS with its store.
    pub async fn start_nats(&mut self) -> anyhow::Result<()> {
        Ok(self.nats.restart().await?)
    }

    /// A client of the gateway.
    pub fn gateway(&self) -> Gateway {
        Gateway::new(self.http.clone(), self.gateway_url.clone())
    }

    /// The address of the console.
    pub fn console_url(&self) -> String {
        format!("{}/", self.gateway_url)
    }

    /// The request for the stream of events.
    pub fn events_request(&self) -> RequestBuilder {
        self.http.get(format!("{}/sync/events", self.gateway_url))
    }

    /// The request for an import, without its body.
    pub fn import_request(&self) -> RequestBuilder {
        self.http.post(format!("{}/users/import", self.gateway_url))
    }

    /// A client of the sandbox.
    pub fn sandbox(&self) -> HubspotSandbox {
        HubspotSandbox::new(self.http.clone(), self.sandbox_url.clone())
    }

    /// The address of the database.
    pub fn database_url(&self) -> String {
        self.database.url()
    }

    /// The address of NATS.
    pub fn nats_url(&self) -> String {
        self.nats.url()
    }

    /// The process ids of all running components, and of the bench itself.
    pub fn process_ids(&mut self) -> Vec<(&'static str, u32)> {
        let nats = self.nats.pid().map(|pid| ("nats-server", pid));
        let database = self.database.process_id().map(|pid| (POSTGRES, pid));
        let services = self.running.iter().map(|(name, child)| (*name, child.pid()));
        let bench = ("bench (the load)", std::process::id());
        services.chain(nats).chain(database).chain([bench]).collect()
    }

    /// The last log lines of each service, for the error of a failed run.
    pub fn log_tails(&self) -> String {
        let tail = |(name, child): (&&str, &Child)| format!("{name}:\n{}\n", child.tail());
        self.running.iter().map(tail).collect()
    }

    /// Stops everything. A service stops before those that it needs.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        for name in ["api-gateway", HUBSPOT, "user", SANDBOX] {
            self.stop_service(name).await?;
        }
        self.nats.stop().await?;
        Ok(())
    }

    async fn launch(&mut self, name: &'static str, arguments: &[&str]) -> anyhow::Result<()> {
        let mut launch = Launch::new(find_program(name)?)
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
