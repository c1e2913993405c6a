//! Pages for people.

mod console;
mod docs;
