//! Waiting for the output and the end of programs.

use std::time::Duration;

use testing::process::{Launch, ProcessError, Signal};

use crate::support::{CEILING, runs, script};

#[tokio::test]
async fn lines_and_the_exit_code_can_be_waited_for() {
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
async fn a_time_out_shows_the_output_so_far() {
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
async fn a_program_can_be_frozen_resumed_and_terminated() {
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
async fn the_exit_code_shows_that_a_program_was_killed() {
    let mut child = Launch::new("/bin/sleep").arg("600").start().await.unwrap();
    child.kill().unwrap();
    assert_eq!(child.wait(CEILING).await.unwrap(), 128 + Signal::KILL.as_raw());
}

#[tokio::test]
async fn a_dropped_program_stops() {
    let child = Launch::new("/bin/sleep").arg("600").start().await.unwrap();
    let pid = child.pid();
    assert!(runs(pid));
    drop(child);
    assert!(!runs(pid));
}

#[tokio::test]
async fn the_error_names_a_missing_program() {
    let error = Launch::new("/no/such/program").start().await.unwrap_err();
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

#[tokio::test]
async fn a_clean_environment_has_only_given_variables() {
    let mut child = Launch::new("/usr/bin/env")
        .clean_env()
        .env("GIVEN", "1")
        .start()
        .await
        .unwrap();
    assert_eq!(child.wait(CEILING).await.unwrap(), 0);
    let output = child.output().unwrap();
    // The supervising shell sets these.
    let own = ["PWD", "OLDPWD", "SHLVL", "_", "PATH", "HOME", "GIVEN"];
    let strangers: Vec<_> = output
        .lines()
        .filter(|line| !own.iter().any(|name| line.split('=').next() == Some(name)))
        .collect();
    assert!(strangers.is_empty() && output.contains("GIVEN=1"), "{output}");
}
