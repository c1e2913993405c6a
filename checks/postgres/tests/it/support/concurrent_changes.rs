//! Many changes at the same time, and a check that the table contains the accepted ones.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contracts::ErrorCode;
use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};
use testing::postgres::PostgresServer;

use crate::support::user_service::UserService;

/// A sender of changes of one user, each with its own first name.
struct Sender {
    user: String,
    sent: u64,
    /// The version and the number of the last accepted change.
    accepted: Option<(u64, u64)>,
}

/// Concurrent senders, and how many of their changes were accepted, rejected, or have an unknown outcome.
#[derive(Default)]
pub(crate) struct ConcurrentChanges {
    senders: Vec<Sender>,
    stopped: AtomicBool,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) unknown: u64,
}

impl ConcurrentChanges {
    /// Prepares one sender for each of this many users.
    pub(crate) fn of_users(users: usize) -> Self {
        let senders = (0..users).map(|number| Sender {
            user: format!("u{number}"),
            sent: 0,
            accepted: None,
        });
        Self {
            senders: senders.collect(),
            ..Self::default()
        }
    }

    /// Sends changes of all users through the service until `work` ends.
    pub(crate) async fn run_during<Done>(
        &mut self,
        service: &UserService,
        work: impl Future<Output = Done>,
    ) -> Done {
        self.stopped = AtomicBool::new(false);
        let stopped = &self.stopped;
        let sending = join_all(
            self.senders
                .iter_mut()
                .map(|sender| sender.send(service, stopped)),
        );
        let working = async {
            let done = work.await;
            stopped.store(true, Ordering::Relaxed);
            done
        };
        let (answers, done) = tokio::join!(sending, working);
        for (accepted, rejected, unknown) in answers {
            self.accepted += accepted;
            self.rejected += rejected;
            self.unknown += unknown;
        }
        done
    }

    /// Checks that the table contains the last accepted change of each user or a later one, and that no row has the values
    /// of another user.
    pub(crate) async fn check(&self, server: &PostgresServer) {
        let mut connection = PgConnection::connect(&server.url()).await.unwrap();
        let rows = sqlx::query_as::<_, (String, i64, String, String)>(
            "SELECT user_id, version, ledger::json #>> '{fields,firstName,value}', \
             ledger::json #>> '{fields,email,value}' FROM users",
        );
        let rows = rows.fetch_all(&mut connection).await.unwrap();
        for sender in &self.senders {
            let Some((version, number)) = sender.accepted else {
                continue;
            };
            let row = rows.iter().find(|(user, ..)| *user == sender.user);
            let (user, found, name, email) =
                row.unwrap_or_else(|| panic!("{} is not in the table", sender.user));
            let found = u64::try_from(*found).unwrap();
            let stored = name
                .strip_prefix(&format!("{user}-"))
                .and_then(|name| name.parse::<u64>().ok());
            let stored = stored.unwrap_or_else(|| panic!("{user} has the name of another user: {name}"));
            assert_eq!(*email, format!("{user}@example.com"));
            assert!(
                (found == version && stored == number) || (found > version && stored > number),
                "{user}: change {number} was accepted as version {version}, but {found} has change {stored}"
            );
        }
    }
}

impl Sender {
    async fn send(&mut self, service: &UserService, stopped: &AtomicBool) -> (u64, u64, u64) {
        let (mut accepted, mut rejected, mut unknown) = (0, 0, 0);
        while !stopped.load(Ordering::Relaxed) {
            self.sent += 1;
            let name = format!("{}-{}", self.user, self.sent);
            match service.update(&self.user, &name).await {
                Ok(updated) => {
                    accepted += 1;
                    let (version, last) = (updated.sync.version, self.accepted.unwrap_or_default());
                    assert!(
                        version > last.0,
                        "{name} is version {version}, but {last:?} was accepted before and is lost"
                    );
                    self.accepted = Some((updated.sync.version, self.sent));
                }
                Err(error) => {
                    match error.code {
                        ErrorCode::Unavailable => rejected += 1,
                        ErrorCode::OutcomeUnknown => unknown += 1,
                        other => panic!("rejected with {other:?}: {}", error.message),
                    }
                    // Without this pause the senders would keep the machine busy with rejections.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        (accepted, rejected, unknown)
    }
}
