//! `hubsync doctor`: checks everything that hubsync needs, and says how to fix what is broken.
//!
//! It only reads: it makes no stream, migrates no table and writes no contact.

mod check;
mod database;
mod gateway;
mod hubspot;
mod nats;

use std::path::Path;

use ::runtime::{
    one_line,
    settings::{Env, SettingsError},
};
use serde_json::json;

use super::super::{CommandError, ExitStatus, GatewayOptions, terminal::table};
use crate::{
    arguments::Arguments,
    local::data_folder,
    settings::{self, ENV_FILES},
};
use check::{Check, CheckResult};

pub(crate) async fn run(options: &GatewayOptions, arguments: &Arguments) -> Result<ExitStatus, CommandError> {
    let gateway_checks = gateway::check(options).await;
    let gateway_answers = gateway_checks[0].result == CheckResult::Ok;
    let data_folder = DataFolder {
        path: &arguments.data,
        is_relevant: !gateway_answers || gateway_uses_folder(options, &arguments.data)?,
    };
    let mut checks = Vec::new();
    check_by_settings(&Env::load(&ENV_FILES), arguments, &data_folder, &mut checks).await;
    checks.extend(gateway_checks);
    let healthy = checks.iter().all(|check| check.result != CheckResult::Failed);
    let document = json!({ "healthy": healthy, "checks": checks });
    options.output().print(&document, || describe(&checks))?;
    Ok(ExitStatus::success_if(healthy))
}

/// The data folder of this command line. If no setting names a database and a sandbox, the ones in this folder are
/// checked.
struct DataFolder<'a> {
    path: &'a Path,
    /// Whether the gateway that answers keeps its data there, or no gateway answers.
    is_relevant: bool,
}

/// Whether the gateway that answers belongs to the hubsync that uses this folder.
fn gateway_uses_folder(options: &GatewayOptions, folder: &Path) -> Result<bool, CommandError> {
    let gateway = options.gateway()?;
    Ok(data_folder::gateway_of(folder).is_some_and(|address| gateway.listens_at(address)))
}

impl DataFolder<'_> {
    fn not_checked(&self, name: &'static str, setting: &str) -> Check {
        let path = self.path.display();
        let why = format!(
            "the gateway that answers does not use the data folder {path}; name its folder with --data before the \
             command, or set {setting}"
        );
        Check::not_checked(name, &why)
    }
}

async fn check_by_settings(
    env: &Env,
    arguments: &Arguments,
    data_folder: &DataFolder<'_>,
    checks: &mut Vec<Check>,
) {
    let is_real_hubspot = ::hubspot::Config::has_token(env);
    let (gateway_config, user_config, mut hubspot_config) =
        settings::read_each(env, arguments, is_real_hubspot);
    if env.get("HUBSPOT_SANDBOX_URL").is_some() {
        // Services that run separately call the sandbox that this setting names, not the one that `hubsync` starts.
        hubspot_config = ::hubspot::Config::read(env);
    }
    let errors = [
        settings::check_names(env).err(),
        gateway_config.err(),
        user_config.as_ref().err().cloned(),
        hubspot_config.as_ref().err().cloned(),
    ];
    match errors.into_iter().flatten().reduce(SettingsError::and) {
        Some(error) => checks.extend(invalid_settings(&error)),
        None => checks.push(Check::ok("settings", "all settings are valid")),
    }
    match &user_config {
        Ok(config) => {
            let is_named = env.get("NATS_URL").is_some();
            checks.extend(nats::check(config, is_named).await);
            if data_folder.is_relevant || env.get("USER_DATABASE_URL").is_some() {
                checks.extend(database::check(&config.database).await);
            } else {
                checks.push(data_folder.not_checked(database::NAME, "USER_DATABASE_URL"));
            }
        }
        Err(_) => checks.extend(["nats", "database"].map(Check::not_checked_without_settings)),
    }
    match &hubspot_config {
        Ok(_) if !is_real_hubspot && !data_folder.is_relevant && env.get("HUBSPOT_SANDBOX_URL").is_none() => {
            checks.push(data_folder.not_checked(hubspot::TOKEN, "HUBSPOT_SANDBOX_URL"));
        }
        Ok(config) => checks.extend(hubspot::check(config, is_real_hubspot).await),
        Err(_) => checks.push(Check::not_checked_without_settings("hubspot")),
    }
}

fn invalid_settings(error: &SettingsError) -> Vec<Check> {
    let files = ENV_FILES.join(", ");
    let fix = format!(
        "set it in the environment or in one of {files}; the example files beside them explain each setting"
    );
    error
        .faults()
        .iter()
        .map(|fault| Check::failed("settings", &fault.to_string(), &fix))
        .collect()
}

fn describe(checks: &[Check]) -> String {
    let rows = checks.iter().map(|check| {
        let fix = check
            .fix
            .as_ref()
            .map_or_else(String::new, |fix| format!("\n→ {}", one_line(fix)));
        let detail = format!("{}{fix}", one_line(&check.detail));
        [check.result.text().to_owned(), check.name.to_owned(), detail]
    });
    table(["", "CHECK", "DETAIL, AND HOW TO FIX IT"], rows)
}
