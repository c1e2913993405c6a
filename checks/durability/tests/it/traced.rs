//! A user service under strace, with a nats-server and a database of its own.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use contracts::{Field, UpdateForm, UpdateUser, UserUpdated, subjects::USERS_UPDATE};
use tempfile::TempDir;
use testing::{
    nats::{NatsServer, Options},
    ports::free_port,
    process::{Child, Launch},
    wait::until,
};

const CEILING: Duration = Duration::from_secs(30);
/// What writes to files and connections, and what flushes.
const CALLS: &str = "pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg";
/// Longer than a page of the database or an answer, so that both are shown whole.
const LONGEST_SHOWN: &str = "65536";

/// The running service.
pub(crate) struct Traced {
    nats: NatsServer,
    client: async_nats::Client,
    service: Child,
    folder: TempDir,
}

impl Traced {
    pub(crate) async fn start() -> Self {
        let nats = NatsServer::start(Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("users.db");
        let service = Launch::new(find_strace())
            .clean_env()
            // The service is the program that was started, so that signals reach it.
            .arg("--daemonize")
            .arg("--follow-forks")
            .arg("--decode-fds=path")
            .arg(format!("--string-limit={LONGEST_SHOWN}"))
            .arg(format!("--trace={CALLS}"))
            .arg(format!("--output={}", trace_of(folder.path()).display()))
            .arg(built("user"))
            .current_dir(folder.path())
            .env("NATS_URL", nats.url())
            .env("USER_DATABASE_URL", format!("sqlite:{}", database.display()))
            .env(
                "USER_HEALTH_LISTEN",
                format!("127.0.0.1:{}", free_port().unwrap()),
            )
            .start()
            .await
            .unwrap();
        let client = async_nats::connect(nats.url()).await.unwrap();
        let traced = Self {
            nats,
            client,
            service,
            folder,
        };
        until("the traced service to answer", CEILING, async || {
            traced.ask("first").await.map(drop)
        })
        .await;
        traced
    }

    /// Makes a user and waits for the answer.
    pub(crate) async fn change(&self, user: &str) {
        let updated = self.ask(user).await.unwrap();
        assert_eq!(updated.user.version, 1);
    }

    async fn ask(&self, user: &str) -> Result<UserUpdated, String> {
        let update = UpdateUser {
            user_id: user.parse().unwrap(),
            form: UpdateForm::Json,
            fields: [(Field::Email, Some(format!("{user}@example.com")))].into(),
            if_match: None,
            idempotency_key: None,
        };
        let payload = serde_json::to_vec(&update).unwrap().into();
        let answer = self.client.request(USERS_UPDATE, payload).await;
        let answer = answer.map_err(|error| error.to_string())?;
        serde_json::from_slice(&answer.payload).map_err(|error| error.to_string())
    }

    /// Stops everything and returns the trace.
    pub(crate) async fn stop(mut self) -> String {
        self.service.terminate().unwrap();
        assert_eq!(self.service.wait(CEILING).await.unwrap(), 0);
        self.nats.stop().await.unwrap();
        // strace writes the last lines after the service has ended.
        until("the end of the trace", CEILING, async || {
            let trace = std::fs::read_to_string(trace_of(self.folder.path()));
            trace
                .ok()
                .filter(|trace| trace.ends_with("+++ exited with 0 +++\n"))
                .ok_or("it goes on")
        })
        .await
    }
}

fn trace_of(folder: &Path) -> PathBuf {
    folder.join("trace.txt")
}

fn find_strace() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join("strace"))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("there is no strace on the PATH; `apt-get install strace` brings one"))
}

/// A binary beside this test's folder.
fn built(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let binary = test.ancestors().nth(2).unwrap().join(name);
    assert!(
        binary.exists(),
        "{} is not built; run `cargo build` first",
        binary.display()
    );
    binary
}
