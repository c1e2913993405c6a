//! HubSpot in trouble.

use std::time::Duration;

use super::{Breaker, Done};
use crate::{fault::Trouble, options::Scale};

impl Breaker {
    pub(super) async fn trouble(
        &self,
        trouble: Trouble,
        percent: u8,
        lasts: Duration,
    ) -> anyhow::Result<Done> {
        let share = f64::from(percent) / 100.0;
        let fault = format!("share={share},{}", action(trouble, &self.scale));
        let number = self.hubspot.make_trouble(fault).await?;
        tokio::time::sleep(lasts).await;
        Ok(Done::Met(self.hubspot.end_trouble(number).await?))
    }
}

/// As the sandbox takes it.
fn action(trouble: Trouble, scale: &Scale) -> String {
    let timeout = scale.call_timeout.as_millis();
    let late = scale.latest_effect.as_millis();
    match trouble {
        Trouble::Throttles => "answer=429,retry_after=1".to_owned(),
        Trouble::Fails => "answer=500".to_owned(),
        Trouble::IsUnreachable => "answer=502".to_owned(),
        Trouble::RefusesTheToken => "answer=401".to_owned(),
        Trouble::IsSlow => format!("delay={}", timeout * 11 / 10),
        Trouble::CutsBefore => "cut=before-effect".to_owned(),
        Trouble::CutsAfter => "cut=after-effect".to_owned(),
        Trouble::CutsMidway => "cut=mid-answer".to_owned(),
        Trouble::AnswersAndActsLate => format!("answer=504,effect={late}"),
        Trouble::HangsAndActsLate => format!("hang={},effect={late}", timeout * 2),
        Trouble::SaysNothing => "empty".to_owned(),
    }
}
