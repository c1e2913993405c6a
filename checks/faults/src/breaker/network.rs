//! Connections that end, hang or crawl.

use std::time::Duration;

use testing::proxy::Passage::{Open, Slow, Stalled};

use super::{Breaker, Done};
use crate::{fault::Way, parts::Link};

/// For each chunk: slow enough for time-outs, not for a standstill.
const DELAY: Duration = Duration::from_millis(150);

impl Breaker {
    pub(super) fn cut(&self, link: Link) -> Done {
        self.stack.cut_link(link);
        Done::Broken
    }

    pub(super) async fn refuse(&self, link: Link, lasts: Duration) -> Done {
        let _alone = self.link(link).await;
        self.stack.refuse_link(link, true);
        tokio::time::sleep(lasts).await;
        self.stack.refuse_link(link, false);
        Done::Broken
    }

    pub(super) async fn stall(&self, link: Link, way: Way, lasts: Duration) -> Done {
        let (there, back) = match way {
            Way::There => (Stalled, Open),
            Way::Back => (Open, Stalled),
            Way::Both => (Stalled, Stalled),
        };
        let _alone = self.link(link).await;
        self.stack.set_link(link, there, back);
        tokio::time::sleep(lasts).await;
        self.stack.set_link(link, Open, Open);
        Done::Broken
    }

    pub(super) async fn slow(&self, link: Link, lasts: Duration) -> Done {
        let _alone = self.link(link).await;
        self.stack.set_link(link, Slow(DELAY), Slow(DELAY));
        tokio::time::sleep(lasts).await;
        self.stack.set_link(link, Open, Open);
        Done::Broken
    }
}
