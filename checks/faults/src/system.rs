//! The system under test: its processes, the connections between them, and the sandbox.

pub mod components;
pub mod hubspot;
pub mod stack;
