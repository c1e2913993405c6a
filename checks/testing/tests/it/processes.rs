//! Programs whose output and end are waited for.

use std::time::Duration;

use testing::process::{Launch, ProcessError, Signal};

use crate::support::{CEILING, runs, script};

#[tokio::test]
async fn lines_and_the_exit_code_are_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = script(
        folder.path(),
        "greet",
        "echo \"hello $NAME $1\"; echo oops >&2; exit 7",
    );
    let mut child = Launch::new(path)
        .arg("x y")
        .env("NAME", "Ada")
        .start()
        .await
        .unwrap();
    assert_eq!(
        child.wait_for_line("hello", CEILING).await.unwrap(),
        "hello Ada x y"
    );
    assert_eq!(child.wait_for_line("oops", CEILING).await.unwrap(), "oops");
    assert_eq!(child.wait(CEILING).await.unwrap(), 7);
    assert!(child.terminate().is_err());
}

#[tokio::test]
async fn a_program_that_ends_too_early_shows_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let path = script(folder.path(), "fail", "echo 'cannot open the database'; exit 1");
    let mut child = Launch::new(path).start().await.unwrap();
    let error = child.wait_for_line("ready", CEILING).await.unwrap_err();
    assert!(matches!(error, ProcessError::Ended { code: 1, .. }));
    assert!(
        format!("{error:?}").contains("\n  cannot open the database"),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_does_not_come_in_time_is_told_with_the_output_so_far() {
    let folder = tempfile::tempdir().unwrap();
    let path = script(folder.path(), "slow", "echo starting; exec sleep 600");
    let mut child = Launch::new(path).start().await.unwrap();
    child.wait_for_line("starting", CEILING).await.unwrap();
    let error = child
        .wait_for_line("ready", Duration::from_millis(50))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ProcessError::TimedOut { tail, .. } if tail.contains("starting")),
        "{error}"
    );
}

#[tokio::test]
async fn a_program_is_frozen_thawed_and_terminated() {
    let folder = tempfile::tempdir().unwrap();
    let body = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = Launch::new(script(folder.path(), "polite", body))
        .start()
        .await
        .unwrap();
    child.wait_for_line("ready", CEILING).await.unwrap();
    child.pause().unwrap();
    child.terminate().unwrap();
    assert!(
        child.wait(Duration::from_millis(300)).await.is_err(),
        "a frozen program does nothing"
    );
    child.resume().unwrap();
    assert_eq!(child.wait(CEILING).await.unwrap(), 3);
    assert_eq!(child.output().unwrap(), "ready\nbye\n");
}

#[tokio::test]
async fn a_killed_program_is_told_by_its_exit_code() {
    let mut child = Launch::new("/bin/sleep").arg("600").start().await.unwrap();
    child.kill().unwrap();
    assert_eq!(child.wait(CEILING).await.unwrap(), 128 + Signal::KILL.as_raw());
}

#[tokio::test]
async fn a_dropped_program_is_gone() {
    let child = Launch::new("/bin/sleep").arg("600").start().await.unwrap();
    let pid = child.pid();
    assert!(runs(pid));
    drop(child);
    assert!(!runs(pid));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let error = Launch::new("/no/such/program").start().await.unwrap_err();
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

#[tokio::test]
async fn a_clean_environment_holds_what_was_given_and_no_more() {
    let mut child = Launch::new("/usr/bin/env")
        .clean_env()
        .env("GIVEN", "1")
        .start()
        .await
        .unwrap();
    assert_eq!(child.wait(CEILING).await.unwrap(), 0);
    let output = child.output().unwrap();
    // The shell in between sets these.
    let own = ["PWD", "OLDPWD", "SHLVL", "_", "PATH", "HOME", "GIVEN"];
    let strangers: Vec<_> = output
        .lines()
        .filter(|line| !own.iter().any(|name| line.split('=').next() == Some(name)))
        .collect();
    assert!(strangers.is_empty() && output.contains("GIVEN=1"), "{output}");
}
