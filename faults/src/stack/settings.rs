//! The settings of each service.

use crate::{options::Scale, parts::Part};

/// Ports that the settings speak of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    /// Where the service finds NATS: its own proxy.
    pub(super) nats: u16,
    /// Where it listens itself: requests in the gateway, health in the others.
    pub(super) own: u16,
    /// Where a hubspot service finds HubSpot: its own proxy.
    pub(super) hubspot: u16,
}

/// What a service is started with.
pub(super) fn settings(
    part: Part,
    ports: Ports,
    database: &str,
    scale: &Scale,
) -> Vec<(&'static str, String)> {
    let local = |port: u16| format!("127.0.0.1:{port}");
    let ms = |length: std::time::Duration| length.as_millis().to_string();
    let mut settings = vec![("NATS_URL", format!("nats://{}", local(ports.nats)))];
    match part {
        Part::Nats => {}
        Part::Gateway => settings.push(("API_GATEWAY_PORT", ports.own.to_string())),
        Part::User => settings.extend([
            ("USER_DATABASE_URL", database.to_owned()),
            ("USER_HEALTH_LISTEN", local(ports.own)),
            ("USER_DOUBT_MS", ms(scale.doubt)),
            ("USER_ATTEMPT_MS", ms(scale.attempt)),
            ("USER_ANNOUNCE_MS", ms(scale.announce)),
        ]),
        Part::FirstHubspot | Part::SecondHubspot => settings.extend([
            ("HUBSPOT_SANDBOX_URL", format!("http://{}", local(ports.hubspot))),
            ("HUBSPOT_HEALTH_LISTEN", local(ports.own)),
            ("HUBSPOT_TIMEOUT_MS", ms(scale.call_timeout)),
        ]),
    }
    settings
}
