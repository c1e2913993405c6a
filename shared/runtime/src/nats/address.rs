//! Parses the addresses in `NATS_URL`: the servers, and the credentials for each, which are sent to no other server.

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

use super::settings::Credentials;
use crate::settings::Secret;

/// The text is not a list of addresses. It may contain passwords, so no error quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no address.
    #[error("no address is given")]
    None,
    /// The scheme is not one of NATS.
    #[error("the scheme must be nats:// or tls://")]
    Scheme,
    /// Host or port are wrong.
    #[error("{HINT}")]
    Address,
    /// There is something after the port.
    #[error("nothing may follow the port; {HINT}")]
    Rest,
    /// The credentials cannot be used.
    #[error(
        "its credentials must be a token, or a user and a password with a colon between them, each percent-encoded and \
         without characters that cannot be seen"
    )]
    Credentials,
    /// Some addresses have credentials, others have none.
    #[error(
        "give credentials in each of its addresses, or in none and set NATS_TOKEN, or NATS_USER and NATS_PASSWORD"
    )]
    Mixed,
}

const HINT: &str = "it must be host:port, and in a user, password or token every character of :/?#[]@, must be \
                    percent-encoded (as %3A, %2F, %3F, %23, %5B, %5D, %40, %2C)";

/// Parses a list separated by commas: the servers, and the credentials if the addresses have any.
pub(super) fn parse_list(text: &str) -> Result<(Vec<ServerAddr>, Credentials), AddressError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let parsed = parts.map(parse).collect::<Result<Vec<_>, _>>()?;
    let with_credentials = parsed
        .iter()
        .filter(|(_, credentials)| credentials.is_some())
        .count();
    let servers: Vec<_> = parsed.iter().map(|(server, _)| server.clone()).collect();
    match with_credentials {
        _ if parsed.is_empty() => Err(AddressError::None),
        0 => Ok((servers, Credentials::None)),
        count if count == parsed.len() => {
            let each = parsed
                .into_iter()
                .filter_map(|(server, own)| Some((server, own?)));
            Ok((servers, Credentials::InAddresses(each.collect())))
        }
        _ => Err(AddressError::Mixed),
    }
}

fn parse(text: &str) -> Result<(ServerAddr, Option<Credentials>), AddressError> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("nats", text));
    if !matches!(scheme, "nats" | "tls") {
        return Err(AddressError::Scheme);
    }
    // At the last @, so that a user or password with an @ in it is read correctly.
    let (credentials, place) = match rest.rsplit_once('@') {
        Some((credentials, place)) => (Some(credentials), place),
        None => (None, rest),
    };
    let place = place.strip_suffix('/').unwrap_or(place);
    if place.contains(['/', '?', '#']) || credentials.is_some_and(|text| text.contains(['/', '?', '#'])) {
        return Err(AddressError::Rest);
    }
    // Rebuilt from its parts, so that nothing else reaches the client library, which logs addresses.
    let server: ServerAddr = format!("{scheme}://{place}")
        .parse()
        .map_err(|_| AddressError::Address)?;
    if server.host().is_empty() {
        return Err(AddressError::Address);
    }
    Ok((server, credentials.map(parse_credentials).transpose()?))
}

fn parse_credentials(text: &str) -> Result<Credentials, AddressError> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        let secret = text.ok().and_then(|text| Secret::parse(&text).ok());
        secret
            .filter(|secret| !secret.expose().is_empty())
            .ok_or(AddressError::Credentials)
    };
    match text.split_once(':') {
        None => Ok(Credentials::Token(decoded(text)?.into())),
        Some((name, password)) => Ok(Credentials::User {
            name: decoded(name)?.expose().to_owned(),
            password: decoded(password)?.into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the server would be shown: `user:password` or a token, for each address.
    fn shown(text: &str) -> Result<Vec<(String, String)>, AddressError> {
        let (servers, credentials) = parse_list(text)?;
        let Credentials::InAddresses(each) = credentials else {
            return Ok(servers
                .iter()
                .map(|server| (server.as_url_str().to_owned(), String::new()))
                .collect());
        };
        let one = |(server, credentials): &(ServerAddr, Credentials)| {
            let shown = match credentials {
                Credentials::Token(token) => token.read().expose().to_owned(),
                Credentials::User { name, password } => format!("{name}:{}", password.read().expose()),
                other => panic!("{other:?}"),
            };
            (server.as_url_str().to_owned(), shown)
        };
        Ok(each.iter().map(one).collect())
    }

    fn one(text: &str) -> Result<(String, String), AddressError> {
        shown(text).map(|mut all| all.remove(0))
    }

    #[test]
    fn credentials_leave_the_address() {
        for (text, address, credentials) in [
            ("nats://me:pw@one:1", "nats://one:1", "me:pw"),
            ("nats://s3cret@one", "nats://one", "s3cret"),
            ("tls://me:p%40%2Fss%3A@one:1", "tls://one:1", "me:p@/ss:"),
            ("me:pw@one", "nats://one", "me:pw"),
            ("nats://me:p@ss@one", "nats://one", "me:p@ss"),
            ("nats://me:a:b@[::1]:4222/", "nats://[::1]:4222", "me:a:b"),
            ("nats://%C3%A4:%C3%B6@one", "nats://one", "ä:ö"),
            ("nats://one:1", "nats://one:1", ""),
        ] {
            assert_eq!(
                one(text),
                Ok((address.to_owned(), credentials.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn each_address_has_credentials_of_its_own() {
        let all = shown("nats://a:1@one:1, tls://token@two,c:3@three").expect("usable");
        let credentials: Vec<_> = all.iter().map(|(_, credentials)| credentials.as_str()).collect();
        assert_eq!(credentials, ["a:1", "token", "c:3"]);
        assert_eq!(shown("nats://a:1@one,nats://two"), Err(AddressError::Mixed));
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_being_quoted() {
        for (text, error) in [
            ("", AddressError::None),
            (" , ", AddressError::None),
            ("http://me:hunter2@one", AddressError::Scheme),
            ("ws://me:hunter2@one", AddressError::Scheme),
            ("nats://me:hunter2@one:x", AddressError::Address),
            ("nats://me:hunter2@", AddressError::Address),
            ("nats://me:12/hunter2@one", AddressError::Rest),
            ("nats://me:hun?ter2@one", AddressError::Rest),
            ("nats://one:1/?token=hunter2", AddressError::Rest),
            ("nats://one:1#hunter2", AddressError::Rest),
            ("nats://me:@one", AddressError::Credentials),
            ("nats://:hunter2@one", AddressError::Credentials),
            ("nats://@one", AddressError::Credentials),
            ("nats://me:hunter2%00@one", AddressError::Credentials),
            ("nats://me:hunter2%FF@one", AddressError::Credentials),
        ] {
            assert_eq!(shown(text), Err(error), "{text}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
