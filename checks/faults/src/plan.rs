//! The plan of faults: drawn from a seed alone, so that the same seed breaks the same things in the same order.

use std::{collections::BTreeSet, fmt, time::Duration};

use rand::{
    RngExt, SeedableRng,
    rngs::StdRng,
    seq::{IndexedRandom, SliceRandom},
};

use crate::{
    fault::{Ending, Fault, NodeFault, Trouble, Way},
    parts::{Cast, Part},
};

/// Faults that are switched on together.
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
    /// Nodes of a NATS cluster come and go.
    Cluster,
    /// Connections are cut, refused, stalled, slowed.
    Network,
    /// HubSpot misbehaves.
    Hubspot,
    /// The database is locked, its disk full or read-only; its server is killed.
    Database,
    /// The lease passes on although its holder has calls on the way.
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

    /// Every family there is for so many nodes of NATS.
    pub fn of(nodes: usize) -> BTreeSet<Self> {
        let cluster = (nodes > 1).then_some(Self::Cluster);
        Self::EVERYWHERE.into_iter().chain(cluster).collect()
    }
}

/// In one round of the plan, each part is killed so many times.
const KILLS_IN_A_ROUND: usize = 3;
/// Longer than the lease of three seconds.
const FREEZE_MS: std::ops::Range<u64> = 3_500..6_000;
const DOWN_MS: std::ops::Range<u64> = 0..1_500;
const TROUBLE_MS: std::ops::Range<u64> = 500..4_000;

/// A fault with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// From 1.
    pub number: u64,
    /// From the start of the run.
    pub at: Duration,
    /// How long it lasts, or how long what was ended stays down.
    pub lasts: Duration,
    /// What is broken.
    pub fault: Fault,
}

/// An endless plan: rounds in which every kind of fault comes, each in an order of its own.
#[derive(Debug)]
pub struct Plan {
    random: StdRng,
    cast: Cast,
    families: BTreeSet<Family>,
    every: Duration,
    round: Vec<Fault>,
    number: u64,
    at: Duration,
}

impl Plan {
    /// The plan of this seed.
    pub fn new(seed: u64, cast: Cast, families: &BTreeSet<Family>, every: Duration) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            cast,
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
            .flat_map(|family| self.cards(family))
            .collect();
        round.shuffle(&mut self.random);
        round
    }

    fn cards(&mut self, family: Family) -> Vec<Fault> {
        let cast = self.cast;
        let each = move |make: fn(Part) -> Fault| cast.parts().into_iter().map(make);
        match family {
            Family::Kill => [(); KILLS_IN_A_ROUND]
                .iter()
                .flat_map(|()| each(Fault::Kill))
                .collect(),
            Family::Blackout => vec![Fault::KillEverything],
            Family::Terminate => each(Fault::Terminate).collect(),
            Family::Freeze => each(Fault::Freeze).collect(),
            Family::Nats => vec![Fault::WipeNats, Fault::ReplaceNats, Fault::RollNatsBack],
            Family::Cluster => self.cluster(),
            Family::Network => self.network(),
            Family::Hubspot => Trouble::ALL
                .into_iter()
                .map(|trouble| Fault::Hubspot(trouble, self.share()))
                .collect(),
            Family::Database => vec![
                Fault::LockDatabase,
                Fault::FillDisk,
                Fault::ReadOnlyDisk,
                Fault::KillDatabase,
            ],
            Family::Lease => vec![
                Fault::FreeLease,
                Fault::Overtake(Ending::Killed),
                Fault::Overtake(Ending::Frozen),
            ],
        }
    }

    /// Each way to break a link, at links of which every one has its turn.
    fn network(&mut self) -> Vec<Fault> {
        let mut links = self.cast.links();
        links.shuffle(&mut self.random);
        let way = *[Way::There, Way::Back, Way::Both]
            .choose(&mut self.random)
            .unwrap_or(&Way::Both);
        let ways = [
            |link, _| Fault::Cut(link),
            |link, _| Fault::Refuse(link),
            |link, way| Fault::Stall(link, way),
            |link, _| Fault::Stall(link, Way::Both),
            |link, _| Fault::Slow(link),
        ];
        let broken = links.into_iter().zip(ways.iter().cycle());
        broken.map(|(link, fault)| fault(link, way)).collect()
    }

    /// Everything that can become of a node, and of several.
    fn cluster(&mut self) -> Vec<Fault> {
        let mut node = || self.random.random_range(0..self.cast.nodes);
        let mut faults: Vec<_> = NodeFault::ALL
            .into_iter()
            .map(|fault| Fault::Node(fault, node()))
            .collect();
        faults.extend([Fault::LoseQuorum(node()), Fault::RollingRestart]);
        faults
    }

    /// Some calls, or all of them.
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
            _ => TROUBLE_MS,
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
            lasts: self.length(fault),
            fault,
        })
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            at,
            lasts,
            fault,
        } = self;
        let (at, lasts) = (at.as_secs_f64(), lasts.as_secs_f64());
        write!(formatter, "{number:>4}  at {at:>7.1} s for {lasts:.1} s: {fault}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAST: Cast = Cast {
        replicas: true,
        nodes: 3,
    };

    fn plan(seed: u64) -> Vec<Planned> {
        Plan::new(seed, CAST, &Family::of(3), Duration::from_secs(1))
            .take(200)
            .collect()
    }

    #[test]
    fn a_seed_is_always_the_same_plan_and_another_seed_another() {
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn in_a_round_every_part_is_killed_three_times_and_every_trouble_comes_once() {
        let round = Plan::new(1, CAST, &Family::of(3), Duration::from_secs(1)).next_round();
        for part in CAST.parts() {
            assert_eq!(
                round.iter().filter(|fault| **fault == Fault::Kill(part)).count(),
                KILLS_IN_A_ROUND
            );
        }
        for trouble in Trouble::ALL {
            let is_that = |fault: &&Fault| matches!(fault, Fault::Hubspot(found, _) if *found == trouble);
            assert_eq!(round.iter().filter(is_that).count(), 1, "{trouble:?}");
        }
    }

    #[test]
    fn only_the_families_asked_for_are_planned() {
        let families = [Family::Kill].into_iter().collect();
        let mut plan = Plan::new(1, Cast::SMALL, &families, Duration::from_secs(1)).take(40);
        assert!(plan.all(|planned| matches!(planned.fault, Fault::Kill(_))));
        assert_eq!(
            Plan::new(1, Cast::SMALL, &BTreeSet::new(), Duration::from_secs(1)).next(),
            None
        );
    }
}
