//! Faults of connections.

use std::time::Duration;

use testing::proxy::DataFlow::{Open, Slow, Stalled};

use super::{FaultInjector, Injection};
use crate::{injection::fault::Direction, system::components::Link};

/// The delay of each chunk: long enough for time-outs, and short enough that data still passes.
const DELAY: Duration = Duration::from_millis(150);

impl FaultInjector {
    pub(super) fn cut(&self, link: Link) -> Injection {
        self.stack.cut_link(link);
        Injection::Done
    }

    pub(super) async fn refuse(&self, link: Link, duration: Duration) -> Injection {
        let _alone = self.link(link).await;
        self.stack.refuse_link(link, true);
        tokio::time::sleep(duration).await;
        self.stack.refuse_link(link, false);
        Injection::Done
    }

    pub(super) async fn stall(&self, link: Link, direction: Direction, duration: Duration) -> Injection {
        let (there, back) = match direction {
            Direction::Forward => (Stalled, Open),
            Direction::Backward => (Open, Stalled),
            Direction::Both => (Stalled, Stalled),
        };
        let _alone = self.link(link).await;
        self.stack.set_link(link, there, back);
        tokio::time::sleep(duration).await;
        self.stack.set_link(link, Open, Open);
        Injection::Done
    }

    pub(super) async fn slow(&self, link: Link, duration: Duration) -> Injection {
        let _alone = self.link(link).await;
        self.stack.set_link(link, Slow(DELAY), Slow(DELAY));
        tokio::time::sleep(duration).await;
        self.stack.set_link(link, Open, Open);
        Injection::Done
    }
}
