//! `hubsync pause` and `hubsync resume`.

use reqwest::Method;

use super::{Asking, Exit, Failure, output::text};

pub(crate) async fn pause(asking: &Asking) -> Result<Exit, Failure> {
    control(asking, Method::PUT).await
}

pub(crate) async fn resume(asking: &Asking) -> Result<Exit, Failure> {
    control(asking, Method::DELETE).await
}

async fn control(asking: &Asking, method: Method) -> Result<Exit, Failure> {
    let line = asking.gateway()?.send(method, "/sync/pause", None).await?;
    asking.output().print(&line, || {
        let said = if line["paused"] == true {
            let since = text(&line["pausedSince"]);
            format!("delivery to HubSpot is paused since {since}; hubsync resume lets it go on")
        } else {
            "delivery to HubSpot goes on".to_owned()
        };
        if line["inEffect"] == true {
            said
        } else {
            format!("{said}\nthe hubspot service has not confirmed it yet; hubsync status shows when it does")
        }
    })?;
    Ok(Exit::Well)
}
