//! The connections between the parties, each of which can be broken.

use std::io;

use testing::proxy::{Passage, Proxy};

use super::Stack;
use crate::parts::Link;

/// One way for each address that the other side has.
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
    /// A gateway, as callers reach it.
    pub fn gateway_url(&self) -> String {
        self.gateway_urls().swap_remove(0)
    }

    /// Every gateway, as callers reach them.
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

    /// Resets whoever connects, until it is asked not to.
    pub fn refuse_link(&self, link: Link, refuses: bool) {
        self.proxies(link).iter().for_each(|proxy| proxy.refuse(refuses));
    }

    /// Sets both directions: from the one that connects, and back.
    pub fn set_link(&self, link: Link, there: Passage, back: Passage) {
        self.proxies(link).iter().for_each(|proxy| proxy.set(there, back));
    }

    /// Leads every service to other nodes of NATS.
    pub fn lead_to_nats(&self, ports: &[u16]) {
        for part in self.parts() {
            let ways = self.proxies(Link::Nats(part)).iter().zip(ports);
            ways.for_each(|(proxy, port)| proxy.lead_to(*port));
        }
    }

    fn proxies(&self, link: Link) -> &[Proxy] {
        &self.links[&link].0
    }
}
