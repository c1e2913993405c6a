//! The parts of the system that run as processes, and the connections between them.

use serde::Serialize;

/// A process that is broken now and then. The sandbox is not: it stands for HubSpot, which has faults of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// nats-server.
    Nats,
    /// The gateway.
    Gateway,
    /// The user service.
    User,
    /// One of two hubspot services; either may hold the lease.
    FirstHubspot,
    /// The other one.
    SecondHubspot,
}

/// A connection between two parties, through a proxy of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// Callers and the gateway.
    CallersGateway,
    /// The gateway and NATS.
    GatewayNats,
    /// The user service and NATS.
    UserNats,
    /// The first hubspot service and NATS.
    FirstHubspotNats,
    /// The second hubspot service and NATS.
    SecondHubspotNats,
    /// The first hubspot service and HubSpot.
    FirstHubspotHubspot,
    /// The second hubspot service and HubSpot.
    SecondHubspotHubspot,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 5] = [
        Self::Nats,
        Self::Gateway,
        Self::User,
        Self::FirstHubspot,
        Self::SecondHubspot,
    ];

    /// The services, in an order in which nothing is missed when they are stopped.
    pub const SERVICES: [Self; 4] = [Self::Gateway, Self::FirstHubspot, Self::SecondHubspot, Self::User];

    /// Its name in reports and of its log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nats => "nats",
            Self::Gateway => "gateway",
            Self::User => "user",
            Self::FirstHubspot => "hubspot-1",
            Self::SecondHubspot => "hubspot-2",
        }
    }

    /// The program of a service.
    pub fn program(self) -> &'static str {
        match self {
            Self::Nats => "nats-server",
            Self::Gateway => "api-gateway",
            Self::User => "user",
            Self::FirstHubspot | Self::SecondHubspot => "hubspot",
        }
    }
}

impl Link {
    /// Every link.
    pub const ALL: [Self; 7] = [
        Self::CallersGateway,
        Self::GatewayNats,
        Self::UserNats,
        Self::FirstHubspotNats,
        Self::SecondHubspotNats,
        Self::FirstHubspotHubspot,
        Self::SecondHubspotHubspot,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::CallersGateway => "callers-gateway",
            Self::GatewayNats => "gateway-nats",
            Self::UserNats => "user-nats",
            Self::FirstHubspotNats => "hubspot-1-nats",
            Self::SecondHubspotNats => "hubspot-2-nats",
            Self::FirstHubspotHubspot => "hubspot-1-hubspot",
            Self::SecondHubspotHubspot => "hubspot-2-hubspot",
        }
    }

    /// The link a service has to NATS.
    pub fn to_nats(part: Part) -> Option<Self> {
        match part {
            Part::Nats => None,
            Part::Gateway => Some(Self::GatewayNats),
            Part::User => Some(Self::UserNats),
            Part::FirstHubspot => Some(Self::FirstHubspotNats),
            Part::SecondHubspot => Some(Self::SecondHubspotNats),
        }
    }

    /// Whether it leads to NATS.
    pub fn leads_to_nats(self) -> bool {
        Part::ALL
            .into_iter()
            .any(|part| Self::to_nats(part) == Some(self))
    }
}
