//! The processes of the system, and the connections between them.

use serde::Serialize;

/// A process into which faults are injected. The sandbox is none of them, because HubSpot has its own faults.
///
/// The order is that in which they stop: a component comes before those that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// The first gateway.
    FirstGateway,
    /// The second gateway, in runs with replicas.
    SecondGateway,
    /// The first of two hubspot services. Each of them can hold the lease.
    FirstHubspot,
    /// The second hubspot service.
    SecondHubspot,
    /// The first user service.
    FirstUser,
    /// The second user service, in runs with replicas.
    SecondUser,
    /// nats-server, or all nodes of its cluster.
    Nats,
}

/// The connections between two components, which have their own proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Callers and a gateway.
    Callers(Component),
    /// A service and every NATS node.
    Nats(Component),
    /// A hubspot service and HubSpot.
    Hubspot(Component),
}

/// The components of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topology {
    /// Whether there are two gateways and two user services. Two user services need a database server.
    pub replicas: bool,
    /// The number of NATS nodes.
    pub nodes: usize,
}

impl Component {
    /// The name in reports and in the log's file name.
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

    /// The name of the binary.
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

    /// Whether it is a user service.
    pub fn is_user_service(self) -> bool {
        matches!(self, Self::FirstUser | Self::SecondUser)
    }

    /// The name of its log in the folder of the run.
    pub fn log_name(self) -> String {
        format!("{}.log", self.name())
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
            Self::Callers(component) => format!("callers-{}", component.name()),
            Self::Nats(component) => format!("{}-nats", component.name()),
            Self::Hubspot(component) => format!("{}-hubspot", component.name()),
        }
    }
}

impl Topology {
    /// One of each service, and a second hubspot service on standby.
    pub const SMALL: Self = Self {
        replicas: false,
        nodes: 1,
    };

    /// The services, in the order in which they stop.
    pub fn services(self) -> Vec<Component> {
        if self.replicas {
            vec![
                Component::FirstGateway,
                Component::SecondGateway,
                Component::FirstHubspot,
                Component::SecondHubspot,
                Component::FirstUser,
                Component::SecondUser,
            ]
        } else {
            vec![
                Component::FirstGateway,
                Component::FirstHubspot,
                Component::SecondHubspot,
                Component::FirstUser,
            ]
        }
    }

    /// The services and NATS.
    pub fn components(self) -> Vec<Component> {
        let mut components = self.services();
        components.push(Component::Nats);
        components
    }

    /// The links between the services and what they connect to.
    pub fn links(self) -> Vec<Link> {
        let services = self.services();
        let callers = services
            .iter()
            .copied()
            .filter(|component| component.is_gateway());
        let hubspot = services
            .iter()
            .copied()
            .filter(|component| component.is_hubspot());
        let nats = services.iter().copied().map(Link::Nats);
        let links = callers.map(Link::Callers).chain(nats);
        links.chain(hubspot.map(Link::Hubspot)).collect()
    }
}
