//! Parses the parts of a request; what comes out can be trusted.

mod after_query;
mod body;
mod compare_body;
mod contact_body;
mod content_type;
mod context;
mod entity_tag;
mod idempotency_key;
mod import_line;
mod json_body;
mod list_query;
mod members;
mod prefer;
mod profile_change;
mod resync_body;
mod retry_body;
mod troubled;
mod user_id;
mod version_query;

pub(crate) use after_query::AfterQuery;
pub(crate) use body::read_body;
pub(crate) use compare_body::{parse_drift, parse_dry_run};
pub(crate) use contact_body::parse_contact;
pub(crate) use content_type::{MEDIA_TYPES, read_form, read_import_form, read_json_form};
pub(crate) use context::{REQUEST_ID, RequestContext};
pub(crate) use entity_tag::{Condition, entity_tag, matches_any, read_if_match, refuse_if_none_match};
pub(crate) use idempotency_key::read_idempotency_key;
pub(crate) use import_line::parse_import_members;
pub(crate) use list_query::ListQuery;
pub(crate) use members::Members;
pub(crate) use prefer::read_wait;
pub(crate) use profile_change::{address_required, parse_change};
pub(crate) use resync_body::parse_resync;
pub(crate) use retry_body::parse_retry;
pub(crate) use user_id::UserIdPath;
pub(crate) use version_query::VersionQuery;
