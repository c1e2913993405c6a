//! Writes the configuration of a server.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The content of a configuration.
pub(super) struct Config<'a> {
    pub(super) name: &'a str,
    pub(super) port: u16,
    pub(super) store: &'a Path,
    pub(super) token: Option<&'a str>,
    pub(super) extra: &'a str,
}

impl Config<'_> {
    /// Writes the file so that only its owner can read it, because it may contain a token.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(self.text().as_bytes())
    }

    fn text(&self) -> String {
        let authorization = self.token.map(|token| {
            format!(
                "authorization {{ token: {} }}
",
                quote(token)
            )
        });
        format!(
            "listen: \"127.0.0.1:{}\"
server_name: {}
jetstream {{ store_dir: {} }}
{}{}
",
            self.port,
            quote(self.name),
            quote(&self.store.display().to_string()),
            authorization.unwrap_or_default(),
            self.extra,
        )
    }
}

/// Quotes a value as a JSON string, whose escapes nats-server understands.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_values_stay_single_values() {
        let store = Path::new("/tmp/a \"b\"");
        let config = Config {
            name: "n",
            port: 4000,
            store,
            token: Some("t\"x"),
            extra: "debug: true",
        };
        let text = config.text();
        assert!(text.contains("listen: \"127.0.0.1:4000\""), "{text}");
        assert!(text.contains(r#"store_dir: "/tmp/a \"b\"""#), "{text}");
        assert!(text.contains(r#"token: "t\"x""#), "{text}");
        assert!(text.ends_with("debug: true\n"), "{text}");
    }
}
