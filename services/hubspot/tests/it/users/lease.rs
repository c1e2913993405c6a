//! Who may deliver.

use std::time::{Duration, Instant};

use contracts::{ChangeLease, LeaseAnswer, delivery::LeaseAction};

use super::Users;

const TTL: Duration = Duration::from_secs(3);

impl Users {
    pub(super) fn lease(&self, ask: &ChangeLease) -> LeaseAnswer {
        let mut state = self.state();
        if let Some(remembered) = state.account.clone().filter(|account| *account != ask.account_id) {
            return LeaseAnswer::OtherAccount { remembered };
        }
        let now = Instant::now();
        let mine = state
            .holder
            .as_ref()
            .is_some_and(|(holder, _)| *holder == ask.holder || state.trusts_everybody);
        if ask.action != LeaseAction::Hold {
            state.holder = state.holder.take().filter(|_| !mine);
            return LeaseAnswer::Released;
        }
        if let Some((_, until)) = state.holder.as_ref().filter(|(_, until)| !mine && *until > now) {
            return LeaseAnswer::Held {
                left_ms: u64::try_from((*until - now).as_millis()).unwrap(),
            };
        }
        state.epoch += u64::from(!mine);
        state.holder = Some((ask.holder.clone(), now + TTL));
        let ttl_ms = u64::try_from(TTL.as_millis()).unwrap();
        LeaseAnswer::Granted {
            epoch: state.epoch,
            ttl_ms,
            attempt_term_ms: 60_000,
            may_yield: false,
            paused: false,
        }
    }
}
