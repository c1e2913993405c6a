//! Clocks that differ: that of the database, and those of all components.

mod database;
mod system;
