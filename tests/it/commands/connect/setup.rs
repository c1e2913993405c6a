//! A command that waits for a browser, and a browser that follows links.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use reqwest::{Client, Response, StatusCode, redirect};
use sandbox::Sandbox;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};
use url::Url;

use crate::stack::CEILING;

/// A sandbox and a folder with the file for the token.
pub(super) struct Setup {
    pub(super) sandbox: Sandbox,
    pub(super) folder: TempDir,
}

/// A running command that waits for the browser.
pub(super) struct RunningConnect {
    pub(super) process: Child,
    pub(super) output: BufReader<ChildStdout>,
    pub(super) printed: String,
    pub(super) page: Url,
}

/// The exit code and the output of a command.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) printed: String,
    pub(super) errors: String,
}

impl Setup {
    pub(super) async fn start() -> Self {
        Self {
            sandbox: Sandbox::start(sandbox::Settings::default()).await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn token_file(&self) -> PathBuf {
        self.folder.path().join("refresh-token")
    }

    pub(super) fn command(&self, more: &[&str], settings: &[(&str, &str)]) -> Child {
        let url = self.sandbox.url();
        let usual = [
            "connect",
            "--sandbox",
            &url,
            "--redirect-uri",
            "http://localhost:0/back",
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubsync"));
        command
            .args(usual)
            .args(more)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HUBSPOT_OAUTH_CLIENT_ID", "sandbox-client")
            .env("HUBSPOT_OAUTH_CLIENT_SECRET", "sandbox-secret")
            .env("HUBSPOT_OAUTH_REFRESH_TOKEN_FILE", self.token_file())
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command.spawn().unwrap()
    }

    pub(super) async fn connect(&self, more: &[&str], settings: &[(&str, &str)]) -> RunningConnect {
        let mut process = self.command(more, settings);
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut printed = String::new();
        let reading = async {
            while !printed.contains("Waiting for") {
                assert_ne!(output.read_line(&mut printed).await.unwrap(), 0, "{printed}");
            }
        };
        timeout(CEILING, reading).await.unwrap();
        let page = printed.lines().find(|line| line.contains("/oauth/authorize?"));
        let page = page.unwrap().trim().parse().unwrap();
        RunningConnect {
            process,
            output,
            printed,
            page,
        }
    }

    /// The names of the files in the folder.
    pub(super) fn file_names(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl RunningConnect {
    pub(super) fn parameter(&self, name: &str) -> String {
        let mut pairs = self.page.query_pairs();
        pairs.find(|(known, _)| known == name).unwrap().1.into_owned()
    }

    /// The address that the browser is sent back to, with these parameters.
    pub(super) fn back(&self, pairs: &[(&str, &str)]) -> Url {
        let mut uri: Url = self.parameter("redirect_uri").parse().unwrap();
        uri.query_pairs_mut().extend_pairs(pairs);
        uri
    }

    /// Opens HubSpot's page, and follows the link with this text and the redirect behind it.
    pub(super) async fn click(&self, link_text: &str) -> Response {
        let page = browser().get(self.page.clone()).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let text = page.text().await.unwrap();
        let (before, _) = text.split_once(&format!("\">{link_text}</a>")).unwrap();
        let (_, link) = before.rsplit_once("href=\"").unwrap();
        let link = self.page.join(&link.replace("&amp;", "&")).unwrap();
        let sent = browser().get(link).send().await.unwrap();
        let to = sent.headers()["location"].to_str().unwrap().to_owned();
        browser().get(to).send().await.unwrap()
    }

    pub(super) async fn ended(self) -> Ended {
        read_to_end(self.process, self.output, self.printed).await
    }
}

impl Ended {
    #[track_caller]
    pub(super) fn assert_failed(&self, message: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.errors.contains(message), "{self:?}");
        assert!(!self.errors.contains("sandbox-secret") && !self.printed.contains("sandbox-secret"));
    }
}

pub(super) async fn ended(mut process: Child) -> Ended {
    let output = process.stdout.take().unwrap();
    read_to_end(process, output, String::new()).await
}

/// Waits for the end of a process, of which `printed` was read already.
async fn read_to_end(mut process: Child, mut output: impl AsyncRead + Unpin, mut printed: String) -> Ended {
    let mut errors = String::new();
    let mut stderr = process.stderr.take().unwrap();
    let ending = async {
        output.read_to_string(&mut printed).await.unwrap();
        stderr.read_to_string(&mut errors).await.unwrap();
        process.wait().await.unwrap()
    };
    let code = timeout(CEILING, ending).await.unwrap().code();
    Ended {
        code,
        printed,
        errors,
    }
}

pub(super) fn browser() -> Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
    builder.build().unwrap()
}

pub(super) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
