//! `hubsync doctor`: is everything there that hubsync needs, and how is it mended?
//!
//! It changes nothing: no stream is made, no table migrated, no contact written.

mod check;
mod database;
mod gateway;
mod hubspot;
mod nats;

use ::runtime::{
    one_line,
    settings::{Env, SettingsError},
};
use std::path::Path;

use serde_json::json;

use super::{Asking, Exit, Failure, output::table};
use crate::{
    arguments::Arguments,
    data_folder,
    local::{ENV_FILES, read_each},
    names,
};
use check::{Check, Outcome};

pub(crate) async fn run(asking: &Asking, arguments: &Arguments) -> Result<Exit, Failure> {
    let of_gateway = gateway::check(asking).await;
    let is_answered = of_gateway[0].outcome == Outcome::Ok;
    let place = Place {
        folder: &arguments.data,
        is_used: !is_answered || uses_folder(asking, &arguments.data)?,
    };
    let mut checks = Vec::new();
    by_settings(&Env::load(&ENV_FILES), arguments, &place, &mut checks).await;
    checks.extend(of_gateway);
    let well = checks.iter().all(|check| check.outcome != Outcome::Failed);
    let document = json!({ "well": well, "checks": checks });
    asking.output().print(&document, || describe(&checks))?;
    Ok(Exit::well_if(well))
}

/// The data folder of this command, whose database and sandbox are looked at where no setting names others.
struct Place<'a> {
    folder: &'a Path,
    /// Whether the gateway that answers keeps its users there, or none answers.
    is_used: bool,
}

/// Whether the gateway that answers belongs to the hubsync that uses this folder.
fn uses_folder(asking: &Asking, folder: &Path) -> Result<bool, Failure> {
    let gateway = asking.gateway()?;
    Ok(data_folder::gateway_of(folder).is_some_and(|address| gateway.listens_at(address)))
}

impl Place<'_> {
    fn not_checked(&self, name: &'static str, setting: &str) -> Check {
        let folder = self.folder.display();
        let why = format!(
            "the gateway that answers does not use the data folder {folder}; name its folder with --data before the command, or set \
             {setting}"
        );
        Check::not_checked(name, &why)
    }
}

async fn by_settings(env: &Env, arguments: &Arguments, place: &Place<'_>, checks: &mut Vec<Check>) {
    let real = ::hubspot::Config::has_token(env);
    let (of_gateway, of_user, mut of_hubspot) = read_each(env, arguments, real);
    if env.get("HUBSPOT_SANDBOX_URL").is_some() {
        // Services that were started by hand call that one, not the one that everything on one machine brings along.
        of_hubspot = ::hubspot::Config::read(env);
    }
    let errors = [
        names::check(env).err(),
        of_gateway.err(),
        of_user.as_ref().err().cloned(),
        of_hubspot.as_ref().err().cloned(),
    ];
    match errors.into_iter().flatten().reduce(SettingsError::and) {
        Some(error) => checks.extend(faults(&error)),
        None => checks.push(Check::ok("settings", "every service can use its settings")),
    }
    match &of_user {
        Ok(config) => {
            let is_named = env.get("NATS_URL").is_some();
            checks.extend(nats::check(config, is_named).await);
            checks.push(if place.is_used || env.get("USER_DATABASE_URL").is_some() {
                database::check(&config.database).await
            } else {
                place.not_checked(database::NAME, "USER_DATABASE_URL")
            });
        }
        Err(_) => checks.extend(["nats", "database"].map(Check::for_want_of_settings)),
    }
    match &of_hubspot {
        Ok(_) if !real && !place.is_used && env.get("HUBSPOT_SANDBOX_URL").is_none() => {
            checks.push(place.not_checked(hubspot::TOKEN, "HUBSPOT_SANDBOX_URL"));
        }
        Ok(config) => checks.extend(hubspot::check(config, real).await),
        Err(_) => checks.push(Check::for_want_of_settings("hubspot")),
    }
}

fn faults(error: &SettingsError) -> Vec<Check> {
    let files = ENV_FILES.join(", ");
    let mend = format!("set it in the environment or in one of {files}; the examples beside them explain it");
    let faults = error.faults().iter();
    faults
        .map(|fault| Check::failed("settings", &fault.to_string(), &mend))
        .collect()
}

fn describe(checks: &[Check]) -> String {
    let rows = checks.iter().map(|check| {
        let mend = check
            .mend
            .as_ref()
            .map_or_else(String::new, |mend| format!("\n→ {}", one_line(mend)));
        let detail = format!("{}{mend}", one_line(&check.detail));
        [check.outcome.word().to_owned(), check.name.to_owned(), detail]
    });
    table(["", "CHECK", "FOUND, AND HOW TO MEND IT"], rows)
}
