//! Many changes at a time, and what of them has to be in the table.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contracts::ErrorCode;
use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};
use testing::postgres::PostgresServer;

use crate::desk::Desk;

/// Changes of one user, each with a first name of its own.
struct Sender {
    user: String,
    sent: u64,
    /// Version and number of the last change that was answered as accepted.
    accepted: Option<(u64, u64)>,
}

/// What was sent and answered.
#[derive(Default)]
pub(crate) struct Flood {
    senders: Vec<Sender>,
    stopped: AtomicBool,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
}

impl Flood {
    pub(crate) fn of(users: usize) -> Self {
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

    /// Sends changes of all users through the desk until the other work is done.
    pub(crate) async fn during<Done>(&mut self, desk: &Desk, work: impl Future<Output = Done>) -> Done {
        self.stopped = AtomicBool::new(false);
        let stopped = &self.stopped;
        let sending = join_all(self.senders.iter_mut().map(|sender| sender.send(desk, stopped)));
        let working = async {
            let done = work.await;
            stopped.store(true, Ordering::Relaxed);
            done
        };
        let (answers, done) = tokio::join!(sending, working);
        for (accepted, refused, unknown) in answers {
            self.accepted += accepted;
            self.refused += refused;
            self.unknown += unknown;
        }
        done
    }

    /// Every accepted change is in the table, or one that was sent later by the same user; and nobody has the values of
    /// somebody else.
    pub(crate) async fn check(&self, server: &PostgresServer) {
        let mut beside = PgConnection::connect(&server.url()).await.unwrap();
        let rows = sqlx::query_as::<_, (String, i64, String, String)>(
            "SELECT user_id, version, first_name, email FROM users",
        );
        let rows = rows.fetch_all(&mut beside).await.unwrap();
        for sender in &self.senders {
            let Some((version, number)) = sender.accepted else {
                continue;
            };
            let row = rows.iter().find(|(user, ..)| *user == sender.user);
            let (user, found, name, email) = row.unwrap_or_else(|| panic!("{} is missing", sender.user));
            let found = u64::try_from(*found).unwrap();
            let stored = name
                .strip_prefix(&format!("{user}-"))
                .and_then(|name| name.parse::<u64>().ok());
            let stored = stored.unwrap_or_else(|| panic!("{user} has the name of somebody else: {name}"));
            assert_eq!(*email, format!("{user}@example.com"));
            assert!(
                (found == version && stored == number) || (found > version && stored > number),
                "{user}: change {number} was accepted as version {version}, but {found} has change {stored}"
            );
        }
    }
}

impl Sender {
    async fn send(&mut self, desk: &Desk, stopped: &AtomicBool) -> (u64, u64, u64) {
        let (mut accepted, mut refused, mut unknown) = (0, 0, 0);
        while !stopped.load(Ordering::Relaxed) {
            self.sent += 1;
            let name = format!("{}-{}", self.user, self.sent);
            match desk.update(&self.user, &name).await {
                Ok(updated) => {
                    accepted += 1;
                    let (version, last) = (updated.sync.version, self.accepted.unwrap_or_default());
                    assert!(
                        version > last.0,
                        "{name} is version {version}, but {last:?} was accepted before: it is lost"
                    );
                    self.accepted = Some((updated.sync.version, self.sent));
                }
                Err(error) => {
                    match error.code {
                        ErrorCode::Unavailable => refused += 1,
                        ErrorCode::OutcomeUnknown => unknown += 1,
                        other => panic!("refused with {other:?}: {}", error.message),
                    }
                    // A refusal takes no time; a caller would wait before the next try, too.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        (accepted, refused, unknown)
    }
}
