//! Reads settings from the environment and from `.env` files. All errors are reported together, each with the setting's name.

mod env;
mod env_file;
mod error;
mod names;
mod reader;
mod rotating_secret;
mod secret;
mod text;

pub use env::Env;
pub use error::{Fault, SettingsError};
pub use names::Names;
pub use reader::Reader;
pub use rotating_secret::RotatingSecret;
pub use secret::{Secret, SecretSource};

/// Reads the settings of a process from its environment and these files. Errors in the values and names that no setting has are
/// reported together.
pub fn load<P: AsRef<std::path::Path>, C>(
    files: &[P],
    names: &Names<'_>,
    read: impl FnOnce(&Env) -> Result<C, SettingsError>,
) -> Result<C, SettingsError> {
    let env = Env::load(files);
    let config = read(&env);
    match (config, env.check(names)) {
        (Ok(config), Ok(())) => Ok(config),
        (Ok(_), Err(error)) | (Err(error), Ok(())) => Err(error),
        (Err(error), Err(more)) => Err(error.and(more)),
    }
}

#[cfg(test)]
mod tests;
