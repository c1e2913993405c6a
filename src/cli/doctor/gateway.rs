//! The running gateway, and what it knows of the others.

use serde_json::Value;

use super::{super::Failure, Asking, Check};

const GATEWAY: &str = "gateway";
const LINE: &str = "line";

pub(super) async fn check(asking: &Asking) -> Vec<Check> {
    let readiness = match asking.gateway() {
        Ok(gateway) => gateway.readiness().await.map(|readiness| (gateway, readiness)),
        Err(failure) => Err(failure),
    };
    let (gateway, readiness) = match readiness {
        Ok(found) => found,
        Err(failure) => {
            let mend = match &failure {
                Failure::Refused { .. } => "as it says",
                _ => "start it, or name its address with --url or HUBSYNC_URL",
            };
            return vec![Check::failed(GATEWAY, &failure.to_string(), mend)];
        }
    };
    let mut checks = vec![Check::ok(GATEWAY, &format!("answers at {}", gateway.address()))];
    let of_gateway = readiness["checks"].as_array().into_iter().flatten();
    checks.extend(of_gateway.filter_map(of_readiness));
    match gateway.get("/sync/summary").await {
        Ok(summary) => checks.push(line(&summary["line"])),
        Err(failure) => checks.push(Check::not_checked(LINE, &failure.to_string())),
    }
    checks
}

fn of_readiness(check: &Value) -> Option<Check> {
    let (name, mend) = match check["name"].as_str()? {
        "nats" => (
            "gateway: nats",
            "start NATS, or set NATS_URL of the gateway to where it is",
        ),
        "user" => (
            "gateway: user",
            "start the user service; its log says what keeps it from answering",
        ),
        "clock" => ("gateway: clock", "set the clocks of the machines by NTP"),
        _ => return None,
    };
    let detail = check["detail"].as_str().unwrap_or_default();
    Some(match check["ok"].as_bool() {
        Some(true) => Check::ok(name, detail),
        _ if name == "gateway: clock" => Check::warning(name, detail, mend),
        _ => Check::failed(name, detail, mend),
    })
}

fn line(line: &Value) -> Check {
    let sentence = line["sentence"].as_str().unwrap_or_default();
    match line["state"].as_str() {
        Some("running") => Check::ok(LINE, sentence),
        Some("paused") => Check::warning(LINE, sentence, "hubsync resume lets delivery go on"),
        Some("starting") => Check::warning(LINE, sentence, "wait a moment"),
        Some(_) => Check::failed(LINE, sentence, "as it says"),
        None => Check::failed(
            LINE,
            "no hubspot service delivers",
            "start one; its log says what keeps it",
        ),
    }
}
