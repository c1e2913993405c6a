//! Starts every part in its order, waits, and stops them in theirs.

use std::future::Future;

use anyhow::Context;
use futures_util::future::select_all;
use runtime::{
    Metrics, Shutdown,
    health::Registry,
    nats, open_files, private_files,
    settings::{Env, SettingsError},
    telemetry,
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    announce::announce, arguments::Arguments, banner::Banner, broker::Broker, crm, data_folder, names,
};

/// The files settings are read from, beneath the environment.
pub(crate) const ENV_FILES: [&str; 4] = [
    "nats.env",
    "services/api-gateway/.env",
    "services/user/.env",
    "services/hubspot/.env",
];

/// The settings of every service.
struct Configs {
    gateway: api_gateway::Config,
    user: user::Config,
    hubspot: hubspot::Config,
}

/// Runs everything until a signal, or until a part fails.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let env = Env::load(&ENV_FILES);
    let real = hubspot::Config::has_token(&env);
    let mut configs = read_configs(&env, arguments, real)?;
    telemetry::init(&configs.gateway.log);
    // Before anything is written, and for nats-server too, which inherits it.
    private_files::by_default();
    open_files::allow_most();
    let shutdown = Shutdown::on_signals()?;
    // Held to the end: neither NATS nor the sandbox shares its files with a second process.
    let _lock = data_folder::lock(&arguments.data)?;
    let listener = api_gateway::listen(configs.gateway.address).with_context(|| {
        format!(
            "the gateway cannot listen on {} (API_GATEWAY_PORT moves it)",
            configs.gateway.address
        )
    })?;
    let sandbox = if real {
        None
    } else {
        Some(crm::start_sandbox(arguments.sandbox_listen, &arguments.data).await?)
    };
    let folder = arguments.data.join("nats");
    // Fetching a nats-server may take a while, and may be in vain.
    let starting = Broker::start(&env, configs.gateway.nats.clone(), &folder);
    let Some(broker) = shutdown.or(Box::pin(starting)).await else {
        if let Some(sandbox) = sandbox {
            sandbox.shutdown().await;
        }
        return Ok(());
    };
    let broker = broker?;
    configs.gateway.nats = broker.settings.clone();
    let banner = Banner {
        gateway: listener.local_addr()?,
        nats: &broker.description,
        data: &arguments.data,
        sandbox: sandbox.as_ref().map(sandbox::Sandbox::address),
    };
    let outcome = run_services(configs, listener, &banner, &shutdown).await;
    broker.stop().await;
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    outcome
}

/// Reads the settings of every service and reports the faults of all of them together.
fn read_configs(env: &Env, arguments: &Arguments, real: bool) -> Result<Configs, SettingsError> {
    let configs = read_each(env, arguments, real);
    // After all of them were read, which is what tells the names there are.
    match (configs, names::check(env)) {
        ((Ok(gateway), Ok(user), Ok(hubspot)), Ok(())) => Ok(Configs {
            gateway,
            user,
            hubspot,
        }),
        ((gateway, user, hubspot), names) => {
            let errors = [names.err(), gateway.err(), user.err(), hubspot.err()];
            let faults = errors.into_iter().flatten();
            Err(faults
                .reduce(SettingsError::and)
                .expect("one of them is at fault"))
        }
    }
}

type Read<Config> = Result<Config, SettingsError>;

/// The settings of each service, for all of them in one process.
pub(crate) fn read_each(
    env: &Env,
    arguments: &Arguments,
    real: bool,
) -> (
    Read<api_gateway::Config>,
    Read<user::Config>,
    Read<hubspot::Config>,
) {
    let mut env = env.clone();
    if env.get("USER_DATABASE_URL").is_none() {
        let file = arguments.data.join("users.db");
        env = env.with("USER_DATABASE_URL", &format!("sqlite:{}", file.display()));
    }
    if !real {
        env = env.with(
            "HUBSPOT_SANDBOX_URL",
            &format!("http://{}", arguments.sandbox_listen),
        );
    }
    (
        api_gateway::Config::read(&env),
        user::Config::read(&env),
        hubspot::Config::read(&env),
    )
}

/// A service that runs in this process, with a shutdown of its own so that they end in order.
struct Part {
    name: &'static str,
    shutdown: Shutdown,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Part {
    fn start<Running>(name: &'static str, run: impl FnOnce(Shutdown) -> Running) -> Self
    where
        Running: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let shutdown = Shutdown::new();
        let task = tokio::spawn(run(shutdown.clone()));
        Self { name, shutdown, task }
    }
}

async fn run_services(
    configs: Configs,
    listener: TcpListener,
    banner: &Banner<'_>,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let Configs {
        gateway,
        user,
        hubspot,
    } = configs;
    let nats_settings = gateway.nats.clone();
    let registries = [
        Registry::new("user", &user::service::CHECKS),
        Registry::new("hubspot", &hubspot::CHECKS),
    ];
    let metrics = Metrics::default();
    let (gateway_metrics, hubspot_metrics) = (metrics.clone(), metrics);
    let [user_health, hubspot_health] = registries.clone();
    let for_user = nats::connect(&nats_settings, "user", shutdown).await?;
    let for_hubspot = nats::connect(&nats_settings, "hubspot", shutdown).await?;
    // In the order in which they are stopped: nothing new comes in, then nothing goes out, then the books close.
    let mut parts = vec![
        Part::start("api-gateway", |stop| async move {
            Ok(api_gateway::serve(&gateway, listener, &gateway_metrics, stop).await?)
        }),
        Part::start("hubspot", |stop| async move {
            Ok(hubspot::serve(hubspot, for_hubspot, hubspot_health, &hubspot_metrics, stop).await?)
        }),
        Part::start("user", |stop| async move {
            Ok(user::serve(user, for_user, user_health, stop).await?)
        }),
    ];
    tokio::select! {
        () = announce(&registries, banner) => {}
        () = shutdown.triggered() => {}
        failed = first_to_end(&mut parts) => return Err(failed),
    }
    tokio::select! {
        () = shutdown.triggered() => {}
        failed = first_to_end(&mut parts) => return Err(failed),
    }
    stop(parts).await
}

/// A part that ends before it is told to has failed.
async fn first_to_end(parts: &mut [Part]) -> anyhow::Error {
    let (outcome, index, _) = select_all(parts.iter_mut().map(|part| &mut part.task)).await;
    let name = parts[index].name;
    match outcome {
        Ok(Ok(())) => anyhow::anyhow!("{name} ended by itself"),
        Ok(Err(error)) => error.context(name),
        Err(panic) => anyhow::Error::new(panic).context(name),
    }
}

async fn stop(parts: Vec<Part>) -> anyhow::Result<()> {
    for part in parts {
        part.shutdown.trigger();
        part.task.await?.context(part.name)?;
    }
    Ok(())
}
