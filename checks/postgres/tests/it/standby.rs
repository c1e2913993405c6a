//! A standby that replaces its server.

use contracts::ErrorCode;
use sqlx::{Connection, PgConnection};
use testing::{proxy::Proxy, wait::until};

use crate::support::user_service::{CEILING, UserService, server};

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_by_a_standby_loses_no_change() {
    let mut first = server().await;
    // One address leads to both servers, like a host name or a load balancer.
    let address = Proxy::start(first.port()).await.unwrap();
    let service = UserService::start_through(&first, address.port()).await;
    let second = first.start_standby().await.unwrap();
    let mut connection = PgConnection::connect(&first.url()).await.unwrap();
    for waits in [
        "ALTER SYSTEM SET synchronous_standby_names = '*'",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::raw_sql(waits).execute(&mut connection).await.unwrap();
    }
    until("a synchronous standby", CEILING, async || {
        let states = sqlx::query_scalar::<_, String>("SELECT sync_state FROM pg_stat_replication");
        states.fetch_all(&mut connection).await.unwrap() == ["sync"]
    })
    .await;
    for name in ["Ada", "Eva"] {
        service.update("1", name).await.unwrap();
    }

    first.kill().await.unwrap();
    address.set_target(second.port());
    address.cut();
    let rejected = until("a standby that rejects changes", CEILING, async || {
        let row = service.try_row("1").await.ok().flatten()?;
        assert_eq!(row.version, 2, "the standby has every accepted change");
        service.update("1", "Grace").await.err()
    })
    .await;
    assert_eq!(rejected.code, ErrorCode::Unavailable);
    assert!(!service.is_healthy());

    let mut connection = PgConnection::connect(&second.url()).await.unwrap();
    sqlx::raw_sql("SELECT pg_promote()")
        .execute(&mut connection)
        .await
        .unwrap();
    let accepted = until("an accepted change", CEILING, async || {
        service.update("1", "Joan").await
    })
    .await;
    // The service cannot know that the standby has every commit, so versions continue above the version floor.
    let floor: i64 = sqlx::query_scalar("SELECT version_floor FROM lease")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let first_above = u64::try_from(floor).unwrap() + 1;
    assert!(first_above > 3);
    assert_eq!(
        accepted.sync.version, first_above,
        "the rejected changes were not made"
    );
    assert!(service.is_healthy());
    service.close().await;
}
