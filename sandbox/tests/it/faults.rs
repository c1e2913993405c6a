//! Faults: the calls that they hit, and what they do to them.

mod late_effects;
mod matching;
mod values;
