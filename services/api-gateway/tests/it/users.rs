//! Operations on users.

mod change_user;
mod read_user;
mod waiting;
