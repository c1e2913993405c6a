//! News from the other services. They publish notices over NATS; this module tells callers of them: watchers of the event
//! stream, callers that wait for the result of a version, and everybody who asks how delivery stands.

mod delivery;
mod hub;
mod resolutions;

pub(crate) use delivery::{DeliveryMonitor, DeliveryReport};
pub(crate) use hub::{EventHub, EventId, event_schemas};
pub(crate) use resolutions::{ResolutionWaiter, ResolutionWaiters};
