#![doc = include_str!("../README.md")]

mod app;
mod cli;
mod data_file;
mod faults;
mod http;
mod limits;
mod model;
mod oauth;
mod sandbox;
mod settings;

pub use app::Call;
pub use cli::{Arguments, run};
pub use data_file::DataFileError;
pub use faults::{Action, BodyKind, CutPoint, Effect, Fault, KeptForm, KnownError, Matcher};
pub use limits::Limits;
pub use model::{
    Contact, ContactId, CustomProperty, DataSensitivity, FieldType, InvalidContactId, ModificationMetadata,
    PastValue, PropertyDefinition, PropertyOption, PropertyType, RuleType, ValidationRule, Values, Write,
    WriteKind,
};
pub use oauth::OAuthApp;
pub use sandbox::{Rejected, Sandbox, StartError, serve};
pub use settings::{
    BackwardStage, ChoicesForm, ConflictBody, DateTimeForm, MessageLanguage, NumberForm, OldEmail,
    PartialStatus, Settings, Switches,
};
