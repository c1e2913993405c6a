//! HubSpot's HTTP face, and the sandbox's own under `/_sandbox`.

mod account;
mod admin;
mod admin_contacts;
mod authorize;
mod batch_error;
mod batches;
mod call;
mod contacts;
mod error_body;
mod fault_body;
mod finish;
mod gate;
mod gate_check;
mod input;
mod language;
mod link;
mod object;
mod page;
mod query;
mod record_id;
mod refusal_body;
mod routes;
mod search;
mod strike;
mod token;
mod unique_lock;

pub(crate) use refusal_body::body_of as refusal_body;
pub(crate) use routes::router;
