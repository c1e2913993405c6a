//! Operations on users.

mod get_receipt;
mod get_user;
mod import_users;
mod link_user;
mod list_fields;
mod unlink_user;
mod update_user;

pub(super) use get_receipt::{describe_get_receipt, get_receipt};
pub(super) use get_user::{describe_get_user, get_user};
pub(super) use import_users::{describe_import_users, import_users};
pub(super) use link_user::{describe_link_user, link_user};
pub(super) use list_fields::{describe_list_fields, list_fields};
pub(super) use unlink_user::{describe_unlink_user, unlink_user};
pub(super) use update_user::{describe_update_user, update_user};
