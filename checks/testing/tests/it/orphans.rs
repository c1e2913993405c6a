//! No program is left running, however its parent ends.

use rustix::process::{Signal, getpgid, kill_process, kill_process_group};
use tempfile::TempDir;
use testing::process::{Child, Launch};
use testing::wait::until;

use crate::support::{CEILING, group_runs, runs, to_pid};

/// Starts a parent with a nats-server. Returns the parent, the server's process id, and its folder.
async fn parent_with_server() -> (Child, u32, TempDir) {
    // The test makes the folder, because a killed parent removes nothing.
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch::new(env!("CARGO_BIN_EXE_with-nats")).arg(folder.path());
    let mut parent = launch.start().await.unwrap();
    let line = parent.wait_for_line("as process", CEILING).await.unwrap();
    let server = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(runs(server));
    (parent, server, folder)
}

#[tokio::test]
async fn a_killed_parent_leaves_nothing_running() {
    let (mut parent, server, _folder) = parent_with_server().await;
    let group = getpgid(Some(to_pid(server))).unwrap();
    parent.kill().unwrap();
    parent.wait(CEILING).await.unwrap();
    until("the server to end", CEILING, async || !runs(server)).await;
    until("its whole group to end", CEILING, async || !group_runs(group)).await;
}

#[tokio::test]
async fn ctrl_c_reaches_only_the_parent() {
    let (mut parent, server, _folder) = parent_with_server().await;
    let (ours, theirs) = (
        getpgid(Some(to_pid(parent.pid()))).unwrap(),
        getpgid(Some(to_pid(server))).unwrap(),
    );
    assert_ne!(ours, theirs);
    // A terminal sends this signal on Ctrl-C.
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
async fn a_server_stops_even_without_its_supervisor() {
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
async fn a_dropped_program_stops_even_without_its_supervisor() {
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
