//! Faults of HubSpot, which the sandbox injects.

use std::time::Duration;

use super::{FaultInjector, Injection};
use crate::{injection::fault::HubspotFault, options::Scale};

impl FaultInjector {
    pub(super) async fn break_hubspot(
        &self,
        fault: HubspotFault,
        percent: u8,
        duration: Duration,
    ) -> anyhow::Result<Injection> {
        let share = f64::from(percent) / 100.0;
        let rule = format!("share={share},{}", action(fault, &self.scale));
        let number = self.hubspot.add_fault(rule).await?;
        tokio::time::sleep(duration).await;
        Ok(Injection::DoneToCalls(self.hubspot.remove_fault(number).await?))
    }
}

/// The action of the fault, in the text form of the sandbox.
fn action(fault: HubspotFault, scale: &Scale) -> String {
    let timeout = scale.call_timeout.as_millis();
    let late = scale.latest_effect.as_millis();
    match fault {
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
