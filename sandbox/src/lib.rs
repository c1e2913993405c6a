#![doc = include_str!("../README.md")]

mod app;
mod calls;
mod cli;
mod clock;
mod connection;
mod data_file;
mod faults;
mod http;
mod limits;
mod model;
mod oauth;
mod sandbox;
mod sandbox_verbs;
mod settings;
mod switches;

pub use calls::Call;
pub use cli::{Arguments, run};
pub use data_file::DataFileError;
pub use faults::{Action, BodyKind, CutPoint, Effect, Fault, KnownError, Matcher};
pub use limits::Limits;
pub use model::{
    Contact, ContactId, CustomProperty, NotAnId, PastValue, PropertyType, Values, Write, WriteKind,
};
pub use oauth::OAuthApp;
pub use sandbox::{Sandbox, StartError, serve};
pub use sandbox_verbs::Refused;
pub use settings::Settings;
pub use switches::{ConflictBody, MessageLanguage, OldEmail, PartialStatus, Switches};
