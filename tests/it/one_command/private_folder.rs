//! The permissions of the data folder.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::Hubsync;

/// The folder and everything in it that others can read, write or execute.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let metadata = fs::symlink_metadata(folder).unwrap();
    if metadata.is_symlink() {
        return Vec::new();
    }
    let mut open = Vec::new();
    if metadata.permissions().mode() & 0o077 != 0 {
        open.push(folder.to_owned());
    }
    if metadata.is_dir() {
        let entries = fs::read_dir(folder).unwrap();
        open.extend(entries.flat_map(|entry| open_to_others(&entry.unwrap().path())));
    }
    open
}

fn open_up(path: &Path) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            open_up(&entry.unwrap().path());
        }
    }
    let mode = if path.is_dir() { 0o777 } else { 0o666 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

async fn change(hubsync: &Hubsync, name: &str) {
    let answer = hubsync
        .patch("1", json!({ "email": "bh@hubspot.com", "firstName": name }))
        .await;
    let version = answer.expect("a change that is accepted")["user"]["version"]
        .as_u64()
        .unwrap();
    hubsync.wait_for_confirmed("1", version).await;
}

#[tokio::test]
async fn only_the_owner_can_read_the_data_folder() {
    let mut hubsync = Hubsync::new();
    let data = hubsync.folder.path().join(".hubsync");
    hubsync.start().await;
    change(&hubsync, "Ada").await;
    assert_eq!(open_to_others(&data), [""; 0].map(PathBuf::from));
    for name in [
        "lock",
        "users.db",
        "users.db-wal",
        "users.db-shm",
        "hubspot-sandbox.jsonl",
        "nats/nats.log",
        "nats/nats-server.pid",
        "nats/jetstream",
    ] {
        assert!(
            data.join(name).exists(),
            "{name} is not where this test looks for it"
        );
    }
    assert_eq!(hubsync.stop().await, 0);

    // A copy may have such permissions.
    open_up(&data);
    hubsync.start().await;
    assert!(
        hubsync.output().contains("others could read the data folder"),
        "{}",
        hubsync.output()
    );
    change(&hubsync, "Bea").await;
    assert_eq!(open_to_others(&data), [""; 0].map(PathBuf::from));
    assert_eq!(hubsync.stop().await, 0);
    hubsync.start().await;
    assert!(
        !hubsync.output().contains("others could read"),
        "{}",
        hubsync.output()
    );
    assert_eq!(hubsync.stop().await, 0);
}

#[tokio::test]
async fn a_folder_with_foreign_files_is_neither_closed_nor_used() {
    let mut hubsync = Hubsync::new();
    let data = hubsync.folder.path().join("project");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("README.md"), "x").unwrap();
    open_up(&data);
    hubsync.settings.push(("HUBSYNC_DATA", "project".to_owned()));
    let output = hubsync.fail_to_start().await;
    assert!(
        output.contains("contains files that are not hubsync's") && output.contains("--data"),
        "{output}"
    );
    assert_eq!(open_to_others(&data), [data.clone(), data.join("README.md")]);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
    // After its owner has closed it, hubsync uses the folder. Foreign files and targets of links are not changed.
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    symlink(hubsync.folder.path().join("elsewhere"), data.join("users.db.old")).unwrap();
    fs::write(hubsync.folder.path().join("elsewhere"), "x").unwrap();
    open_up(&hubsync.folder.path().join("elsewhere"));
    hubsync.start().await;
    assert_eq!(open_to_others(&data), [data.join("README.md")]);
    assert_eq!(open_to_others(&hubsync.folder.path().join("elsewhere")).len(), 1);
    assert_eq!(hubsync.stop().await, 0);
}
