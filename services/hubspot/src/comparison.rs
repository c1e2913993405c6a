//! Compares users with their contacts: which contacts to read, and what follows from their values. It does no input or
//! output.

mod contacts;
mod differences;
mod plan;
#[cfg(test)]
mod tests;
mod user_comparer;

pub(crate) use contacts::{Contacts, Read};
pub(crate) use plan::Plan;
pub(crate) use user_comparer::{UserComparer, repair_of};
