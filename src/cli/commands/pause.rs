//! `hubsync pause` and `hubsync resume`.

use reqwest::Method;

use super::super::{CommandError, ExitStatus, GatewayOptions, terminal::text};

pub(crate) async fn run(options: &GatewayOptions) -> Result<ExitStatus, CommandError> {
    set_pause(options, Method::PUT).await
}

pub(crate) async fn resume(options: &GatewayOptions) -> Result<ExitStatus, CommandError> {
    set_pause(options, Method::DELETE).await
}

async fn set_pause(options: &GatewayOptions, method: Method) -> Result<ExitStatus, CommandError> {
    let pause = options.gateway()?.send(method, "/sync/pause", None).await?;
    options.output().print(&pause, || {
        let requested = if pause["paused"] == true {
            let since = text(&pause["pausedSince"]);
            format!("delivery to HubSpot is paused since {since}; hubsync resume resumes it")
        } else {
            "delivery to HubSpot is resumed".to_owned()
        };
        if pause["inEffect"] == true {
            requested
        } else {
            format!(
                "{requested}\nthe hubspot service has not confirmed this yet; hubsync status shows when it does"
            )
        }
    })?;
    Ok(ExitStatus::Success)
}
