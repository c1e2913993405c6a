//! The settings with which a sandbox starts.

mod switches;

use std::{net::SocketAddr, path::PathBuf};

use crate::{CustomProperty, Fault, Limits, OAuthApp};

pub use switches::{
    BackwardStage, ChoicesForm, ConflictBody, DateTimeForm, MessageLanguage, NumberForm, OldEmail,
    PartialStatus, Switches,
};

/// The settings of a sandbox. The defaults suit tests.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address to listen on; with port 0 the system chooses one.
    pub listen: SocketAddr,
    /// The file that stores the data set; without one it is kept in memory.
    pub data_file: Option<PathBuf>,
    /// The accepted static tokens.
    pub tokens: Vec<String>,
    /// The app that may ask for OAuth tokens.
    pub oauth: OAuthApp,
    /// The rate limits.
    pub limits: Limits,
    /// Behaviour that HubSpot's documentation leaves open or that differs between accounts.
    pub switches: Switches,
    /// Faults that apply from the start.
    pub faults: Vec<Fault>,
    /// Whether a new data set has HubSpot's two sample contacts.
    pub sample_contacts: bool,
    /// Properties that the account has besides HubSpot's own.
    pub custom_properties: Vec<CustomProperty>,
    /// Custom text properties whose values only one contact can have.
    pub unique_properties: Vec<String>,
    /// The hours by which the account's time is ahead of UTC; its day ends at its own midnight.
    pub utc_offset_hours: i8,
    /// At most this many calls are kept in the log.
    pub kept_calls: usize,
    /// At most this many writes of each contact are kept.
    pub kept_writes: usize,
    /// The seed of the random numbers for shuffling, shares and jitter; a random one by default.
    pub seed: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_file: None,
            tokens: vec!["sandbox-token".to_owned()],
            oauth: OAuthApp::default(),
            limits: Limits::default(),
            switches: Switches::default(),
            faults: Vec::new(),
            sample_contacts: true,
            custom_properties: Vec::new(),
            unique_properties: Vec::new(),
            utc_offset_hours: 0,
            kept_calls: 1_000,
            kept_writes: 200,
            seed: None,
        }
    }
}
