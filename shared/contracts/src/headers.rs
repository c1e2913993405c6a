//! Headers of requests and answers on NATS.

/// How many milliseconds the caller still waited when it sent the request.
pub const TIME_LEFT_MS: &str = "Hubsync-Time-Left-Ms";
/// When the request was sent, by a clock of the sender that never steps: the clock's id in hexadecimal, a space, and milliseconds.
/// Compared with earlier requests of the same clock it shows how long this one was in transit, independent of the wall clocks.
pub const SENT: &str = "Hubsync-Sent";
/// The wall time of the service that answers, in milliseconds since 1970. It shows clocks that differ.
pub const NOW_UNIX_MS: &str = "Hubsync-Now-Unix-Ms";
/// The W3C trace context of the HTTP request that the message belongs to.
pub const TRACEPARENT: &str = "traceparent";
/// The id of the HTTP request that the message belongs to. The service that answers writes it into its log lines.
pub const REQUEST_ID: &str = "Hubsync-Request-Id";
/// The stable code of an error, in the header that the services framework defines for it (NATS ADR-32).
pub const SERVICE_ERROR: &str = "Nats-Service-Error";
/// The number of an error, in the header that the services framework defines for it (NATS ADR-32).
pub const SERVICE_ERROR_CODE: &str = "Nats-Service-Error-Code";
