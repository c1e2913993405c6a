//! The health listener and the probe.

use runtime::Shutdown;
use runtime::health::{ProbeError, Registry, probe, router, serve};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

#[tokio::test]
async fn the_probe_succeeds_once_a_service_is_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (registry, shutdown) = (Registry::new("user", &["store"]), Shutdown::new());
    let server = tokio::spawn(serve(listener, router(registry.clone()), shutdown.clone()));

    probe(&format!("{base}/healthz")).await.unwrap();
    let error = probe(&format!("{base}/readyz")).await.unwrap_err();
    assert!(
        matches!(&error, ProbeError::Unhealthy { status, body, .. }
            if status.contains("503") && body.contains(r#""name":"store","ok":false"#)),
        "{error}"
    );
    registry.set("store", true, "open");
    probe(&format!("{base}/readyz")).await.unwrap();

    shutdown.trigger();
    server.await.unwrap().unwrap();
    assert!(matches!(
        probe(&format!("{base}/healthz")).await,
        Err(ProbeError::Unreachable { .. })
    ));
}

#[tokio::test]
async fn a_process_that_never_answers_is_unhealthy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    });
    let error = probe(&format!("http://{address}/healthz")).await.unwrap_err();
    assert!(matches!(error, ProbeError::TimedOut(_)), "{error}");
    silent.await.unwrap();
}

#[tokio::test]
async fn an_unusable_address_is_in_the_error() {
    for address in ["nonsense", "https://localhost/", "ftp://localhost/"] {
        assert!(
            matches!(probe(address).await, Err(ProbeError::Address(_))),
            "{address}"
        );
    }
}
