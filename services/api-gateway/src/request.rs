//! Reads the parts of a request: its site, its context, its path, query, headers and body. What comes out has been checked.

mod body;
mod content_type;
mod context;
mod idempotency_key;
mod if_match;
mod json_object;
mod prefer;
mod problem_state;
mod profile_fields;
mod query;
mod site;
mod user_id;

pub(crate) use body::read_body;
pub(crate) use content_type::{CHANGE_TYPES, read_change_format, read_import_format, require_json};
pub(crate) use context::{REQUEST_ID, read_context, request_id_header};
pub(crate) use contracts::RequestContext;
pub(crate) use idempotency_key::read_idempotency_key;
pub(crate) use if_match::{IfMatch, read_if_match, reject_if_none_match};
pub(crate) use json_object::{JsonMembers, JsonObject, JsonObjectError, invalid_body};
pub(crate) use prefer::read_wait;
pub(crate) use problem_state::ProblemState;
pub(crate) use profile_fields::{address_required, read_fields};
pub(crate) use query::{NoQuery, QueryParameters, invalid_parameter};
pub(crate) use site::reject_other_sites;
pub use site::{AllowedHosts, InvalidHosts};
pub(crate) use user_id::UserIdPath;
