//! How all users stand, counted when somebody asks, and not more often than it costs little.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use crate::store::{Counts, StoreError, UserReader};

/// A count this young is given again.
const FRESH: Duration = Duration::from_millis(500);
/// Counting takes one part in so many of a connection's time.
const SHARE: u32 = 10;

/// The last count.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    last: Mutex<Option<(Arc<Counts>, Instant, Duration)>>,
}

impl Counted {
    /// The count, or the last one where that is young, or took long. Whoever asks meanwhile waits for the same.
    pub(crate) async fn count(&self, reader: &dyn UserReader) -> Result<Arc<Counts>, StoreError> {
        let mut last = self.last.lock().await;
        if let Some((counts, at, took)) = &*last
            && at.elapsed() < FRESH.max(*took * SHARE)
        {
            return Ok(Arc::clone(counts));
        }
        let begun = Instant::now();
        let counts = Arc::new(reader.count().await?);
        *last = Some((Arc::clone(&counts), Instant::now(), begun.elapsed()));
        Ok(counts)
    }
}
