//! The parts of the system that run as processes, and the connections between them.

use serde::Serialize;

/// A process that is broken now and then. The sandbox is not: it stands for HubSpot, which has faults of its own.
///
/// In this order nothing is missed when they are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// A gateway.
    FirstGateway,
    /// The other one, where there are two.
    SecondGateway,
    /// One of two hubspot services; either may hold the lease.
    FirstHubspot,
    /// The other one.
    SecondHubspot,
    /// A user service.
    FirstUser,
    /// The other one, where there are two.
    SecondUser,
    /// nats-server, or all of its cluster.
    Nats,
}

/// A connection between two parties, through proxies of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Callers and a gateway.
    Callers(Part),
    /// A service and NATS, every node of it.
    Nats(Part),
    /// A hubspot service and HubSpot.
    Hubspot(Part),
}

/// Which parts a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cast {
    /// Whether there are two gateways and two user services; for the latter, users have to be in a server.
    pub replicas: bool,
    /// How many nodes of NATS there are.
    pub nodes: usize,
}

impl Part {
    /// Its name in reports and of its log.
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstGateway => "gateway-1",
            Self::SecondGateway => "gateway-2",
            Self::FirstHubspot => "hubspot-1",
            Self::SecondHubspot => "hubspot-2",
            Self::FirstUser => "user-1",
            Self::SecondUser => "user-2",
            Self::Nats => "nats",
        }
    }

    /// The program that runs.
    pub fn program(self) -> &'static str {
        match self {
            Self::FirstGateway | Self::SecondGateway => "api-gateway",
            Self::FirstHubspot | Self::SecondHubspot => "hubspot",
            Self::FirstUser | Self::SecondUser => "user",
            Self::Nats => "nats-server",
        }
    }

    /// Whether it is a gateway.
    pub fn is_gateway(self) -> bool {
        matches!(self, Self::FirstGateway | Self::SecondGateway)
    }

    /// Whether it is a hubspot service.
    pub fn is_hubspot(self) -> bool {
        matches!(self, Self::FirstHubspot | Self::SecondHubspot)
    }
}

impl Link {
    /// Its name in reports.
    pub fn name(self) -> String {
        match self {
            Self::Callers(part) => format!("callers-{}", part.name()),
            Self::Nats(part) => format!("{}-nats", part.name()),
            Self::Hubspot(part) => format!("{}-hubspot", part.name()),
        }
    }
}

impl Cast {
    /// One of each, and a second hubspot service that stands by.
    pub const SMALL: Self = Self {
        replicas: false,
        nodes: 1,
    };

    /// The services, in an order in which nothing is missed when they are stopped.
    pub fn services(self) -> Vec<Part> {
        if self.replicas {
            vec![
                Part::FirstGateway,
                Part::SecondGateway,
                Part::FirstHubspot,
                Part::SecondHubspot,
                Part::FirstUser,
                Part::SecondUser,
            ]
        } else {
            vec![
                Part::FirstGateway,
                Part::FirstHubspot,
                Part::SecondHubspot,
                Part::FirstUser,
            ]
        }
    }

    /// Every part.
    pub fn parts(self) -> Vec<Part> {
        let mut parts = self.services();
        parts.push(Part::Nats);
        parts
    }

    /// Every connection.
    pub fn links(self) -> Vec<Link> {
        let services = self.services();
        let callers = services.iter().copied().filter(|part| part.is_gateway());
        let hubspot = services.iter().copied().filter(|part| part.is_hubspot());
        let nats = services.iter().copied().map(Link::Nats);
        let links = callers.map(Link::Callers).chain(nats);
        links.chain(hubspot.map(Link::Hubspot)).collect()
    }
}
