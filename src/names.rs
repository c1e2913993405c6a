//! Which names of settings there are: those that are read from the environment by the command line and by what it starts.

use clap::{Command, CommandFactory};
use runtime::settings::{Env, Names, SettingsError};

use crate::arguments::Arguments;

/// Reports what is wrong with the settings' files, and names that no setting has.
pub(crate) fn check(env: &Env) -> Result<(), SettingsError> {
    let mut elsewhere = of_command(&Arguments::command());
    elsewhere.extend(of_command(&sandbox::Arguments::command()));
    elsewhere.push(testing::nats::SERVER_VARIABLE.to_owned());
    let elsewhere: Vec<_> = elsewhere.iter().map(String::as_str).collect();
    env.check(&Names {
        own: &["API_GATEWAY_", "HUBSPOT_", "HUBSYNC_"],
        shared: &["USER_", "NATS_"],
        elsewhere: &elsewhere,
    })
}

/// The same for a command, which asks a gateway and reads no other settings.
pub(crate) fn check_of_command() -> Result<(), SettingsError> {
    let known = of_command(&Arguments::command());
    let elsewhere: Vec<_> = known.iter().map(String::as_str).collect();
    Env::load::<&str>(&[]).check(&Names {
        own: &["HUBSYNC_"],
        elsewhere: &elsewhere,
        ..Names::default()
    })
}

/// The variables of a command line, those of its commands included.
fn of_command(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_env());
    let mut names: Vec<_> = own.map(|name| name.to_string_lossy().into_owned()).collect();
    names.extend(command.get_subcommands().flat_map(of_command));
    names
}
