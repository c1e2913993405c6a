//! A standby that replaces its server without the last commits.

use std::collections::BTreeSet;

use contracts::{
    ChangeLease, ClaimUsers, ErrorCode, Field, LeaseAnswer, ServiceError, TokenState, UpdateForm, UpdateUser,
    UserUpdated, Values, delivery::LeaseAction,
};
use sqlx::{Connection, PgConnection};
use testing::{postgres::PostgresServer, proxy::Proxy, wait::until};
use user::rules::receipt;

use crate::support::user_service::{CEILING, UserService, server};

const HOLDER: &str = "w";

/// A user service, and the numbers that it has handed out for user 1.
struct Handed {
    service: UserService,
    versions: BTreeSet<u64>,
    attempts: BTreeSet<u64>,
    epochs: BTreeSet<u64>,
}

impl Handed {
    /// Changes the user if it has the given version. The new version was never handed out before.
    async fn change(&mut self, if_match: Option<u64>) -> Result<u64, ServiceError> {
        let change = UpdateUser {
            user_id: "1".parse().unwrap(),
            form: UpdateForm::MergePatch,
            fields: Values::from([
                (Field::EMAIL, Some("ada@example.com".into())),
                (
                    Field::FIRST_NAME,
                    Some(format!("Ada {}", self.versions.len()).into()),
                ),
            ]),
            if_match,
            idempotency_key: None,
            sender_try: None,
        };
        let updated: UserUpdated = self.service.queue.run(change, None).await?;
        let version = updated.sync.version;
        assert!(
            self.versions.insert(version),
            "version {version} was handed out twice"
        );
        Ok(version)
    }

    /// Takes the lease anew as soon as it is free, and an attempt of the user. Neither number was handed out before.
    async fn attempt(&mut self) {
        self.lease(LeaseAction::Release).await;
        let epoch = until("the lease", CEILING, async || {
            match self.lease(LeaseAction::Hold).await {
                LeaseAnswer::Granted { epoch, .. } => Ok(epoch),
                other => Err(other),
            }
        })
        .await;
        assert!(self.epochs.insert(epoch), "epoch {epoch} was handed out twice");
        let claim = ClaimUsers {
            holder: HOLDER.to_owned(),
            epoch,
            users: vec!["1".parse().unwrap()],
            limit: 1,
            fields_revision: None,
        };
        let claimed = self.service.queue.run(claim, None).await.unwrap();
        let attempt = claimed.claims[0].attempt.get();
        assert!(
            self.attempts.insert(attempt),
            "attempt {attempt} was handed out twice"
        );
    }

    async fn lease(&self, action: LeaseAction) -> LeaseAnswer {
        let change = ChangeLease {
            holder: HOLDER.to_owned(),
            account_id: "4711".to_owned(),
            token: TokenState::Unknown,
            action,
        };
        self.service.queue.run(change, None).await.unwrap()
    }
}

/// The version of user 1 in the database of this server.
async fn stored_version(server: &PostgresServer) -> Option<i64> {
    let mut connection = PgConnection::connect(&server.url()).await.ok()?;
    let version = sqlx::query_scalar("SELECT version FROM users WHERE user_id = '1'");
    version.fetch_optional(&mut connection).await.ok()?
}

/// A standby that has every commit so far, and is stopped then.
async fn stopped_standby(of: &PostgresServer, version: u64) -> PostgresServer {
    let mut standby = of.start_standby().await.unwrap();
    until("a standby with every commit", CEILING, async || {
        stored_version(&standby).await == i64::try_from(version).ok()
    })
    .await;
    standby.stop().await.unwrap();
    standby
}

/// The standby takes over from the server at this address.
async fn take_over(standby: &mut PostgresServer, address: &Proxy) {
    standby.restart().await.unwrap();
    let mut connection = PgConnection::connect(&standby.url()).await.unwrap();
    sqlx::raw_sql("SELECT pg_promote()")
        .execute(&mut connection)
        .await
        .unwrap();
    address.set_target(standby.port());
    address.cut();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_takeover_that_lost_commits_no_number_is_handed_out_twice() {
    let mut first = server().await;
    let address = Proxy::start(first.port()).await.unwrap();
    let mut handed = Handed {
        service: UserService::start_through(&first, address.port()).await,
        versions: BTreeSet::new(),
        attempts: BTreeSet::new(),
        epochs: BTreeSet::new(),
    };
    handed.service.update("unchanged", "Eva").await.unwrap();
    handed.change(None).await.unwrap();
    handed.attempt().await;
    let kept = handed.change(None).await.unwrap();
    // Two standbys without what follows. The second one will not have seen the first one's promotion either.
    let mut second = stopped_standby(&first, kept).await;
    let mut third = stopped_standby(&first, kept).await;
    let lost = handed.change(Some(kept)).await.unwrap();
    handed.attempt().await;
    handed.service.update("lost", "Eva").await.unwrap();
    first.kill().await.unwrap();

    for standby in [&mut second, &mut third] {
        take_over(standby, &address).await;
        // A lost entity tag answers 412, before and after the next change.
        let rejected = until("a change that is rejected", CEILING, async || {
            let answer = handed.change(Some(lost)).await;
            answer
                .err()
                .filter(|error| error.code == ErrorCode::VersionMismatch)
        })
        .await;
        assert_eq!(rejected.current_version, Some(kept));
        handed.change(Some(kept)).await.unwrap();
        let rejected = handed.change(Some(lost)).await.unwrap_err();
        assert_eq!(rejected.code, ErrorCode::VersionMismatch);
        handed.attempt().await;
        handed.change(None).await.unwrap();
        let row = handed.service.row("1").await.unwrap();
        assert!(receipt(&row, lost).is_none(), "it is not known what became of it");
        assert!(receipt(&row, kept).is_some() && receipt(&row, row.version).is_some());
        assert!(row.version < 1 << 53);
        let unchanged = handed.service.row("unchanged").await.unwrap();
        assert_eq!(unchanged.version, 1, "its entity tag stays valid");
        let again = handed.service.update("lost", "Eva").await.unwrap();
        assert!(
            again.sync.version > 1,
            "a lost user does not get its version again"
        );
        standby.kill().await.unwrap();
    }
    handed.service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_same_server_raises_no_floor() {
    let mut server = server().await;
    let service = UserService::start(&server).await;
    service.update("1", "Ada").await.unwrap();
    server.stop().await.unwrap();
    server.restart().await.unwrap();
    let updated = until("an accepted change", CEILING, async || {
        service.update("1", "Eva").await
    })
    .await;
    assert_eq!(updated.sync.version, 2);
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_tell_its_timeline_is_used_all_the_same() {
    let server = server().await;
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::raw_sql(
        "CREATE ROLE plain LOGIN; GRANT ALL ON SCHEMA public TO plain; \
         REVOKE EXECUTE ON FUNCTION pg_walfile_name(pg_lsn), pg_control_system() FROM PUBLIC",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let url = server.url().replace("hubsync@", "plain@");
    let service = UserService::start_at(&url).await;
    for (version, name) in [(1, "Ada"), (2, "Eva")] {
        let updated = service.update("1", name).await.unwrap();
        assert_eq!(updated.sync.version, version);
    }
    let fingerprints = user::store::read_fingerprints(&url.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(fingerprints, user::store::Fingerprints::default());
    service.close().await;
}
