//! One file for each command: its arguments, the requests it sends, and what it prints.

pub(crate) mod connect;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod link;
pub(crate) mod pause;
pub(crate) mod problems;
pub(crate) mod resync;
pub(crate) mod retry;
pub(crate) mod show;
pub(crate) mod status;

pub(crate) use connect::ConnectError;
