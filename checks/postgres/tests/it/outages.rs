//! A server that stops and starts again.

use std::time::{Duration, Instant};

use contracts::ErrorCode;
use sqlx::{Connection, PgConnection};
use testing::proxy::{DataFlow, Proxy};
use testing::wait::until;
use user::store::StoreError;

use crate::support::user_service::{CEILING, UserService, server};

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_rejects_no_change() {
    let mut server = server().await;
    let service = UserService::start(&server).await;
    service.update("1", "Ada").await.unwrap();
    server.stop().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(service.update("1", "Grace").await.unwrap().sync.version, 2);
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_server_loses_no_change() {
    let mut server = server().await;
    let service = UserService::start(&server).await;
    for round in 0..3 {
        let user = format!("u{round}");
        let mut version = service.update(&user, "Ada").await.unwrap().sync.version;
        if round % 2 == 0 {
            server.kill().await.unwrap();
        } else {
            server.stop().await.unwrap();
        }
        // A child process that outlives the server's parent process for a moment may still commit a change.
        let rejected = until("a rejected change", CEILING, async || {
            let response = service.update(&user, "Grace").await;
            response.map(|updated| version = updated.sync.version).err()
        })
        .await;
        assert!(!service.is_healthy());
        let began = Instant::now();
        assert!(matches!(
            service.read_error(&user).await,
            Some(StoreError::Unavailable(_))
        ));
        // The gateway repeats a request after one second, so the error must come before that.
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        server.restart().await.unwrap();
        let accepted = until("an accepted change", CEILING, async || {
            service.update(&user, "Joan").await
        })
        .await;
        assert!(service.is_healthy());
        match rejected.code {
            ErrorCode::Unavailable => assert_eq!(
                accepted.sync.version,
                version + 1,
                "the rejected change was not made"
            ),
            // The last process of the server ended while it committed.
            ErrorCode::OutcomeUnknown => assert!(accepted.sync.version > version),
            other => panic!("rejected with {other:?}"),
        }
        assert_eq!(service.row(&user).await.unwrap().version, accepted.sync.version);
    }
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_reported_before_the_caller_times_out() {
    let server = server().await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let service = UserService::start_through(&server, proxy.port()).await;
    service.update("1", "Ada").await.unwrap();
    proxy.set(DataFlow::Stalled, DataFlow::Stalled);
    let began = Instant::now();
    let rejected = service.update("1", "Grace").await.unwrap_err();
    // This is the time that the gateway waits for a response.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(rejected.code, ErrorCode::Unavailable);
    proxy.set(DataFlow::Open, DataFlow::Open);
    until("an accepted change", CEILING, async || {
        service.update("1", "Joan").await
    })
    .await;
    assert_eq!(
        service.row("1").await.unwrap().version,
        2,
        "the rejected change was not made"
    );
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_a_response_has_an_unknown_outcome() {
    let server = server().await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let service = UserService::start_through(&server, proxy.port()).await;
    service.update("1", "Ada").await.unwrap();
    // A deferred trigger delays the commit, so that the connection can be cut before the response to it.
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$; \
        CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION slow()";
    sqlx::raw_sql(slow).execute(&mut connection).await.unwrap();
    let cut = async {
        until("a commit", CEILING, async || {
            let committing =
                "SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'";
            sqlx::query_scalar::<_, i64>(committing)
                .fetch_one(&mut connection)
                .await
                .unwrap()
                == 1
        })
        .await;
        proxy.cut();
    };
    let (response, ()) = tokio::join!(service.update("1", "Grace"), cut);
    assert_eq!(response.unwrap_err().code, ErrorCode::OutcomeUnknown);
    sqlx::raw_sql("DROP TRIGGER slow ON users")
        .execute(&mut connection)
        .await
        .unwrap();
    assert!(service.update("1", "Joan").await.unwrap().sync.version >= 2);
    service.close().await;
}
