//! What a sandbox is started with.

use std::{net::SocketAddr, path::PathBuf};

use crate::{CustomProperty, Fault, Limits, OAuthApp, Switches};

/// Everything that can be set before the start; the default suits tests.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The file that keeps the data set; none keeps it in memory.
    pub data_file: Option<PathBuf>,
    /// Static tokens that are accepted.
    pub tokens: Vec<String>,
    /// The app that may ask for OAuth tokens.
    pub oauth: OAuthApp,
    /// How many calls are let through.
    pub limits: Limits,
    /// Behaviour that is open or differs between accounts.
    pub switches: Switches,
    /// Faults in force from the start.
    pub faults: Vec<Fault>,
    /// Whether a new data set begins with HubSpot's two sample contacts.
    pub sample_contacts: bool,
    /// Properties the account has besides HubSpot's own.
    pub custom_properties: Vec<CustomProperty>,
    /// Text properties of its own, with values that only one contact can have.
    pub unique_properties: Vec<String>,
    /// The hours by which the account's time is ahead of UTC; its day ends at its own midnight.
    pub utc_offset_hours: i8,
    /// How many calls the log keeps.
    pub kept_calls: usize,
    /// How many writes of each contact are kept.
    pub kept_writes: usize,
    /// Makes shuffling, shares and jitter repeatable.
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
