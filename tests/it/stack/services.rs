//! Starts, stops and kills services.

use std::path::PathBuf;

use testing::process::{Child, Launch};

use super::{CEILING, Stack};

/// One of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    Gateway,
    User,
    Hubspot,
}

impl Service {
    pub(crate) const ALL: [Self; 3] = [Self::User, Self::Hubspot, Self::Gateway];

    fn binary(self) -> PathBuf {
        built(match self {
            Self::Gateway => "api-gateway",
            Self::User => "user",
            Self::Hubspot => "hubspot",
        })
    }
}

/// The path of a binary of the workspace, which is in the same folder as `hubsync`.
pub(crate) fn built(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_hubsync")).with_file_name(name);
    assert!(
        path.exists(),
        "{} is not built; run `cargo build` or plain `cargo test` first",
        path.display()
    );
    path
}

impl Stack {
    /// Starts a service without waiting until it is ready.
    pub(crate) async fn start_service(&mut self, service: Service) {
        let mut launch = Launch::new(service.binary())
            .clean_env()
            .current_dir(self.folder.path());
        for (name, value) in &self.settings {
            launch = launch.env(name, value);
        }
        self.running.insert(service, launch.start().await.unwrap());
    }

    /// Stops a service with SIGTERM. It must exit without an error.
    pub(crate) async fn stop_service(&mut self, service: Service) {
        let Some(mut child) = self.running.remove(&service) else {
            return;
        };
        child.terminate().unwrap();
        let code = child.wait(CEILING).await.unwrap();
        assert_eq!(code, 0, "{service:?} exited with an error:\n{}", child.tail());
    }

    /// Kills a service with SIGKILL.
    pub(crate) async fn kill_service(&mut self, service: Service) {
        let mut child = self.running.remove(&service).expect("the service runs");
        child.kill().unwrap();
        child.wait(CEILING).await.unwrap();
    }

    /// Stops a service and starts it again.
    pub(crate) async fn restart_service(&mut self, service: Service) {
        self.stop_service(service).await;
        self.start_service(service).await;
    }

    /// Removes a running service from the stack, so that a second one can start beside it.
    pub(crate) fn take(&mut self, service: Service) -> Child {
        self.running.remove(&service).expect("the service runs")
    }

    /// The running process of a service.
    pub(crate) fn process(&mut self, service: Service) -> &mut Child {
        self.running.get_mut(&service).expect("the service runs")
    }
}
