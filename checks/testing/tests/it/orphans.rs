//! Nothing is left running, however the parent ends.

use rustix::process::{Signal, getpgid, kill_process, kill_process_group};
use tempfile::TempDir;
use testing::process::{Child, Launch};
use testing::wait::until;

use crate::support::{CEILING, group_runs, runs, to_pid};

/// A parent that holds a nats-server, the process id of that server, and its folder.
async fn parent_with_server() -> (Child, u32, TempDir) {
    // Given to it, because a parent that is killed removes nothing.
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch::new(env!("CARGO_BIN_EXE_with-nats")).arg(folder.path());
    let mut parent = launch.start().await.unwrap();
    let line = parent.wait_for_line("as process", CEILING).await.unwrap();
    let server = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(runs(server));
    (parent, server, folder)
}

#[tokio::test]
async fn a_parent_killed_without_warning_leaves_nothing_running() {
    let (mut parent, server, _folder) = parent_with_server().await;
    let group = getpgid(Some(to_pid(server))).unwrap();
    parent.kill().unwrap();
    parent.wait(CEILING).await.unwrap();
    until("the server to end", CEILING, async || !runs(server)).await;
    until("its whole group to end", CEILING, async || !group_runs(group)).await;
}

#[tokio::test]
async fn ctrl_c_in_a_terminal_reaches_the_parent_and_not_the_server() {
    let (mut parent, server, _folder) = parent_with_server().await;
    let (ours, theirs) = (
        getpgid(Some(to_pid(parent.pid()))).unwrap(),
        getpgid(Some(to_pid(server))).unwrap(),
    );
    assert_ne!(ours, theirs);
    // What a terminal does on Ctrl-C.
    kill_process_group(ours, Signal::INT).unwrap();
    assert_eq!(
        parent.wait(CEILING).await.unwrap(),
        0,
        "it stopped its server and ended well"
    );
    assert!(!runs(server));
    until("its whole group to end", CEILING, async || !group_runs(theirs)).await;
}

#[tokio::test]
async fn a_server_ends_with_its_parent_though_its_supervisor_was_killed() {
    let (mut parent, server, _folder) = parent_with_server().await;
    let group = getpgid(Some(to_pid(server))).unwrap();
    // The supervising script leads the group.
    kill_process(group, Signal::KILL).unwrap();
    parent.kill().unwrap();
    parent.wait(CEILING).await.unwrap();
    until("the server to end", CEILING, async || !runs(server)).await;
    until("its whole group to end", CEILING, async || !group_runs(group)).await;
}

#[tokio::test]
async fn a_dropped_program_is_gone_though_its_supervisor_was_killed() {
    let mut child = Launch::new("/bin/sleep").arg("600").start().await.unwrap();
    let pid = child.pid();
    kill_process(getpgid(Some(to_pid(pid))).unwrap(), Signal::KILL).unwrap();
    until("the end of the supervisor", CEILING, async || {
        child.exit_code().is_some()
    })
    .await;
    drop(child);
    until("the program to end", CEILING, async || !runs(pid)).await;
}
