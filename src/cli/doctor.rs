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
use serde_json::json;

use super::{Asking, Exit, Failure, output::table};
use crate::{
    arguments::Arguments,
    local::{ENV_FILES, read_each},
    names,
};
use check::{Check, Outcome};

pub(crate) async fn run(asking: &Asking, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut checks = Vec::new();
    by_settings(&Env::load(&ENV_FILES), arguments, &mut checks).await;
    checks.extend(gateway::check(asking).await);
    let well = checks.iter().all(|check| check.outcome != Outcome::Failed);
    let document = json!({ "well": well, "checks": checks });
    asking.output().print(&document, || describe(&checks))?;
    Ok(Exit::well_if(well))
}

async fn by_settings(env: &Env, arguments: &Arguments, checks: &mut Vec<Check>) {
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
            checks.push(database::check(&config.database).await);
        }
        Err(_) => checks.extend(["nats", "database"].map(Check::for_want_of_settings)),
    }
    match &of_hubspot {
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
