//! The settings of the NATS connection: servers and credentials.

use async_nats::ServerAddr;

use super::address::{AddressError, parse_list};
use crate::settings::{Reader, RotatingSecret};

/// How a service authenticates.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// The server needs no credentials.
    None,
    /// One token for all services, `NATS_TOKEN`.
    Token(RotatingSecret),
    /// A user of its own, `NATS_USER` and `NATS_PASSWORD`.
    User {
        /// The user's name.
        name: String,
        /// The user's password.
        password: RotatingSecret,
    },
    /// Those in `NATS_URL`, for each server.
    InAddresses(Vec<(ServerAddr, Credentials)>),
}

/// The settings of the NATS connection.
#[derive(Debug, Clone)]
pub struct NatsSettings {
    /// `NATS_URL`: one address, or several with commas between them; without the credentials in them.
    pub servers: Vec<ServerAddr>,
    /// `NATS_TOKEN`, or `NATS_USER` and `NATS_PASSWORD`, each secret also as `…_FILE`; or those in `NATS_URL`.
    pub credentials: Credentials,
    /// `NATS_CLIENT_CAPACITY`: the maximum number of commands that wait for the connection. It is small, so that requests fail
    /// soon when the connection stalls.
    pub client_capacity: usize,
    /// `NATS_STREAM_REPLICAS`: the number of replicas of the stream in a NATS cluster. Without it an existing stream keeps its
    /// number, and a new one has 1.
    pub stream_replicas: Option<usize>,
}

impl NatsSettings {
    /// The default address of `nats-server`.
    pub const DEFAULT_URL: &str = "nats://127.0.0.1:4222";
    const DEFAULT_CAPACITY: usize = 256;

    /// Reads the settings that all services share.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let (servers, in_addresses) = read_servers(reader);
        let credentials = read_credentials(reader, in_addresses);
        let client_capacity = reader.within("NATS_CLIENT_CAPACITY", Self::DEFAULT_CAPACITY, 1..=65_536);
        let stream_replicas = reader.optional_within("NATS_STREAM_REPLICAS", 1..=5);
        Self {
            servers,
            credentials,
            client_capacity,
            stream_replicas,
        }
    }

    /// The servers at these addresses, with the credentials in them, or without any.
    pub fn at(url: &str) -> Result<Self, AddressError> {
        let (servers, credentials) = parse_list(url)?;
        Ok(Self {
            servers,
            credentials,
            client_capacity: Self::DEFAULT_CAPACITY,
            stream_replicas: None,
        })
    }

    /// The addresses as a log may show them, without credentials.
    pub fn places(&self) -> String {
        let places = self
            .servers
            .iter()
            .map(|server| format!("{}:{}", server.host(), server.port()));
        places.collect::<Vec<_>>().join(", ")
    }
}

fn read_servers(reader: &mut Reader<'_>) -> (Vec<ServerAddr>, Credentials) {
    let text = reader.or("NATS_URL", NatsSettings::DEFAULT_URL.to_owned());
    parse_list(&text).unwrap_or_else(|error| {
        // The address may contain a password, so it is not quoted.
        reader.fault(
            "NATS_URL",
            format!("is not an address such as {}: {error}", NatsSettings::DEFAULT_URL),
        );
        (Vec::new(), Credentials::None)
    })
}

fn read_credentials(reader: &mut Reader<'_>, in_addresses: Credentials) -> Credentials {
    let token = reader.rotating_secret("NATS_TOKEN");
    let name = reader.optional::<String>("NATS_USER");
    let password = reader.rotating_secret("NATS_PASSWORD");
    let mut is_set = |names: &[&str]| names.iter().any(|name| reader.look_for(name));
    // Checks which settings are set, whether or not they could be read: a secret that cannot be used is not a missing one.
    let given = [
        is_set(&["NATS_TOKEN", "NATS_TOKEN_FILE"]),
        is_set(&["NATS_USER"]),
        is_set(&["NATS_PASSWORD", "NATS_PASSWORD_FILE"]),
    ];
    if matches!(in_addresses, Credentials::InAddresses(_)) {
        if given.contains(&true) {
            reader.fault(
                "NATS_URL",
                "holds credentials, and NATS_TOKEN, NATS_USER or NATS_PASSWORD is set too; keep one of the two",
            );
        }
        return in_addresses;
    }
    match given {
        [true, false, false] => token.map_or(Credentials::None, Credentials::Token),
        [false, true, true] => match (name, password) {
            (Some(name), Some(password)) => Credentials::User { name, password },
            _ => Credentials::None,
        },
        [false, false, false] => Credentials::None,
        [true, _, _] => {
            reader.fault(
                "NATS_TOKEN",
                "and NATS_USER or NATS_PASSWORD are both set; keep the one that the server needs",
            );
            Credentials::None
        }
        [false, true, false] => {
            reader.fault(
                "NATS_PASSWORD",
                "is not set, but NATS_USER is; set both or neither",
            );
            Credentials::None
        }
        [false, false, true] => {
            reader.fault(
                "NATS_USER",
                "is not set, but NATS_PASSWORD is; set both or neither",
            );
            Credentials::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Env, SettingsError};

    fn read(pairs: &[(&str, &str)]) -> Result<NatsSettings, SettingsError> {
        let env = Env::from_pairs(pairs.iter().copied());
        let mut reader = Reader::new(&env);
        let settings = NatsSettings::read(&mut reader);
        reader.finish(|| Some(settings))
    }

    #[test]
    fn the_default_is_a_local_server_without_credentials() {
        let settings = read(&[]).expect("defaults are fine");
        assert_eq!(settings.places(), "127.0.0.1:4222");
        assert!(matches!(settings.credentials, Credentials::None));
    }

    #[test]
    fn several_addresses_may_be_given() {
        let settings = read(&[("NATS_URL", "nats://one:1, two:2,tls://three")]).expect("all are addresses");
        assert_eq!(settings.places(), "one:1, two:2, three:4222");
    }

    #[test]
    fn a_bad_address_is_named_without_its_password() {
        for url in [
            "http://me:hunter2@host",
            "nats://me:hunter2@host:x",
            ",",
            "ws://me:hunter2@host",
            "nats://me:hunter2@one,nats://two",
        ] {
            let message = read(&[("NATS_URL", url)])
                .expect_err("not an address")
                .to_string();
            assert!(
                message.contains("NATS_URL: ") && !message.contains("hunter2"),
                "{message}"
            );
        }
    }

    #[test]
    fn credentials_are_a_token_or_a_user_with_a_password() {
        let token = read(&[("NATS_TOKEN", "t")]).expect("a token will do");
        assert!(matches!(token.credentials, Credentials::Token(token) if token.read().expose() == "t"));
        let user = read(&[("NATS_USER", "u"), ("NATS_PASSWORD", "p")]).expect("a user will do");
        assert!(matches!(user.credentials, Credentials::User { name, .. } if name == "u"));
        assert!(read(&[("NATS_USER", "u")]).is_err());
        assert!(read(&[("NATS_PASSWORD", "p")]).is_err());
        assert!(read(&[("NATS_TOKEN", "t"), ("NATS_USER", "u"), ("NATS_PASSWORD", "p")]).is_err());
    }

    #[test]
    fn credentials_in_the_address_are_used_and_shown_nowhere() {
        let settings =
            read(&[("NATS_URL", "nats://me:hunter2@one:1,nats://you:hunter3@two")]).expect("usable");
        assert_eq!(settings.places(), "one:1, two:4222");
        assert!(matches!(&settings.credentials, Credentials::InAddresses(each) if each.len() == 2));
        let printed = format!("{settings:?}");
        assert!(!printed.contains("hunter"), "{printed}");
    }

    #[test]
    fn credentials_in_the_address_and_beside_it_are_a_fault() {
        for (name, value) in [
            ("NATS_TOKEN", "t"),
            ("NATS_USER", "u"),
            ("NATS_PASSWORD", "p"),
            ("NATS_TOKEN_FILE", "/x"),
        ] {
            let error = read(&[("NATS_URL", "nats://me:hunter2@one"), (name, value)]).expect_err(name);
            let message = error.to_string();
            assert!(
                message.contains("NATS_URL: holds credentials") && !message.contains("hunter2"),
                "{message}"
            );
        }
    }
}
