//! What can be broken.

use std::fmt;

use crate::parts::{Link, Part};

/// One way to break something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL, and a start a moment later.
    Kill(Part),
    /// SIGKILL of every part at the same moment.
    KillEverything,
    /// SIGTERM, and a start a moment later.
    Terminate(Part),
    /// SIGSTOP for longer than the lease, then SIGCONT.
    Freeze(Part),
    /// The store of nats-server is deleted while it is down.
    WipeNats,
    /// An empty nats-server takes the place of the one there was, while the services live.
    ReplaceNats,
    /// The store of nats-server is an older copy after a restart.
    RollNatsBack,
    /// A single node of a cluster.
    Node(NodeFault, usize),
    /// Every node but this one is killed.
    LoseQuorum(usize),
    /// Every node is stopped and started again, one after the other.
    RollingRestart,
    /// Connections are reset once.
    Cut(Link),
    /// Connections are reset, and new ones, too.
    Refuse(Link),
    /// Connections stay, and nothing passes.
    Stall(Link, Way),
    /// Everything takes longer.
    Slow(Link),
    /// HubSpot misbehaves, for a share of the calls in percent.
    Hubspot(Trouble, u8),
    /// Another process writes to the database and does not end.
    LockDatabase,
    /// The disk of the database is full.
    FillDisk,
    /// The disk of the database is read-only after a restart of the user service.
    ReadOnlyDisk,
    /// SIGKILL of the database server.
    KillDatabase,
    /// The lease is free although its holder renews it: for a moment two are sure to be the one.
    FreeLease,
    /// The active hubspot service has calls on the way that HubSpot gets only after another worker took over.
    Overtake(Ending),
}

/// What becomes of a worker that is overtaken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is killed, and can say nothing of its calls.
    Killed,
    /// It is frozen for longer than a doubt lasts, and then says what became of them.
    Frozen,
}

/// What is done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeFault {
    /// SIGKILL.
    Kill,
    /// SIGKILL of the one that leads the stream, whichever that is.
    KillLeader,
    /// SIGTERM.
    Terminate,
    /// SIGSTOP, then SIGCONT.
    Freeze,
    /// Its store is deleted while it is down.
    Wipe,
    /// It does not reach the others, though clients reach it.
    Isolate,
}

/// Which direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the one that connected.
    There,
    /// To the one that connected.
    Back,
    /// Both.
    Both,
}

/// How HubSpot misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 429 before any limit is reached.
    Throttles,
    /// 500.
    Fails,
    /// 502 with a page of a gateway.
    IsUnreachable,
    /// 401.
    RefusesTheToken,
    /// Answers come late, some after their caller gave up.
    IsSlow,
    /// The connection ends, and nothing was done.
    CutsBefore,
    /// The connection ends after the call was carried out.
    CutsAfter,
    /// The connection ends in the middle of the answer.
    CutsMidway,
    /// 504, and the call is carried out much later.
    AnswersAndActsLate,
    /// No answer, and the call is carried out much later.
    HangsAndActsLate,
    /// 2xx that lists nothing and does nothing.
    SaysNothing,
}

impl NodeFault {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Kill,
        Self::KillLeader,
        Self::Terminate,
        Self::Freeze,
        Self::Wipe,
        Self::Isolate,
    ];
}

impl Trouble {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Throttles,
        Self::Fails,
        Self::IsUnreachable,
        Self::RefusesTheToken,
        Self::IsSlow,
        Self::CutsBefore,
        Self::CutsAfter,
        Self::CutsMidway,
        Self::AnswersAndActsLate,
        Self::HangsAndActsLate,
        Self::SaysNothing,
    ];

    /// Whether the caller may give up a call that is carried out all the same, or is being carried out.
    pub fn may_act_late(self) -> bool {
        matches!(
            self,
            Self::IsSlow
                | Self::CutsBefore
                | Self::CutsAfter
                | Self::CutsMidway
                | Self::AnswersAndActsLate
                | Self::HangsAndActsLate
        )
    }

    fn name(self) -> &'static str {
        match self {
            Self::Throttles => "throttles",
            Self::Fails => "fails",
            Self::IsUnreachable => "is-unreachable",
            Self::RefusesTheToken => "refuses-the-token",
            Self::IsSlow => "is-slow",
            Self::CutsBefore => "cuts-before",
            Self::CutsAfter => "cuts-after",
            Self::CutsMidway => "cuts-midway",
            Self::AnswersAndActsLate => "answers-and-acts-late",
            Self::HangsAndActsLate => "hangs-and-acts-late",
            Self::SaysNothing => "says-nothing",
        }
    }
}

impl Fault {
    /// The kind, under which it is counted.
    pub fn kind(self) -> String {
        match self {
            Self::Kill(part) => format!("kill {}", part.name()),
            Self::KillEverything => "everything killed".to_owned(),
            Self::Terminate(part) => format!("terminate {}", part.name()),
            Self::Freeze(part) => format!("freeze {}", part.name()),
            Self::WipeNats => "nats wiped".to_owned(),
            Self::ReplaceNats => "nats replaced".to_owned(),
            Self::RollNatsBack => "nats rolled back".to_owned(),
            Self::Node(NodeFault::Kill, _) => "kill node".to_owned(),
            Self::Node(NodeFault::KillLeader, _) => "kill leading node".to_owned(),
            Self::Node(NodeFault::Terminate, _) => "terminate node".to_owned(),
            Self::Node(NodeFault::Freeze, _) => "freeze node".to_owned(),
            Self::Node(NodeFault::Wipe, _) => "node wiped".to_owned(),
            Self::Node(NodeFault::Isolate, _) => "node isolated".to_owned(),
            Self::LoseQuorum(_) => "quorum lost".to_owned(),
            Self::RollingRestart => "rolling restart".to_owned(),
            Self::Cut(link) => format!("cut {}", link.name()),
            Self::Refuse(link) => format!("refuse {}", link.name()),
            Self::Stall(link, _) => format!("stall {}", link.name()),
            Self::Slow(link) => format!("slow {}", link.name()),
            Self::Hubspot(trouble, _) => format!("hubspot {}", trouble.name()),
            Self::LockDatabase => "database locked".to_owned(),
            Self::KillDatabase => "kill database server".to_owned(),
            Self::FillDisk => "disk full".to_owned(),
            Self::ReadOnlyDisk => "disk read-only".to_owned(),
            Self::FreeLease => "lease freed".to_owned(),
            Self::Overtake(Ending::Killed) => "overtaken and killed".to_owned(),
            Self::Overtake(Ending::Frozen) => "overtaken and frozen".to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.kind())?;
        match self {
            Self::Hubspot(_, percent) => write!(formatter, " ({percent} % of calls)"),
            Self::Stall(_, Way::There) => formatter.write_str(" (there)"),
            Self::Stall(_, Way::Back) => formatter.write_str(" (back)"),
            _ => Ok(()),
        }
    }
}
