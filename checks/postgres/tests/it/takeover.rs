//! A standby that takes the place of its server.

use contracts::ErrorCode;
use sqlx::{Connection, PgConnection};
use testing::{proxy::Proxy, wait::until};

use crate::desk::{CEILING, Desk, server};

#[tokio::test(flavor = "multi_thread")]
async fn while_a_standby_takes_over_changes_are_refused_and_afterwards_taken_with_nothing_lost() {
    let mut first = server().await;
    // One address for both, as a name or a balancer gives it.
    let address = Proxy::start(first.port()).await.unwrap();
    let desk = Desk::over(&first, address.port()).await;
    let second = first.start_standby().await.unwrap();
    let mut beside = PgConnection::connect(&first.url()).await.unwrap();
    for waits in [
        "ALTER SYSTEM SET synchronous_standby_names = '*'",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::raw_sql(waits).execute(&mut beside).await.unwrap();
    }
    until("a standby that commits wait for", CEILING, async || {
        let states = sqlx::query_scalar::<_, String>("SELECT sync_state FROM pg_stat_replication");
        states.fetch_all(&mut beside).await.unwrap() == ["sync"]
    })
    .await;
    for name in ["Ada", "Eva"] {
        desk.update("1", name).await.unwrap();
    }

    first.kill().await.unwrap();
    address.lead_to(second.port());
    address.cut();
    let refused = until("a server that only reads", CEILING, async || {
        let row = desk.try_row("1").await.ok().flatten()?;
        assert_eq!(row.version, 2, "what was accepted is there");
        desk.update("1", "Grace").await.err()
    })
    .await;
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert!(!desk.is_well());

    let mut beside = PgConnection::connect(&second.url()).await.unwrap();
    sqlx::raw_sql("SELECT pg_promote()")
        .execute(&mut beside)
        .await
        .unwrap();
    let taken = until("a change that is taken", CEILING, async || {
        desk.update("1", "Joan").await
    })
    .await;
    assert_eq!(taken.sync.version, 3, "the refused ones were not made");
    assert!(desk.is_well());
    desk.close().await;
}
