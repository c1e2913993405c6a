//! Makes responses: problem documents, entity tags, files that browsers keep, the result that a caller waits for, and what the
//! outermost layer adds to each response.

mod completion;
mod entity_tag;
mod error;
mod failure_log;
mod problem_document;
mod static_file;
mod wait_for_result;

pub(crate) use completion::{ResponseCompletion, complete_response};
pub(crate) use entity_tag::{entity_tag, matches_any};
pub(crate) use error::ApiError;
pub(crate) use problem_document::ProblemDocument;
pub(crate) use static_file::{StaticFile, content_tag};
pub(crate) use wait_for_result::{PREFERENCE_APPLIED, applied_wait, wait_for_result};
