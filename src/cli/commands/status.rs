//! `hubsync status`: the state of the gateway, of delivery, and of all users.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    super::{
        CommandError, ExitStatus, GatewayOptions,
        terminal::{definitions, format_age, text},
    },
    problems::ProblemState,
};

pub(crate) async fn run(options: &GatewayOptions) -> Result<ExitStatus, CommandError> {
    let gateway = options.gateway()?;
    let readiness = gateway.readiness().await?;
    let summary = match gateway.get("/sync/summary").await {
        Ok(summary) => summary,
        // Without the user service there is no summary; the gateway's checks already say what is not ready.
        Err(CommandError::Rejected { .. }) if readiness["ready"] != true => Value::Null,
        Err(error) => return Err(error),
    };
    let healthy = readiness["ready"] == true && summary["delivery"]["status"] == "running";
    let status = json!({ "healthy": healthy, "gateway": readiness, "summary": summary });
    options.output().print(&status, || describe(&status))?;
    Ok(ExitStatus::success_if(healthy))
}

fn describe(status: &Value) -> String {
    let readiness = &status["gateway"];
    let ready = if readiness["ready"] == true {
        "ready"
    } else {
        "not ready"
    };
    let mut entries = vec![("gateway", ready.to_owned())];
    for check in readiness["checks"].as_array().into_iter().flatten() {
        if check["ok"] != true {
            entries.push((
                "",
                format!("{}: {}", text(&check["name"]), text(&check["detail"])),
            ));
        }
    }
    let summary = &status["summary"];
    if !summary.is_null() {
        entries.extend(describe_delivery(&summary["delivery"]));
        entries.extend(describe_users(summary));
    }
    definitions(entries)
}

fn describe_delivery(delivery: &Value) -> Vec<(&'static str, String)> {
    let status = match delivery["status"].as_str() {
        Some("running") => "running".to_owned(),
        Some(_) => format!("{}: {}", text(&delivery["status"]), text(&delivery["message"])),
        None => "no hubspot service delivers; start one".to_owned(),
    };
    let mut entries = vec![("delivery", status), ("workers", text(&delivery["workers"]))];
    let calls = &delivery["calls"];
    for (name, left, max) in [
        ("calls left today", "dayLeft", "dayMax"),
        ("calls left in 10 s", "burstLeft", "burstMax"),
    ] {
        if let Some(left) = calls[left].as_u64() {
            entries.push((name, format!("{left} of {}", text(&calls[max]))));
        }
    }
    entries
}

fn describe_users(summary: &Value) -> Vec<(&'static str, String)> {
    let mut pending = text(&summary["pending"]);
    if let Some(ms) = summary["oldestPendingAgeMs"].as_u64() {
        pending = format!("{pending}, the oldest for {}", format_age(ms));
    }
    let mut entries = vec![("pending", pending), ("resending", text(&summary["resending"]))];
    let mut users_by_state: BTreeMap<&str, u64> = BTreeMap::new();
    for problem in summary["problems"].as_array().into_iter().flatten() {
        *users_by_state
            .entry(problem["state"].as_str().unwrap_or(""))
            .or_default() += problem["users"].as_u64().unwrap_or(0);
    }
    for state in ProblemState::ALL.map(ProblemState::name) {
        let users = users_by_state.get(state).copied().unwrap_or(0);
        entries.push((state, users.to_string()));
    }
    entries
}
