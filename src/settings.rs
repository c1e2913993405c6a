//! Reads the settings of all services from the environment and from files, and reports unknown names.

use clap::CommandFactory;
use runtime::settings::{Env, Names, SettingsError};

use crate::arguments::Arguments;

/// The files with settings. The environment takes precedence over them.
pub(crate) const ENV_FILES: [&str; 4] = [
    "nats.env",
    "services/api-gateway/.env",
    "services/user/.env",
    "services/hubspot/.env",
];

/// The settings of every service.
pub(crate) struct Configs {
    pub(crate) gateway: api_gateway::Config,
    pub(crate) user: user::Config,
    pub(crate) hubspot: hubspot::Config,
}

impl Configs {
    /// Reads the settings of every service, and reports the errors of all of them together.
    pub(crate) fn read(
        env: &Env,
        arguments: &Arguments,
        is_real_hubspot: bool,
    ) -> Result<Self, SettingsError> {
        let configs = read_each(env, arguments, is_real_hubspot);
        // This must come after all settings were read: reading registers the known names.
        match (configs, check_names(env)) {
            ((Ok(gateway), Ok(user), Ok(hubspot)), Ok(())) => Ok(Self {
                gateway,
                user,
                hubspot,
            }),
            ((gateway, user, hubspot), names) => {
                let errors = [names.err(), gateway.err(), user.err(), hubspot.err()];
                Err(errors
                    .into_iter()
                    .flatten()
                    .reduce(SettingsError::and)
                    .expect("at least one of the four results is an error"))
            }
        }
    }
}

/// Reads the settings of each service, and adds what the services need to run together in one process.
pub(crate) fn read_each(
    env: &Env,
    arguments: &Arguments,
    is_real_hubspot: bool,
) -> (
    Result<api_gateway::Config, SettingsError>,
    Result<user::Config, SettingsError>,
    Result<hubspot::Config, SettingsError>,
) {
    let mut env = env.clone();
    if env.get("USER_DATABASE_URL").is_none() {
        let file = arguments.data.join("users.db");
        env = env.with("USER_DATABASE_URL", &format!("sqlite:{}", file.display()));
    }
    if let Some(fields) = &arguments.fields {
        env = env.with("USER_FIELDS", &fields.display().to_string());
    }
    if !is_real_hubspot {
        env = env.with(
            "HUBSPOT_SANDBOX_URL",
            &format!("http://{}", arguments.sandbox_listen),
        );
    }
    (
        api_gateway::Config::read(&env),
        user::Config::read(&env),
        hubspot::Config::read(&env),
    )
}

/// Reports unreadable files, and names that no service, no option and no tool reads.
pub(crate) fn check_names(env: &Env) -> Result<(), SettingsError> {
    let mut elsewhere = variables_of(&Arguments::command());
    elsewhere.extend(variables_of(&sandbox::Arguments::command()));
    elsewhere.push(testing::nats::SERVER_VARIABLE.to_owned());
    let elsewhere: Vec<_> = elsewhere.iter().map(String::as_str).collect();
    env.check(&Names {
        own: &["API_GATEWAY_", "HUBSPOT_", "HUBSYNC_"],
        shared: &["USER_", "NATS_"],
        elsewhere: &elsewhere,
    })
}

/// Reports unknown `HUBSYNC_` names to an operator's command, which reads no other settings.
pub(crate) fn check_command_names() -> Result<(), SettingsError> {
    let known = variables_of(&Arguments::command());
    let elsewhere: Vec<_> = known.iter().map(String::as_str).collect();
    Env::load::<&str>(&[]).check(&Names {
        own: &["HUBSYNC_"],
        elsewhere: &elsewhere,
        ..Names::default()
    })
}

/// The environment variables of a command's options, and of its subcommands' options.
fn variables_of(command: &clap::Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_env());
    let mut names: Vec<_> = own.map(|name| name.to_string_lossy().into_owned()).collect();
    names.extend(command.get_subcommands().flat_map(variables_of));
    names
}
