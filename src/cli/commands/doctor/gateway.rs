//! Checks the running gateway, and what it reports about the other services.

use serde_json::Value;

use super::{Check, CommandError, GatewayOptions};

const GATEWAY: &str = "gateway";
const DELIVERY: &str = "delivery";

/// The first check says whether the gateway answers. The others follow only if it does.
pub(super) async fn check(options: &GatewayOptions) -> Vec<Check> {
    let readiness = match options.gateway() {
        Ok(gateway) => gateway.readiness().await.map(|readiness| (gateway, readiness)),
        Err(error) => Err(error),
    };
    let (gateway, readiness) = match readiness {
        Ok(found) => found,
        Err(error) => {
            let fix = match &error {
                CommandError::Rejected { .. } => "do what the message says",
                _ => "start it, or name its address with --url or HUBSYNC_URL",
            };
            return vec![Check::failed(GATEWAY, &error.to_string(), fix)];
        }
    };
    let address = gateway.printed_url();
    let mut checks = vec![Check::ok(GATEWAY, &format!("answers at {address}"))];
    let reported = readiness["checks"].as_array().into_iter().flatten();
    checks.extend(reported.filter_map(from_readiness));
    match gateway.get("/sync/summary").await {
        Ok(summary) => checks.push(from_delivery(&summary["delivery"])),
        Err(error) => checks.push(Check::not_checked(DELIVERY, &error.to_string())),
    }
    checks
}

fn from_readiness(check: &Value) -> Option<Check> {
    let (name, fix) = match check["name"].as_str()? {
        "nats" => (
            "gateway: nats",
            "start NATS, or set NATS_URL of the gateway to its address",
        ),
        "user" => (
            "gateway: user",
            "start the user service; its log says why it does not answer",
        ),
        "clock" => (
            "gateway: clock",
            "synchronize the clocks of the machines with NTP",
        ),
        _ => return None,
    };
    let detail = check["detail"].as_str().unwrap_or_default();
    Some(match check["ok"].as_bool() {
        Some(true) => Check::ok(name, detail),
        _ if name == "gateway: clock" => Check::warning(name, detail, fix),
        _ => Check::failed(name, detail, fix),
    })
}

fn from_delivery(delivery: &Value) -> Check {
    let message = delivery["message"].as_str().unwrap_or_default();
    match delivery["status"].as_str() {
        Some("running") => Check::ok(DELIVERY, message),
        Some("paused") => Check::warning(DELIVERY, message, "hubsync resume resumes delivery"),
        Some("starting") => Check::warning(DELIVERY, message, "wait a moment"),
        Some(_) => Check::failed(DELIVERY, message, "do what the message says"),
        None => Check::failed(
            DELIVERY,
            "no hubspot service delivers",
            "start a hubspot service; its log says why it does not deliver",
        ),
    }
}
