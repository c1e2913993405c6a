//! Connections that are encrypted, as the address asks for.

use sqlx::{Connection, PgConnection};
use user::store::{self, OpenError};

use crate::desk::{Desk, server};

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_is_encrypted_where_the_address_asks_for_it() {
    let mut server = server().await;
    let certificate = server.encrypt().await.unwrap();
    let url = format!(
        "{}?sslmode=verify-full&sslrootcert={}",
        server.url(),
        certificate.display()
    );
    let desk = Desk::at_url(&url).await;
    desk.update("1", "Ada").await.unwrap();
    assert!(desk.row("1").await.is_some());
    let mut beside = PgConnection::connect(&server.url()).await.unwrap();
    let encrypted = sqlx::query_scalar::<_, bool>(
        "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'hubsync user'",
    );
    let encrypted = encrypted.fetch_all(&mut beside).await.unwrap();
    // Those that write, and one that read.
    assert!(
        encrypted.len() >= 4 && !encrypted.contains(&false),
        "{encrypted:?}"
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_certificate_is_not_known_and_one_that_does_not_encrypt_are_not_used() {
    let (plain, mut other) = (server().await, server().await);
    other.encrypt().await.unwrap();
    for url in [
        format!("{}?sslmode=require", plain.url()),
        format!("{}?sslmode=verify-full", other.url()),
    ] {
        let error = store::open(&url.parse().unwrap()).await.map(drop).unwrap_err();
        assert!(
            matches!(
                error,
                OpenError::Open {
                    is_transient: false,
                    ..
                }
            ),
            "{error:?}"
        );
    }
}
