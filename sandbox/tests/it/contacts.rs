//! Single contacts: their values, addresses, merges and erasure.

mod account_rules;
mod addresses;
mod erasure;
mod merges;
mod single;
mod values;
