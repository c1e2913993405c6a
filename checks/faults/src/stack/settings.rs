//! The settings of each service.

use crate::{options::Options, parts::Part};

/// Ports that the settings speak of.
#[derive(Debug)]
pub(super) struct Ports {
    /// Where the service finds the nodes of NATS: its own proxies.
    pub(super) nats: Vec<u16>,
    /// Where it listens itself: requests in the gateway, health in the others.
    pub(super) own: u16,
    /// Where a hubspot service finds HubSpot: its own proxy.
    pub(super) hubspot: Option<u16>,
}

/// What a service is started with.
pub(super) fn settings(
    part: Part,
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
    match part {
        Part::Nats => {}
        Part::FirstGateway | Part::SecondGateway => {
            settings.push(("API_GATEWAY_PORT", ports.own.to_string()));
        }
        Part::FirstUser | Part::SecondUser => settings.extend([
            ("NATS_STREAM_REPLICAS", nodes.to_string()),
            ("USER_DATABASE_URL", database.to_owned()),
            ("USER_HEALTH_LISTEN", local(ports.own)),
            ("USER_LATE_WRITE_MS", ms(scale.doubt)),
            ("USER_ATTEMPT_MS", ms(scale.attempt)),
            ("USER_WAKE_UP_MS", ms(scale.announce)),
        ]),
        Part::FirstHubspot | Part::SecondHubspot => settings.extend([
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
