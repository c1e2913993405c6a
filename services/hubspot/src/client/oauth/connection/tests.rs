//! Secrets that are replaced, from either side.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use std::{fs, path::Path};

use super::*;

fn in_file(path: &Path) -> Connection {
    fs::write(path, "one\n").unwrap();
    open(SecretSource::File(path.to_owned()))
}

fn open(refresh_token: SecretSource) -> Connection {
    Connection::open(OAuthApp {
        client_id: "id".to_owned(),
        client_secret: SecretSource::Value(Secret::from("secret")),
        refresh_token,
    })
    .unwrap()
}

#[test]
fn a_refresh_token_replaced_in_its_file_is_another_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let mut connection = in_file(&path);
    assert!(!connection.reload());
    fs::write(&path, "").unwrap();
    assert!(!connection.reload(), "it is being replaced");
    fs::write(&path, "two").unwrap();
    assert!(connection.reload());
    assert_eq!((connection.refresh_token.expose(), connection.number), ("two", 1));
    assert!(!connection.reload());
}

#[test]
fn a_client_secret_replaced_in_its_file_is_the_same_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "one").unwrap();
    let mut connection = Connection::open(OAuthApp {
        client_id: "id".to_owned(),
        client_secret: SecretSource::File(path.clone()),
        refresh_token: SecretSource::Value(Secret::from("token")),
    })
    .unwrap();
    fs::write(&path, "two").unwrap();
    assert!(connection.reload());
    assert_eq!((connection.client_secret.expose(), connection.number), ("two", 0));
}

#[tokio::test]
async fn a_rotated_refresh_token_is_written_to_its_file_and_is_no_other_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let mut connection = in_file(&path);
    connection.keep(Some(Secret::from("two"))).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
    assert!(connection.rotates && !connection.reload());
    assert_eq!((connection.refresh_token.expose(), connection.number), ("two", 0));
    connection.keep(Some(Secret::from("two"))).await;
    assert!(!connection.rotates);
}

#[tokio::test]
async fn what_somebody_else_wrote_meanwhile_is_left_there_and_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let mut connection = in_file(&path);
    fs::write(&path, "from an operator").unwrap();
    connection.keep(Some(Secret::from("two"))).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "from an operator");
    assert!(connection.reload());
    assert_eq!(connection.refresh_token.expose(), "from an operator");
}

#[tokio::test]
async fn a_rotated_refresh_token_that_cannot_be_written_is_kept_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let mut connection = in_file(&path);
    fs::remove_file(&path).unwrap();
    for token in ["two", "three"] {
        connection.keep(Some(Secret::from(token))).await;
        assert_eq!(connection.refresh_token.expose(), token);
    }
    assert!(!connection.reload());
    let mut variable = open(SecretSource::Value(Secret::from("one")));
    variable.keep(Some(Secret::from("two"))).await;
    assert!(!variable.reload());
    assert_eq!(variable.refresh_token.expose(), "two");
}

#[tokio::test]
async fn a_rotated_refresh_token_that_could_not_be_written_is_written_as_soon_as_it_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let mut connection = in_file(&path);
    fs::remove_file(&path).unwrap();
    connection.keep(Some(Secret::from("two"))).await;
    connection.retry_write().await;
    fs::write(&path, "one\n").unwrap();
    assert!(!connection.reload());
    connection.retry_write().await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
    assert!(!connection.reload());
    assert_eq!((connection.refresh_token.expose(), connection.number), ("two", 0));
    fs::write(&path, "from an operator").unwrap();
    assert!(connection.reload());
    connection.retry_write().await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "from an operator");
}
