//! Too many callers, and hostile callers: the other callers are still served.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::stack::{Callers, Stack};

const CALLERS: usize = 1_000;
/// A limit on concurrent requests that is so low that the gateway rejects most of them.
const MAX_IN_FLIGHT: &str = "50";
/// The number of accepted changes after which the callers stop.
const ACCEPTED: u64 = 500;

async fn stack_with(settings: &[(&str, &str)]) -> Stack {
    let mut stack = Stack::without_services().await;
    for (name, value) in settings {
        stack.set(name, value);
    }
    stack.start_services().await;
    stack
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_changes_of_a_thousand_callers_are_kept() {
    runtime::open_files::raise_limit();
    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_mut, reason = "memory is checked on Linux only")
    )]
    let mut stack = stack_with(&[("API_GATEWAY_MAX_IN_FLIGHT", MAX_IN_FLIGHT)]).await;
    let callers = Callers::start(&stack, CALLERS);
    callers.wait_for_accepted(ACCEPTED).await;
    let results = callers.stop().await;

    let mut other: BTreeMap<&str, u64> = BTreeMap::new();
    for (what, count) in results.iter().flat_map(|results| &results.other) {
        *other.entry(what).or_default() += count;
    }
    assert_eq!(other.keys().collect::<Vec<_>>(), [&"503"], "{other:?}");
    let body = json!({ "email": "bh@hubspot.com", "firstName": "Ada" });
    assert_eq!(
        stack.patch("1", body).await.status(),
        200,
        "a change after the overload is accepted"
    );
    stack.check_accepted_changes(&results).await;
    #[cfg(target_os = "linux")]
    linux::check_memory(&mut stack);
    stack.finish().await;
}

#[tokio::test]
async fn half_sent_requests_do_not_block_others() {
    let stack = stack_with(&[("API_GATEWAY_MAX_IN_FLIGHT", "1")]).await;
    let half_sent = half_sent(&stack, 100).await;
    let body = json!({ "email": "bh@hubspot.com", "firstName": "Ada" });
    assert_eq!(stack.patch("1", body).await.status(), 200);
    stack.wait_for_state("1", "confirmed").await;
    // The gateway would wait for these connections when it stops, so they are closed first.
    drop(half_sent);
    stack.finish().await;
}

/// Opens connections that send only a part of a request.
async fn half_sent(stack: &Stack, count: usize) -> Vec<TcpStream> {
    let head = "PATCH /users/1 HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n";
    let with_half_a_body = format!("{head}Content-Length: 100\r\n\r\n{{");
    let address = stack.gateway_url().trim_start_matches("http://").to_owned();
    let mut streams = Vec::new();
    for number in 0..count {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let sent = if number % 2 == 0 { head } else { &with_half_a_body };
        stream.write_all(sent.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    streams
}

/// Tests that read or limit another process, which only Linux allows.
#[cfg(target_os = "linux")]
mod linux {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    use serde_json::json;
    use testing::{http, wait::until};

    use super::{half_sent, stack_with};
    use crate::stack::{CEILING, Service, Stack};

    /// The limit for a debug build: ten times the memory of a service without callers.
    const MAX_MEMORY_MIB: u64 = 160;

    pub(super) fn check_memory(stack: &mut Stack) {
        for service in [Service::Gateway, Service::User] {
            let used = peak_memory_mib(stack.process(service).pid());
            assert!(used < MAX_MEMORY_MIB, "{service:?} used {used} MiB");
        }
    }

    #[tokio::test]
    async fn a_gateway_out_of_file_descriptors_recovers() {
        let mut stack = stack_with(&[("API_GATEWAY_READ_TIMEOUT_MS", "500")]).await;
        allow_open_files(stack.process(Service::Gateway).pid(), 48);
        let _half_sent = half_sent(&stack, 150).await;
        // A new client makes a new connection, which needs a file descriptor.
        let others = http::client();
        until("a change to be accepted", CEILING, async || {
            let request = others.patch(format!("{}/users/1", stack.gateway_url()));
            let request = request.json(&json!({ "email": "bh@hubspot.com", "firstName": "Ada" }));
            match request.send().await {
                Ok(response) if response.status() == 200 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        let output = stack.process(Service::Gateway).output().unwrap();
        assert!(output.contains("no connection can be accepted"), "{output}");
        stack.wait_for_state("1", "confirmed").await;
        stack.finish().await;
    }

    fn allow_open_files(pid: u32, count: u64) {
        let limit = Rlimit {
            current: Some(count),
            maximum: Some(count),
        };
        let pid = Pid::from_raw(pid.try_into().unwrap());
        prlimit(pid, Resource::Nofile, limit).unwrap();
    }

    /// The peak resident memory of a process.
    fn peak_memory_mib(pid: u32) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap();
        kib / 1024
    }
}
