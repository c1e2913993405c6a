//! Header names of requests and answers on NATS.

/// Milliseconds the caller still waits, counted from when the request was sent.
pub const TIME_LEFT_MS: &str = "Hubsync-Time-Left-Ms";
/// When the request was sent, by a clock of the sender that never steps: the clock's id in hexadecimal, a space, and
/// milliseconds. It says nothing by itself; compared to earlier requests by the same clock it says how long this one was
/// under way, whatever wall clocks show.
pub const SENT: &str = "Hubsync-Sent";
/// The answering service's wall time, in milliseconds since 1970: shows clocks that are apart.
pub const NOW_UNIX_MS: &str = "Hubsync-Now-Unix-Ms";
/// W3C trace context, passed through to the last service.
pub const TRACEPARENT: &str = "traceparent";
/// The id of the HTTP request a message belongs to, for logs.
pub const REQUEST_ID: &str = "Hubsync-Request-Id";
/// The framework's header with an error's stable code (NATS ADR-32).
pub const SERVICE_ERROR: &str = "Nats-Service-Error";
/// The framework's header with an error's number (NATS ADR-32).
pub const SERVICE_ERROR_CODE: &str = "Nats-Service-Error-Code";
