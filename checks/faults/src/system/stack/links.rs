//! The connections between components, which can be cut, stalled and slowed.

use std::io;

use testing::proxy::{DataFlow, Proxy};

use super::Stack;
use crate::system::components::Link;

/// One proxy for each address of the other side.
#[derive(Debug)]
pub(super) struct Proxies(Vec<Proxy>);

impl Proxies {
    pub(super) async fn start(targets: &[u16]) -> io::Result<Self> {
        let mut proxies = Vec::with_capacity(targets.len());
        for target in targets {
            proxies.push(Proxy::start(*target).await?);
        }
        Ok(Self(proxies))
    }

    pub(super) fn ports(&self) -> Vec<u16> {
        self.0.iter().map(Proxy::port).collect()
    }
}

impl Stack {
    /// The address of the first gateway, through its proxy.
    pub fn gateway_url(&self) -> String {
        self.gateway_urls().swap_remove(0)
    }

    /// The addresses of all gateways, through their proxies.
    pub fn gateway_urls(&self) -> Vec<String> {
        let gateways = self
            .links
            .iter()
            .filter(|(link, _)| matches!(link, Link::Callers(_)));
        let ports = gateways.flat_map(|(_, proxies)| proxies.ports());
        ports.map(|port| format!("http://127.0.0.1:{port}")).collect()
    }

    /// Resets every connection of a link.
    pub fn cut_link(&self, link: Link) {
        self.proxies(link).iter().for_each(Proxy::cut);
    }

    /// Resets existing and new connections while `refuses` is set.
    pub fn refuse_link(&self, link: Link, refuses: bool) {
        self.proxies(link).iter().for_each(|proxy| proxy.refuse(refuses));
    }

    /// Sets both directions: from the one that connects, and back.
    pub fn set_link(&self, link: Link, there: DataFlow, back: DataFlow) {
        self.proxies(link).iter().for_each(|proxy| proxy.set(there, back));
    }

    /// Connects the proxies of every service to other NATS nodes.
    pub fn redirect_to_nats(&self, ports: &[u16]) {
        for component in self.components() {
            let kinds = self.proxies(Link::Nats(component)).iter().zip(ports);
            kinds.for_each(|(proxy, port)| proxy.set_target(*port));
        }
    }

    fn proxies(&self, link: Link) -> &[Proxy] {
        &self.links[&link].0
    }
}
