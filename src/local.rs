//! Runs all services in this process: starts them in order, waits, and stops them in the reverse order of need.

mod banner;
pub(crate) mod data_folder;
mod nats;
mod readiness;
mod sandbox;

use std::future::Future;

use anyhow::Context;
use futures_util::future::select_all;
use runtime::{Metrics, Shutdown, health::Registry, open_files, private_files, settings::Env, telemetry};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    arguments::Arguments,
    settings::{Configs, ENV_FILES},
};
use banner::Banner;
use nats::LocalNats;
use readiness::print_readiness;

/// Runs everything until a signal arrives or a service fails.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let env = Env::load(&ENV_FILES);
    let is_real_hubspot = hubspot::Config::has_token(&env);
    let mut configs = Configs::read(&env, arguments, is_real_hubspot)?;
    telemetry::init(&configs.gateway.log);
    // This comes before the first file is written, and before nats-server starts, which inherits the file mode mask.
    private_files::by_default();
    open_files::raise_limit();
    let shutdown = Shutdown::on_signals()?;
    // The lock is held until the end, so that no second process uses the files of NATS and of the sandbox.
    let mut lock = data_folder::lock(&arguments.data)?;
    let listener = api_gateway::listen(configs.gateway.address).with_context(|| {
        format!(
            "the gateway cannot listen on {} (set another port with API_GATEWAY_PORT)",
            configs.gateway.address
        )
    })?;
    lock.write_gateway_address(listener.local_addr()?)?;
    let sandbox = if is_real_hubspot {
        None
    } else {
        let fields = configs.user.fields.as_deref().unwrap_or_default();
        Some(sandbox::start(arguments.sandbox_listen, &arguments.data, fields).await?)
    };
    let folder = arguments.data.join("nats");
    // The download of a nats-server can take long, so a signal stops it.
    let starting = LocalNats::start(&env, configs.gateway.nats.clone(), &folder);
    let Some(nats) = shutdown.or(Box::pin(starting)).await else {
        if let Some(sandbox) = sandbox {
            sandbox.shutdown().await;
        }
        return Ok(());
    };
    let nats = nats?;
    configs.gateway.nats = nats.settings.clone();
    let banner = Banner {
        gateway: listener.local_addr()?,
        nats: &nats.description,
        data: &arguments.data,
        sandbox: sandbox.as_ref().map(::sandbox::Sandbox::address),
    };
    let ended = run_services(configs, listener, &banner, &shutdown).await;
    nats.stop().await;
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    ended
}

/// A service in this process. Each has its own shutdown, so that they stop one after another.
struct RunningService {
    name: &'static str,
    shutdown: Shutdown,
    task: JoinHandle<anyhow::Result<()>>,
}

impl RunningService {
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
    let user_nats = runtime::nats::connect(&nats_settings, "user", shutdown).await?;
    let hubspot_nats = runtime::nats::connect(&nats_settings, "hubspot", shutdown).await?;
    // They stop in this order: first no change comes in, then nothing is delivered, and the user service stops last
    // because the other two need it until their end.
    let mut services = vec![
        RunningService::start("api-gateway", |stop| async move {
            Ok(api_gateway::serve(&gateway, listener, &gateway_metrics, stop).await?)
        }),
        RunningService::start("hubspot", |stop| async move {
            Ok(hubspot::serve(hubspot, hubspot_nats, hubspot_health, &hubspot_metrics, stop).await?)
        }),
        RunningService::start("user", |stop| async move {
            Ok(user::run(user, user_nats, user_health, stop).await?)
        }),
    ];
    tokio::select! {
        () = print_readiness(&registries, banner) => {}
        () = shutdown.triggered() => {}
        error = wait_for_failure(&mut services) => return Err(error),
    }
    tokio::select! {
        () = shutdown.triggered() => {}
        error = wait_for_failure(&mut services) => return Err(error),
    }
    stop(services).await
}

/// Waits for the first service to end. Without a shutdown, every end is a failure.
async fn wait_for_failure(services: &mut [RunningService]) -> anyhow::Error {
    let (ended, index, _) = select_all(services.iter_mut().map(|service| &mut service.task)).await;
    let name = services[index].name;
    match ended {
        Ok(Ok(())) => anyhow::anyhow!("{name} stopped unexpectedly"),
        Ok(Err(error)) => error.context(name),
        Err(panic) => anyhow::Error::new(panic).context(name),
    }
}

async fn stop(services: Vec<RunningService>) -> anyhow::Result<()> {
    for service in services {
        service.shutdown.trigger();
        service.task.await?.context(service.name)?;
    }
    Ok(())
}
