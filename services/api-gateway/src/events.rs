//! Notices of the other services. They arrive over NATS, and this module passes them on: to browsers that watch the event
//! stream, to callers that wait for the result of a version, and to requests for the status of delivery.

mod delivery;
mod hub;
mod resolutions;

pub(crate) use delivery::{DeliveryMonitor, DeliveryReport};
pub(crate) use hub::{EventHub, EventId, event_schemas};
pub(crate) use resolutions::{ResolutionWaiter, ResolutionWaiters};
