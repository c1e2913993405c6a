//! Operations on the delivery of all users.

mod compare_users;
mod list_users;
mod pause_delivery;
mod resync_users;
mod retry_users;
mod stream_events;
mod summarize_users;

pub(super) use compare_users::{describe_dry_run, describe_find_drift, dry_run, find_drift};
pub(super) use list_users::{describe_list_users, list_users};
pub(super) use pause_delivery::{
    describe_pause_delivery, describe_read_pause, describe_resume_delivery, pause_delivery, read_pause,
    resume_delivery,
};
pub(super) use resync_users::{describe_resync_users, resync_users};
pub(super) use retry_users::{describe_retry_users, retry_users};
pub(super) use stream_events::{describe_stream_events, stream_events};
pub(super) use summarize_users::{describe_summarize_users, summarize_users};
