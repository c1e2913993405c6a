//! Comparing users with their contacts: who has to be read, and what follows from what was read. Pure.

mod contacts;
mod differences;
mod judge;
mod plan;
#[cfg(test)]
mod tests;

pub(crate) use contacts::{Contacts, Read};
pub(crate) use judge::{Judge, repair_of};
pub(crate) use plan::Plan;
