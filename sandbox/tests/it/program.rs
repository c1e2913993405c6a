//! The sandbox as a program: its controls, its data file and its process.

mod controls;
mod data_file;
mod process;
