//! Connections that end, hang or crawl.

use std::time::Duration;

use super::{Breaker, Done};
use crate::{
    fault::Way,
    parts::Link,
    proxy::Passage::{Open, Slow, Stalled},
};

/// For each chunk: slow enough for time-outs, not for a standstill.
const DELAY: Duration = Duration::from_millis(150);

impl Breaker {
    pub(super) fn cut(&self, link: Link) -> Done {
        self.stack.link(link).cut();
        Done::Broken
    }

    pub(super) async fn refuse(&self, link: Link, lasts: Duration) -> Done {
        let _alone = self.link(link).await;
        self.stack.link(link).refuse(true);
        tokio::time::sleep(lasts).await;
        self.stack.link(link).refuse(false);
        Done::Broken
    }

    pub(super) async fn stall(&self, link: Link, way: Way, lasts: Duration) -> Done {
        let (there, back) = match way {
            Way::There => (Stalled, Open),
            Way::Back => (Open, Stalled),
            Way::Both => (Stalled, Stalled),
        };
        let _alone = self.link(link).await;
        self.stack.link(link).set(there, back);
        tokio::time::sleep(lasts).await;
        self.stack.link(link).set(Open, Open);
        Done::Broken
    }

    pub(super) async fn slow(&self, link: Link, lasts: Duration) -> Done {
        let _alone = self.link(link).await;
        self.stack.link(link).set(Slow(DELAY), Slow(DELAY));
        tokio::time::sleep(lasts).await;
        self.stack.link(link).set(Open, Open);
        Done::Broken
    }
}
