//! A server that goes and comes back.

use std::time::{Duration, Instant};

use contracts::ErrorCode;
use sqlx::{Connection, PgConnection};
use testing::proxy::{Passage, Proxy};
use testing::wait::until;
use user::store::StoreError;

use crate::desk::{CEILING, Desk, server};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_restarted_is_no_reason_to_refuse_a_change() {
    let mut server = server().await;
    let desk = Desk::at(&server).await;
    desk.update("1", "Ada").await.unwrap();
    server.stop().await.unwrap();
    server.start_again().await.unwrap();
    assert_eq!(desk.update("1", "Grace").await.unwrap().sync.version, 2);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_is_away_changes_are_refused_and_afterwards_taken_with_nothing_lost() {
    let mut server = server().await;
    let desk = Desk::at(&server).await;
    for round in 0..3 {
        let user = format!("u{round}");
        let mut version = desk.update(&user, "Ada").await.unwrap().sync.version;
        if round % 2 == 0 {
            server.kill().await.unwrap();
        } else {
            server.stop().await.unwrap();
        }
        // A process of the server that outlives the first one for a moment may take a change yet.
        let refused = until("a refusal", CEILING, async || {
            let answer = desk.update(&user, "Grace").await;
            answer.map(|updated| version = updated.sync.version).err()
        })
        .await;
        assert!(!desk.is_well());
        let began = Instant::now();
        assert!(matches!(
            desk.read_error(&user).await,
            Some(StoreError::Unavailable(_))
        ));
        // The gateway asks once more after a second, and callers wait for three.
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        server.start_again().await.unwrap();
        let taken = until("a change that is taken", CEILING, async || {
            desk.update(&user, "Joan").await
        })
        .await;
        assert!(desk.is_well());
        match refused.code {
            ErrorCode::Unavailable => assert_eq!(taken.sync.version, version + 1, "the refused one was made"),
            // Its last process went while it committed.
            ErrorCode::OutcomeUnknown => assert!(taken.sync.version > version),
            other => panic!("refused with {other:?}"),
        }
        assert_eq!(desk.row(&user).await.unwrap().version, taken.sync.version);
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_any_more_is_told_within_the_callers_patience() {
    let server = server().await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let desk = Desk::over(&server, proxy.port()).await;
    desk.update("1", "Ada").await.unwrap();
    proxy.set(Passage::Stalled, Passage::Stalled);
    let began = Instant::now();
    let refused = desk.update("1", "Grace").await.unwrap_err();
    // So long the gateway waits for an answer.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(refused.code, ErrorCode::Unavailable);
    proxy.set(Passage::Open, Passage::Open);
    until("a change that is taken", CEILING, async || {
        desk.update("1", "Joan").await
    })
    .await;
    assert_eq!(
        desk.row("1").await.unwrap().version,
        2,
        "the refused one was not made"
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_told_as_such_and_may_have_been_made() {
    let server = server().await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let desk = Desk::over(&server, proxy.port()).await;
    desk.update("1", "Ada").await.unwrap();
    // Kept until the update has the row and waits, so that what is lost is the answer to the commit.
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$; \
        CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION slow()";
    sqlx::raw_sql(slow).execute(&mut beside).await.unwrap();
    let cutting = async {
        until("a commit", CEILING, async || {
            let committing =
                "SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'";
            sqlx::query_scalar::<_, i64>(committing)
                .fetch_one(&mut beside)
                .await
                .unwrap()
                == 1
        })
        .await;
        proxy.cut();
    };
    let (answer, ()) = tokio::join!(desk.update("1", "Grace"), cutting);
    assert_eq!(answer.unwrap_err().code, ErrorCode::OutcomeUnknown);
    sqlx::raw_sql("DROP TRIGGER slow ON users")
        .execute(&mut beside)
        .await
        .unwrap();
    assert!(desk.update("1", "Joan").await.unwrap().sync.version >= 2);
    desk.close().await;
}
