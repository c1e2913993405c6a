//! Compares users with their contacts: which contacts to read, and what follows from their values. It does no input or
//! output.

mod contacts;
mod differences;
mod user_comparer;
mod plan;
#[cfg(test)]
mod tests;

pub(crate) use contacts::{Contacts, Read};
pub(crate) use user_comparer::{UserComparer, repair_of};
pub(crate) use plan::Plan;
