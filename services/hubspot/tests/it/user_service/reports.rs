//! What workers report, read from the same subject that the user service listens to.

use async_nats::Subscriber;
use contracts::{AttemptResult, ReportResults, Request, UserId};
use futures_util::{FutureExt, StreamExt};
use runtime::nats::Nats;
use tokio::task::unconstrained;

use super::earlier_worker::HOLDER;

pub(super) struct Reports {
    subscriber: Subscriber,
    results: Vec<AttemptResult>,
}

impl Reports {
    pub(super) async fn subscribe(client: &Nats) -> Self {
        let subscriber = client.client().subscribe(ReportResults::SUBJECT).await;
        Self {
            subscriber: subscriber.unwrap(),
            results: Vec::new(),
        }
    }

    /// Every result of this user in the reports that have arrived, except those of the earlier worker.
    pub(super) fn of_user(&mut self, user_id: &UserId) -> Vec<AttemptResult> {
        // Without a limit of the runtime, which would end the loop before the last report.
        while let Some(Some(message)) = unconstrained(self.subscriber.next()).now_or_never() {
            let report: ReportResults = serde_json::from_slice(&message.payload).unwrap();
            if report.holder != HOLDER {
                self.results.extend(report.results);
            }
        }
        let results = self.results.iter();
        results
            .filter(|result| result.user_id == *user_id)
            .cloned()
            .collect()
    }
}
