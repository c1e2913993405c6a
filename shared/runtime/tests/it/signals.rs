//! The first signal starts the shutdown, and a second one ends the process at once.

use runtime::Shutdown;
use testing::process::{Child, Launch, Signal};

use crate::support::CEILING;

/// Not a test: the tests below start it in a process of its own.
#[tokio::test]
#[ignore = "the tests of this file start it as a process"]
async fn signal_test_process() {
    let shutdown = Shutdown::on_signals().unwrap();
    println!("\nlistening");
    shutdown.triggered().await;
    println!("\nstopping");
    if std::env::var_os("HANGS").is_some() {
        std::future::pending::<()>().await;
    }
}

async fn start(hangs: bool) -> Child {
    let arguments = [
        "--exact",
        "signals::signal_test_process",
        "--ignored",
        "--nocapture",
    ];
    let launch = arguments
        .into_iter()
        .fold(Launch::new(std::env::current_exe().unwrap()), Launch::arg);
    let launch = if hangs { launch.env("HANGS", "1") } else { launch };
    let mut child = launch.start().await.unwrap();
    child.wait_for_line("listening", CEILING).await.unwrap();
    child
}

#[tokio::test]
async fn the_first_signal_starts_the_shutdown() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut child = start(false).await;
        child.signal(signal).unwrap();
        child.wait_for_line("stopping", CEILING).await.unwrap();
        assert_eq!(child.wait(CEILING).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let mut child = start(true).await;
    child.terminate().unwrap();
    child.wait_for_line("stopping", CEILING).await.unwrap();
    child.signal(Signal::INT).unwrap();
    assert_eq!(child.wait(CEILING).await.unwrap(), 130);
}
