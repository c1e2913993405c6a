//! Takes the settings in `options` out of a server's address. A pooler refuses or ignores them as parameters of the
//! connection, so they are set by statements after the connection is made, and read back.

use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::{InvalidDatabase, Server};

/// Parses a server's address and takes its settings out.
pub(super) fn server(url: &str) -> Result<Server, InvalidDatabase> {
    // The errors of both parsers may contain the password, so they are dropped.
    let mut url: Url = url.parse().map_err(|_| InvalidDatabase::Address)?;
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let is_setting = |name: &str| name == "options" || name.starts_with("options[");
    if pairs.iter().any(|(name, _)| is_setting(name)) {
        let others = pairs.iter().filter(|(name, _)| !is_setting(name));
        url.query_pairs_mut().clear().extend_pairs(others);
    }
    let connect: PgConnectOptions = url.as_str().parse().map_err(|_| InvalidDatabase::Address)?;
    // Options that are left come from PGOPTIONS. They cannot be removed, but they can be set and read back like the others.
    let mut settings = parse(connect.get_options().unwrap_or_default())?;
    for (name, value) in &pairs {
        if name == "options" {
            settings.extend(parse(value)?);
        } else if let Some(name) = name
            .strip_prefix("options[")
            .and_then(|name| name.strip_suffix(']'))
        {
            settings.push(setting(name, value)?);
        }
    }
    Ok(Server { connect, settings })
}

/// Parses `-c name=value --name=value`. A backslash before a space makes it part of the value.
fn parse(options: &str) -> Result<Vec<(String, String)>, InvalidDatabase> {
    let mut words = words(options).into_iter();
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let assignment = match word.strip_prefix("--") {
            Some(assignment) => assignment.to_owned(),
            None if word == "-c" => words.next().ok_or(InvalidDatabase::Address)?,
            None => word
                .strip_prefix("-c")
                .ok_or(InvalidDatabase::Address)?
                .to_owned(),
        };
        let (name, value) = assignment.split_once('=').ok_or(InvalidDatabase::Address)?;
        settings.push(setting(&name.replace('-', "_"), value)?);
    }
    Ok(settings)
}

fn setting(name: &str, value: &str) -> Result<(String, String), InvalidDatabase> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(InvalidDatabase::Address);
    }
    Ok((name.to_ascii_lowercase(), value.to_owned()))
}

fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => words
                .last_mut()
                .expect("there is always one")
                .extend(chars.next()),
            c if c.is_whitespace() => words.push(String::new()),
            c => words.last_mut().expect("there is always one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_in_an_address_are_taken_out_of_it() {
        let url = "postgres://hubsync@db/users?options=-c%20search_path%3Da%5C%20b%20--work-mem%3D64MB&sslmode=disable\
                   &options[synchronous_commit]=remote_apply";
        let server = server(url).expect("a usable address");
        let settings = [
            ("search_path", "a b"),
            ("work_mem", "64MB"),
            ("synchronous_commit", "remote_apply"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(server.settings, settings);
        assert_eq!(server.connect.get_options(), None);
        assert_eq!(server.connect.get_database(), Some("users"));
    }

    #[test]
    fn options_without_a_setting_are_refused() {
        for options in ["-x", "-c", "-c%20work_mem", "work_mem=1", "-c%20a'b=1"] {
            assert!(
                server(&format!("postgres://db/users?options={options}")).is_err(),
                "{options}"
            );
        }
    }
}
