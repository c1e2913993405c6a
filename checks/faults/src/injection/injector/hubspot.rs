//! Faults of HubSpot, which the sandbox plays.

use std::time::Duration;

use super::{FaultInjector, Injection};
use crate::{injection::fault::HubspotFault, options::Scale};

impl FaultInjector {
    pub(super) async fn trouble(
        &self,
        trouble: HubspotFault,
        percent: u8,
        duration: Duration,
    ) -> anyhow::Result<Injection> {
        let share = f64::from(percent) / 100.0;
        let fault = format!("share={share},{}", action(trouble, &self.scale));
        let number = self.hubspot.add_fault(fault).await?;
        tokio::time::sleep(duration).await;
        Ok(Injection::DoneToCalls(self.hubspot.remove_fault(number).await?))
    }
}

/// The fault in the sandbox's notation.
fn action(trouble: HubspotFault, scale: &Scale) -> String {
    let timeout = scale.call_timeout.as_millis();
    let late = scale.latest_effect.as_millis();
    match trouble {
        HubspotFault::Throttles => "answer=429,retry_after=1".to_owned(),
        HubspotFault::Fails => "answer=500".to_owned(),
        HubspotFault::AnswersBadGateway => "answer=502".to_owned(),
        HubspotFault::RejectsToken => "answer=401".to_owned(),
        HubspotFault::AnswersSlowly => format!("delay={}", timeout * 11 / 10),
        HubspotFault::CutsBefore => "cut=before-effect".to_owned(),
        HubspotFault::CutsAfter => "cut=after-effect".to_owned(),
        HubspotFault::CutsMidway => "cut=mid-answer".to_owned(),
        HubspotFault::AnswersAndActsLate => format!("answer=504,effect={late}"),
        HubspotFault::HangsAndActsLate => format!("hang={},effect={late}", timeout * 2),
        HubspotFault::AnswersEmpty => "empty".to_owned(),
    }
}
