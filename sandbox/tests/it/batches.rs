//! Batches: the results of their inputs, lookups and switches.

mod lookups;
mod results;
mod switches;
