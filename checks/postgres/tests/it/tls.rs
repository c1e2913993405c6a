//! Encrypted connections, as the address asks for them.

use sqlx::{Connection, PgConnection};
use user::store::{self, OpenError};

use crate::support::user_service::{UserService, server};

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_is_encrypted_as_the_address_asks() {
    let mut server = server().await;
    let certificate = server.encrypt().await.unwrap();
    let url = format!(
        "{}?sslmode=verify-full&sslrootcert={}",
        server.url(),
        certificate.display()
    );
    let service = UserService::start_at(&url).await;
    service.update("1", "Ada").await.unwrap();
    assert!(service.row("1").await.is_some());
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    let encrypted = sqlx::query_scalar::<_, bool>(
        "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'hubsync user'",
    );
    let encrypted = encrypted.fetch_all(&mut connection).await.unwrap();
    // There are three connections that write and one that reads.
    assert!(
        encrypted.len() >= 4 && !encrypted.contains(&false),
        "{encrypted:?}"
    );
    service.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unencrypted_and_unknown_servers_are_rejected() {
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
