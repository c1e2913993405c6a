//! TLS for a server.

use std::{path::PathBuf, process::Command};

use super::{PostgresError, PostgresServer, owner::run};

impl PostgresServer {
    /// Restarts it with a self-signed certificate for `127.0.0.1`, and returns the path of the certificate. Needs the program
    /// `openssl` from the package of the same name.
    pub async fn encrypt(&mut self) -> Result<PathBuf, PostgresError> {
        self.stop().await?;
        // The server's default paths.
        let (certificate, key) = (self.data().join("server.crt"), self.data().join("server.key"));
        let mut make = Command::new("openssl");
        make.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=hubsync test"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
        run(&mut make)?;
        self.owner.give(&self.data())?;
        self.set("ssl", "on");
        self.restart().await?;
        Ok(certificate)
    }
}
