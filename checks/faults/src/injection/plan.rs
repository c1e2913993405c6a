//! The plan of faults. It depends on the seed only, so the same seed gives the same faults in the same order.

use std::{collections::BTreeSet, fmt, time::Duration};

use rand::{
    RngExt, SeedableRng,
    rngs::StdRng,
    seq::{IndexedRandom, SliceRandom},
};

use crate::{
    injection::fault::{Direction, Fault, FormerHolder, HubspotFault, NodeFault},
    system::components::{Component, Topology},
};

/// A group of faults that can be selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Family {
    /// SIGKILL.
    Kill,
    /// SIGKILL of everything at once.
    Blackout,
    /// SIGTERM.
    Terminate,
    /// SIGSTOP and SIGCONT.
    Freeze,
    /// nats-server loses or changes its store.
    Nats,
    /// Nodes of a NATS cluster stop, freeze or lose their store.
    Cluster,
    /// Connections are cut, refused, stalled, slowed.
    Network,
    /// HubSpot misbehaves.
    Hubspot,
    /// The database is locked, its disk full or read-only; its server is killed.
    Database,
    /// Another worker gets the lease although its holder renews it or has running calls.
    Lease,
}

impl Family {
    const EVERYWHERE: [Self; 9] = [
        Self::Kill,
        Self::Blackout,
        Self::Terminate,
        Self::Freeze,
        Self::Nats,
        Self::Network,
        Self::Hubspot,
        Self::Database,
        Self::Lease,
    ];

    /// All families that are possible with this many NATS nodes.
    pub fn of(nodes: usize) -> BTreeSet<Self> {
        let cluster = (nodes > 1).then_some(Self::Cluster);
        Self::EVERYWHERE.into_iter().chain(cluster).collect()
    }
}

/// How often each component is killed in one round of the plan.
const KILLS_PER_ROUND: usize = 3;
/// Longer than the lease of three seconds.
const FREEZE_MS: std::ops::Range<u64> = 3_500..6_000;
const DOWN_MS: std::ops::Range<u64> = 0..1_500;
const OTHER_FAULTS_MS: std::ops::Range<u64> = 500..4_000;

/// A fault with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// The number in the plan, from 1.
    pub number: u64,
    /// When it begins, from the start of the run.
    pub at: Duration,
    /// How long the fault lasts, or how long a stopped component stays down.
    pub duration: Duration,
    /// The fault.
    pub fault: Fault,
}

/// An endless plan of rounds. Each round contains every kind of fault in random order.
#[derive(Debug)]
pub struct Plan {
    random: StdRng,
    topology: Topology,
    families: BTreeSet<Family>,
    every: Duration,
    round: Vec<Fault>,
    number: u64,
    at: Duration,
}

impl Plan {
    /// The plan for this seed.
    pub fn new(seed: u64, topology: Topology, families: &BTreeSet<Family>, every: Duration) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            topology,
            families: families.clone(),
            every,
            round: Vec::new(),
            number: 0,
            at: Duration::ZERO,
        }
    }

    fn next_round(&mut self) -> Vec<Fault> {
        let families = self.families.clone();
        let mut round: Vec<Fault> = families
            .into_iter()
            .flat_map(|family| self.faults_of(family))
            .collect();
        round.shuffle(&mut self.random);
        round
    }

    fn faults_of(&mut self, family: Family) -> Vec<Fault> {
        let topology = self.topology;
        let each = move |make: fn(Component) -> Fault| topology.components().into_iter().map(make);
        match family {
            Family::Kill => [(); KILLS_PER_ROUND]
                .iter()
                .flat_map(|()| each(Fault::Kill))
                .collect(),
            Family::Blackout => vec![Fault::KillEverything],
            Family::Terminate => each(Fault::Terminate).collect(),
            Family::Freeze => each(Fault::Freeze).collect(),
            Family::Nats => vec![Fault::WipeNats, Fault::ReplaceNats, Fault::RollNatsBack],
            Family::Cluster => self.cluster(),
            Family::Network => self.network(),
            Family::Hubspot => HubspotFault::ALL
                .into_iter()
                .map(|hubspot_fault| Fault::Hubspot(hubspot_fault, self.share()))
                .collect(),
            Family::Database => vec![
                Fault::LockDatabase,
                Fault::FillDisk,
                Fault::ReadOnlyDisk,
                Fault::KillDatabase,
            ],
            Family::Lease => vec![
                Fault::FreeLease,
                Fault::TakeOverLease(FormerHolder::Killed),
                Fault::TakeOverLease(FormerHolder::Frozen),
            ],
        }
    }

    /// A fault for each link, where all kinds of network faults take turns.
    fn network(&mut self) -> Vec<Fault> {
        let mut links = self.topology.links();
        links.shuffle(&mut self.random);
        let direction = *[Direction::Forward, Direction::Backward, Direction::Both]
            .choose(&mut self.random)
            .unwrap_or(&Direction::Both);
        let kinds = [
            |link, _| Fault::Cut(link),
            |link, _| Fault::Refuse(link),
            |link, direction| Fault::Stall(link, direction),
            |link, _| Fault::Stall(link, Direction::Both),
            |link, _| Fault::Slow(link),
        ];
        let broken = links.into_iter().zip(kinds.iter().cycle());
        broken.map(|(link, fault)| fault(link, direction)).collect()
    }

    /// Every fault of a single node, and of several nodes.
    fn cluster(&mut self) -> Vec<Fault> {
        let mut node = || self.random.random_range(0..self.topology.nodes);
        let mut faults: Vec<_> = NodeFault::ALL
            .into_iter()
            .map(|fault| Fault::Node(fault, node()))
            .collect();
        faults.extend([Fault::LoseQuorum(node()), Fault::RollingRestart]);
        faults
    }

    /// The percentage of calls that a fault of HubSpot affects.
    fn share(&mut self) -> u8 {
        if self.random.random_bool(0.4) {
            100
        } else {
            self.random.random_range(10..70)
        }
    }

    fn length(&mut self, fault: Fault) -> Duration {
        let range = match fault {
            Fault::Freeze(_) | Fault::Node(NodeFault::Freeze, _) => FREEZE_MS,
            Fault::Kill(_)
            | Fault::KillEverything
            | Fault::KillDatabase
            | Fault::Terminate(_)
            | Fault::RollingRestart
            | Fault::WipeNats
            | Fault::RollNatsBack => DOWN_MS,
            _ => OTHER_FAULTS_MS,
        };
        Duration::from_millis(self.random.random_range(range))
    }
}

impl Iterator for Plan {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        if self.round.is_empty() {
            self.round = self.next_round();
        }
        let fault = self.round.pop()?;
        self.number += 1;
        self.at += self.every.mul_f64(self.random.random_range(0.2..1.8));
        Some(Planned {
            number: self.number,
            at: self.at,
            duration: self.length(fault),
            fault,
        })
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            at,
            duration,
            fault,
        } = self;
        let (at, duration) = (at.as_secs_f64(), duration.as_secs_f64());
        write!(
            formatter,
            "{number:>4}  at {at:>7.1} s for {duration:.1} s: {fault}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPOLOGY: Topology = Topology {
        replicas: true,
        nodes: 3,
    };

    fn plan(seed: u64) -> Vec<Planned> {
        Plan::new(seed, TOPOLOGY, &Family::of(3), Duration::from_secs(1))
            .take(200)
            .collect()
    }

    #[test]
    fn the_plan_depends_on_the_seed() {
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn a_round_contains_every_kind_of_fault() {
        let round = Plan::new(1, TOPOLOGY, &Family::of(3), Duration::from_secs(1)).next_round();
        for component in TOPOLOGY.components() {
            assert_eq!(
                round
                    .iter()
                    .filter(|fault| **fault == Fault::Kill(component))
                    .count(),
                KILLS_PER_ROUND
            );
        }
        for hubspot_fault in HubspotFault::ALL {
            let matches =
                |fault: &&Fault| matches!(fault, Fault::Hubspot(found, _) if *found == hubspot_fault);
            assert_eq!(round.iter().filter(matches).count(), 1, "{hubspot_fault:?}");
        }
    }

    #[test]
    fn only_selected_families_are_planned() {
        let families = [Family::Kill].into_iter().collect();
        let mut plan = Plan::new(1, Topology::SMALL, &families, Duration::from_secs(1)).take(40);
        assert!(plan.all(|planned| matches!(planned.fault, Fault::Kill(_))));
        assert_eq!(
            Plan::new(1, Topology::SMALL, &BTreeSet::new(), Duration::from_secs(1)).next(),
            None
        );
    }
}
