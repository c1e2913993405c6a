//! Where NATS is and who we are to it.

use async_nats::ServerAddr;

use crate::settings::{Reader, Secret};

/// How a service shows who it is.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// The server asks nobody, or the address holds the credentials.
    None,
    /// One token for everybody, `NATS_TOKEN`.
    Token(Secret),
    /// A user of its own, `NATS_USER` and `NATS_PASSWORD`.
    User {
        /// The user's name.
        name: String,
        /// The user's password.
        password: Secret,
    },
}

/// The settings of the NATS connection.
#[derive(Debug, Clone)]
pub struct NatsSettings {
    /// `NATS_URL`: one address, or several with commas between them.
    pub servers: Vec<ServerAddr>,
    /// `NATS_TOKEN`, or `NATS_USER` and `NATS_PASSWORD`; each secret also as `…_FILE`.
    pub credentials: Credentials,
    /// `NATS_CLIENT_CAPACITY`: commands that may wait for the connection. Small, so that a stall is felt at once.
    pub client_capacity: usize,
}

impl NatsSettings {
    /// Where `nats-server` listens when nobody says otherwise.
    pub const DEFAULT_URL: &str = "nats://127.0.0.1:4222";
    const DEFAULT_CAPACITY: usize = 256;

    /// Reads the settings that all services share.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let servers = read_servers(reader);
        let credentials = read_credentials(reader);
        let client_capacity = reader.within("NATS_CLIENT_CAPACITY", Self::DEFAULT_CAPACITY, 1..=65_536);
        Self {
            servers,
            credentials,
            client_capacity,
        }
    }

    /// A server at this address that asks for no credentials.
    pub fn at(url: &str) -> std::io::Result<Self> {
        let servers = parse_servers(url)?;
        Ok(Self {
            servers,
            credentials: Credentials::None,
            client_capacity: Self::DEFAULT_CAPACITY,
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

fn read_servers(reader: &mut Reader<'_>) -> Vec<ServerAddr> {
    let text = reader.or("NATS_URL", NatsSettings::DEFAULT_URL.to_owned());
    parse_servers(&text).unwrap_or_else(|error| {
        // The address may hold a password, so it is not repeated.
        reader.fault(
            "NATS_URL",
            format!("is not an address such as {}: {error}", NatsSettings::DEFAULT_URL),
        );
        Vec::new()
    })
}

fn parse_servers(text: &str) -> std::io::Result<Vec<ServerAddr>> {
    let mut servers = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let server: ServerAddr = part.parse()?;
        if server.is_websocket() {
            return Err(std::io::Error::other("web sockets are not spoken here"));
        }
        servers.push(server);
    }
    if servers.is_empty() {
        Err(std::io::Error::other("no address is given"))
    } else {
        Ok(servers)
    }
}

fn read_credentials(reader: &mut Reader<'_>) -> Credentials {
    let token = reader.secret_or_file("NATS_TOKEN");
    let name = reader.optional::<String>("NATS_USER");
    let password = reader.secret_or_file("NATS_PASSWORD");
    match (token, name, password) {
        (None, None, None) => Credentials::None,
        (Some(token), None, None) => Credentials::Token(token),
        (None, Some(name), Some(password)) => Credentials::User { name, password },
        (Some(_), _, _) => {
            reader.fault(
                "NATS_TOKEN",
                "and NATS_USER or NATS_PASSWORD are both set; keep what the server asks for",
            );
            Credentials::None
        }
        (None, Some(_), None) => {
            reader.fault(
                "NATS_PASSWORD",
                "is not set, but NATS_USER is; set both or neither",
            );
            Credentials::None
        }
        (None, None, Some(_)) => {
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
        assert!(matches!(token.credentials, Credentials::Token(token) if token.expose() == "t"));
        let user = read(&[("NATS_USER", "u"), ("NATS_PASSWORD", "p")]).expect("a user will do");
        assert!(matches!(user.credentials, Credentials::User { name, .. } if name == "u"));
        assert!(read(&[("NATS_USER", "u")]).is_err());
        assert!(read(&[("NATS_PASSWORD", "p")]).is_err());
        assert!(read(&[("NATS_TOKEN", "t"), ("NATS_USER", "u"), ("NATS_PASSWORD", "p")]).is_err());
    }
}
