//! `hubsync status`: how the pipeline stands.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Asking, Exit, Failure,
    output::{age, list, text},
};

pub(crate) async fn run(asking: &Asking) -> Result<Exit, Failure> {
    let gateway = asking.gateway()?;
    let readiness = gateway.readiness().await?;
    let summary = match gateway.get("/sync/summary").await {
        Ok(summary) => summary,
        // What is not ready says why; nobody behind it can be asked.
        Err(Failure::Refused { .. }) if readiness["ready"] != true => Value::Null,
        Err(failure) => return Err(failure),
    };
    let well = readiness["ready"] == true && summary["line"]["state"] == "running";
    let status = json!({ "well": well, "gateway": readiness, "summary": summary });
    asking.output().print(&status, || describe(&status))?;
    Ok(Exit::well_if(well))
}

fn describe(status: &Value) -> String {
    let readiness = &status["gateway"];
    let mut entries = vec![("gateway", ready(readiness))];
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
        entries.extend(line(&summary["line"]));
        entries.extend(users(summary));
    }
    list(entries)
}

fn ready(readiness: &Value) -> String {
    let word = if readiness["ready"] == true {
        "ready"
    } else {
        "not ready"
    };
    word.to_owned()
}

fn line(line: &Value) -> Vec<(&'static str, String)> {
    let state = match line["state"].as_str() {
        Some("running") => "running".to_owned(),
        Some(_) => format!("{}: {}", text(&line["state"]), text(&line["sentence"])),
        None => "nobody delivers; start a hubspot service".to_owned(),
    };
    let mut entries = vec![("line", state), ("workers", text(&line["workers"]))];
    let calls = &line["calls"];
    for (name, left, most) in [
        ("calls left today", "dayLeft", "dayMax"),
        ("calls left in 10 s", "burstLeft", "burstMax"),
    ] {
        if let Some(left) = calls[left].as_u64() {
            entries.push((name, format!("{left} of {}", text(&calls[most]))));
        }
    }
    entries
}

fn users(summary: &Value) -> Vec<(&'static str, String)> {
    let mut pending = text(&summary["pending"]);
    if let Some(ms) = summary["oldestPendingAgeMs"].as_u64() {
        pending = format!("{pending}, the oldest for {}", age(ms));
    }
    let mut entries = vec![
        ("pending", pending),
        ("sent once more", text(&summary["resending"])),
    ];
    let mut by_state: BTreeMap<&str, u64> = BTreeMap::new();
    for trouble in summary["troubles"].as_array().into_iter().flatten() {
        *by_state
            .entry(trouble["state"].as_str().unwrap_or(""))
            .or_default() += trouble["users"].as_u64().unwrap_or(0);
    }
    for state in ["refused", "taken", "parked", "missing"] {
        let users = by_state.get(state).copied().unwrap_or(0);
        entries.push((state, users.to_string()));
    }
    entries
}
