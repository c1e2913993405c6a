//! A user service under strace, with its own nats-server and database.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use contracts::{Field, Request, UpdateForm, UpdateUser, UserUpdated};
use tempfile::TempDir;
use testing::{
    nats::{NatsServer, Options},
    ports::free_port,
    process::{Child, Launch},
    wait::until,
};

const CEILING: Duration = Duration::from_secs(30);
/// The system calls that write to files and connections, and that flush.
const CALLS: &str = "pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg";
/// Longer than a page of the database and than an answer, so that strace prints both completely.
const MAX_PRINTED_BYTES: &str = "65536";

/// The running service.
pub(crate) struct TracedService {
    nats: NatsServer,
    client: async_nats::Client,
    service: Child,
    folder: TempDir,
}

impl TracedService {
    pub(crate) async fn start() -> Self {
        let nats = NatsServer::start(Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("users.db");
        let service = Launch::new(find_strace())
            .clean_env()
            // With this option the service is the started process, so that signals reach it.
            .arg("--daemonize")
            .arg("--follow-forks")
            .arg("--decode-fds=path")
            .arg(format!("--string-limit={MAX_PRINTED_BYTES}"))
            .arg(format!("--trace={CALLS}"))
            .arg(format!("--output={}", trace_path(folder.path()).display()))
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
        let traced_service = Self {
            nats,
            client,
            service,
            folder,
        };
        until("the traced service to answer", CEILING, async || {
            traced_service.request_change("first").await.map(drop)
        })
        .await;
        traced_service
    }

    /// Creates a user and waits for the answer.
    pub(crate) async fn change(&self, user: &str) {
        let updated = self.request_change(user).await.unwrap();
        assert_eq!(updated.user.version, 1);
    }

    async fn request_change(&self, user: &str) -> Result<UserUpdated, String> {
        let update = UpdateUser {
            user_id: user.parse().unwrap(),
            form: UpdateForm::Json,
            fields: [(Field::EMAIL, Some(format!("{user}@example.com").into()))].into(),
            if_match: None,
            idempotency_key: None,
            sender_try: None,
        };
        let payload = serde_json::to_vec(&update).unwrap().into();
        let answer = self.client.request(UpdateUser::SUBJECT, payload).await;
        let answer = answer.map_err(|error| error.to_string())?;
        serde_json::from_slice(&answer.payload).map_err(|error| error.to_string())
    }

    /// Stops everything and returns the trace.
    pub(crate) async fn stop(mut self) -> String {
        self.service.terminate().unwrap();
        assert_eq!(self.service.wait(CEILING).await.unwrap(), 0);
        self.nats.stop().await.unwrap();
        // strace writes its last lines after the service has ended.
        until("the end of the trace", CEILING, async || {
            let trace = std::fs::read_to_string(trace_path(self.folder.path()));
            trace
                .ok()
                .filter(|trace| trace.ends_with("+++ exited with 0 +++\n"))
                .ok_or("incomplete")
        })
        .await
    }
}

fn trace_path(folder: &Path) -> PathBuf {
    folder.join("trace.txt")
}

fn find_strace() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join("strace"))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("strace is not on the PATH; install it with `apt-get install strace`"))
}

/// The path of a binary of the workspace.
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
