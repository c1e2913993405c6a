//! The settings of each service.

use crate::{options::Options, system::components::Component};

/// The ports that the settings contain.
#[derive(Debug)]
pub(super) struct Ports {
    /// The service's own proxies for the NATS nodes.
    pub(super) nats: Vec<u16>,
    /// The port on which the service listens, for requests (gateway) or for its readiness report (others).
    pub(super) own: u16,
    /// The hubspot service's own proxy for HubSpot.
    pub(super) hubspot: Option<u16>,
}

/// The settings of one service.
pub(super) fn settings(
    component: Component,
    ports: &Ports,
    database: &str,
    options: &Options,
) -> Vec<(&'static str, String)> {
    let local = |port: u16| format!("127.0.0.1:{port}");
    let ms = |length: std::time::Duration| length.as_millis().to_string();
    let Options { scale, nodes, .. } = options;
    let nats: Vec<_> = ports
        .nats
        .iter()
        .map(|port| format!("nats://{}", local(*port)))
        .collect();
    let mut settings = vec![("NATS_URL", nats.join(","))];
    match component {
        Component::Nats => {}
        Component::FirstGateway | Component::SecondGateway => {
            settings.push(("API_GATEWAY_PORT", ports.own.to_string()));
        }
        Component::FirstUser | Component::SecondUser => settings.extend([
            ("NATS_STREAM_REPLICAS", nodes.to_string()),
            ("USER_DATABASE_URL", database.to_owned()),
            ("USER_HEALTH_LISTEN", local(ports.own)),
            ("USER_LATE_WRITE_MS", ms(scale.late_write_window)),
            ("USER_ATTEMPT_MS", ms(scale.attempt)),
            ("USER_WAKE_UP_MS", ms(scale.wake_up)),
            // Every change has a key, and a few users are changed all the time.
            ("USER_MAX_IDEMPOTENCY_KEYS", "1000000".to_owned()),
        ]),
        Component::FirstHubspot | Component::SecondHubspot => settings.extend([
            (
                "HUBSPOT_SANDBOX_URL",
                ports
                    .hubspot
                    .map_or_else(String::new, |port| format!("http://{}", local(port))),
            ),
            ("HUBSPOT_HEALTH_LISTEN", local(ports.own)),
            ("HUBSPOT_TIMEOUT_MS", ms(scale.call_timeout)),
        ]),
    }
    settings
}
