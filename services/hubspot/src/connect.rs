//! The settings that `hubsync connect` needs: those of the OAuth app, and the file for its refresh token.

use std::path::PathBuf;

use runtime::settings::{self, Env, Reader, Secret, SettingsError};

use crate::{
    client::ApiVersion,
    config::{
        Config, ENV_FILES, NAMES,
        access::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, REFRESH_TOKEN_FILE, without_placeholders},
    },
};

/// The settings of an app that is to be connected.
#[derive(Debug)]
pub struct ConnectSettings {
    /// `HUBSPOT_OAUTH_CLIENT_ID`.
    pub client_id: String,
    /// `HUBSPOT_OAUTH_CLIENT_SECRET`, or the content of the file that the name with `_FILE` names.
    pub client_secret: Secret,
    /// `HUBSPOT_OAUTH_REFRESH_TOKEN_FILE`: where the refresh token is kept.
    pub refresh_token_file: PathBuf,
    /// `HUBSPOT_API_VERSION`.
    pub version: ApiVersion,
}

impl ConnectSettings {
    /// Reads the settings from the environment and the files of the hubspot service, or returns every error, including
    /// misspelt names of its settings.
    pub fn load() -> Result<Self, SettingsError> {
        settings::load(&ENV_FILES, &NAMES, |env| {
            // Looks every setting of the service up, so that its name counts as known.
            drop(Config::read(env));
            Self::read(env)
        })
    }

    /// Reads the settings, or returns every error.
    pub fn read(env: &Env) -> Result<Self, SettingsError> {
        let env = without_placeholders(env);
        let mut reader = Reader::new(&env);
        let version = reader.one_of("HUBSPOT_API_VERSION", ApiVersion::default(), &ApiVersion::CHOICES);
        let client_id = reader.optional::<String>(CLIENT_ID);
        if client_id.is_none() {
            reader.fault(CLIENT_ID, "is not set; it is on the app's page in HubSpot");
        }
        let client_secret = reader.secret_source(CLIENT_SECRET);
        if client_secret.is_none() {
            reader.fault(
                CLIENT_SECRET,
                "is not set, and no file with it; it is on the app's page in HubSpot",
            );
        }
        if reader.look_for(REFRESH_TOKEN) {
            reader.fault(
                REFRESH_TOKEN,
                format!("is set, and would hide what connect writes; set {REFRESH_TOKEN_FILE} instead"),
            );
        }
        let refresh_token_file = reader.optional::<PathBuf>(REFRESH_TOKEN_FILE);
        if refresh_token_file.is_none() {
            reader.fault(
                REFRESH_TOKEN_FILE,
                "is not set; name the file that connect is to write the refresh token to, and that the hubspot service \
                 reads it from",
            );
        }
        reader.finish(|| {
            Some(Self {
                client_id: client_id?,
                // It was readable a moment ago, or the reader has noted the error.
                client_secret: client_secret?.read().ok()?,
                refresh_token_file: refresh_token_file?,
                version,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(pairs: &[(&str, &str)]) -> String {
        let read = ConnectSettings::read(&Env::from_pairs(pairs.iter().copied()));
        read.expect_err("not usable").to_string()
    }

    #[test]
    fn the_file_of_the_refresh_token_need_not_exist() {
        let pairs = [
            (CLIENT_ID, "id"),
            (CLIENT_SECRET, "cs-1"),
            (REFRESH_TOKEN, "your-hubspot-refresh-token"),
            (REFRESH_TOKEN_FILE, "nowhere/refresh-token"),
        ];
        let settings = ConnectSettings::read(&Env::from_pairs(pairs)).expect("usable");
        assert_eq!(
            settings.refresh_token_file,
            PathBuf::from("nowhere/refresh-token")
        );
    }

    #[test]
    fn every_setting_that_is_missing_is_named_at_once() {
        let faults = faults(&[]);
        for name in [CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN_FILE] {
            assert!(faults.contains(name), "{name}: {faults}");
        }
    }

    #[test]
    fn a_refresh_token_in_a_variable_cannot_be_written_to() {
        let faults = faults(&[
            (CLIENT_ID, "id"),
            (CLIENT_SECRET, "cs-1"),
            (REFRESH_TOKEN, "rt-old"),
        ]);
        assert!(
            faults.contains(REFRESH_TOKEN_FILE) && !faults.contains("rt-old"),
            "{faults}"
        );
    }
}
