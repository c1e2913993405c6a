//! The stream of wake-ups. It is created if it is missing, and repaired if its settings differ from those we need.

mod settings;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_nats::jetstream::{self, ErrorCode, context::RequestError, response::Response};
use contracts::subjects::{STREAM, USERS_CHANGED_ALL};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use settings::Settings;

/// The server's errors for a setting that cannot be changed, so that the stream has to be deleted and created again.
const NEEDS_RECREATION: [ErrorCode; 4] = [
    ErrorCode::STREAM_INVALID_CONFIG,
    ErrorCode::STREAM_UPDATE,
    ErrorCode::STREAM_SEALED,
    ErrorCode::STREAM_MIRROR_NOT_UPDATABLE,
];

/// The stream when it was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamState {
    /// Whether it was missing or had other settings, so that wake-ups may be lost.
    pub(crate) made: bool,
    /// The number of wake-ups in it.
    pub(crate) messages: u64,
    /// The sequence number of the last wake-up that it ever stored.
    pub(crate) last_sequence: u64,
}

/// There is no usable stream.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// `JetStream` does not answer.
    #[error("the stream {STREAM}: no answer to {0}: {1}")]
    Request(&'static str, #[source] RequestError),
    /// `JetStream` rejects a request.
    #[error("the stream {STREAM} cannot be used ({0}): {1}")]
    Rejected(&'static str, #[source] jetstream::Error),
    /// Another program's stream has the same name.
    #[error(
        "there is a stream {STREAM} that hubsync did not create: it differs in {0} and takes or holds other messages than \
         wake-ups, so it is not changed; give hubsync a NATS account of its own, or delete that stream (hubsync needs \
         nothing in it)"
    )]
    ForeignStream(String),
}

/// Creates and repairs the stream. Clones share what is known about the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamProvisioner {
    /// The number of replicas in a cluster, if the settings have one.
    replicas: Option<usize>,
    /// The settings in which a stream that was just created differs from the request. The server insists on them, so they do
    /// not count as differences.
    server_overrides: Arc<Mutex<Vec<String>>>,
}

/// A stream that exists.
#[derive(Deserialize)]
struct ExistingStream {
    config: Settings,
    state: State,
}

#[derive(Deserialize)]
struct State {
    messages: u64,
    last_seq: u64,
    /// The number of messages of each subject, if the request asked for it.
    #[serde(default)]
    subjects: HashMap<String, u64>,
}

/// The names of the settings in which the stream differs from the one we need, or none if there is no stream. It changes
/// nothing.
pub async fn differences(
    jetstream: &jetstream::Context,
    replicas: Option<usize>,
) -> Result<Option<Vec<String>>, StreamError> {
    let found = read_stream(jetstream).await?;
    Ok(found.map(|found| settings::differing(&found.config, replicas)))
}

impl StreamProvisioner {
    pub(crate) fn new(replicas: Option<usize>) -> Self {
        Self {
            replicas,
            server_overrides: Arc::default(),
        }
    }

    /// How many wake-ups the stream holds, or none if there is no stream or it has other settings. It changes nothing.
    pub(crate) async fn messages(&self, jetstream: &jetstream::Context) -> Result<Option<u64>, StreamError> {
        let found = read_stream(jetstream).await?;
        let usable = found.filter(|found| self.differing(&found.config).is_empty());
        Ok(usable.map(|found| found.state.messages))
    }

    /// Checks the stream, and creates or repairs it if needed.
    pub(crate) async fn ensure(&self, jetstream: &jetstream::Context) -> Result<StreamState, StreamError> {
        let Some(found) = read_stream(jetstream).await? else {
            let made = self.create(jetstream, &settings::wanted(self.replicas)).await?;
            return Ok(stream_state(&made, true));
        };
        let differing = self.differing(&found.config);
        if differing.is_empty() {
            return Ok(stream_state(&found, false));
        }
        let names = differing.join(", ");
        if !settings::may_be_ours(&found.config) || !holds_wake_ups_only(jetstream, &found.state).await? {
            return Err(StreamError::ForeignStream(names));
        }
        let repaired = settings::repaired(&found.config, self.replicas);
        match request::<ExistingStream>(jetstream, "UPDATE", &repaired).await? {
            Response::Ok(updated) if self.differing(&updated.config).is_empty() => {
                tracing::warn!(
                    stream = STREAM,
                    settings = names,
                    "the stream had wrong settings; they were corrected"
                );
                Ok(stream_state(&updated, true))
            }
            // These errors would come again after the stream was created again: the server rejects the number of replicas in any
            // case, and the other errors are not about a setting.
            Response::Err { error }
                if differing == ["num_replicas"] || !NEEDS_RECREATION.contains(&error.error_code()) =>
            {
                Err(StreamError::Rejected("to change its settings", error))
            }
            // The setting cannot be changed. Deleting the stream loses no change, because the wake-ups of dirty users are
            // published again from the database.
            Response::Ok(_) | Response::Err { .. } => {
                tracing::warn!(
                    stream = STREAM,
                    settings = names,
                    "the stream has wrong settings that cannot be changed; deleting it and creating it again"
                );
                let deleted: Response<serde_json::Value> = request(jetstream, "DELETE", &json!({})).await?;
                if let Response::Err { error } = deleted
                    && error.error_code() != ErrorCode::STREAM_NOT_FOUND
                {
                    return Err(StreamError::Rejected("to delete it", error));
                }
                let again = settings::recreated(&found.config, self.replicas);
                let made = self.create(jetstream, &again).await?;
                Ok(stream_state(&made, true))
            }
        }
    }

    async fn create(
        &self,
        jetstream: &jetstream::Context,
        settings: &Settings,
    ) -> Result<ExistingStream, StreamError> {
        let made: ExistingStream = match request(jetstream, "CREATE", settings).await? {
            Response::Ok(made) => made,
            Response::Err { error } => return Err(StreamError::Rejected("to create it", error)),
        };
        let differing = settings::differing(&made.config, self.replicas);
        if !differing.is_empty() {
            let settings = differing.join(", ");
            tracing::warn!(
                stream = STREAM,
                settings,
                "the server created the stream with other settings than requested"
            );
        }
        *self
            .server_overrides
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = differing;
        Ok(made)
    }

    fn differing(&self, found: &Settings) -> Vec<String> {
        let server_overrides = self
            .server_overrides
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut differing = settings::differing(found, self.replicas);
        differing.retain(|name| !server_overrides.contains(name));
        differing
    }
}

fn stream_state(found: &ExistingStream, made: bool) -> StreamState {
    StreamState {
        made,
        messages: found.state.messages,
        last_sequence: found.state.last_seq,
    }
}

/// Whether the stream holds nothing but wake-ups, so that it can be deleted.
async fn holds_wake_ups_only(jetstream: &jetstream::Context, state: &State) -> Result<bool, StreamError> {
    if state.messages == 0 {
        return Ok(true);
    }
    // Any tail of a subject counts, because a stream may be configured to rewrite the subjects of its messages.
    let filter = json!({ "subjects_filter": USERS_CHANGED_ALL.replace('*', ">") });
    match request::<ExistingStream>(jetstream, "INFO", &filter).await? {
        Response::Ok(found) => Ok(found.state.subjects.values().sum::<u64>() == found.state.messages),
        Response::Err { error } => Err(StreamError::Rejected("to read its subjects", error)),
    }
}

async fn read_stream(jetstream: &jetstream::Context) -> Result<Option<ExistingStream>, StreamError> {
    match request(jetstream, "INFO", &json!({})).await? {
        Response::Ok(found) => Ok(Some(found)),
        Response::Err { error } if error.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
        Response::Err { error } => Err(StreamError::Rejected("to read it", error)),
    }
}

/// Sends a request to the JetStream API as plain JSON, because a later server has more settings than the client library
/// knows.
async fn request<T: DeserializeOwned>(
    jetstream: &jetstream::Context,
    what: &'static str,
    payload: &(impl serde::Serialize + Sync),
) -> Result<Response<T>, StreamError> {
    let subject = format!("STREAM.{what}.{STREAM}");
    let answer = jetstream.request(subject, payload).await;
    answer.map_err(|error| StreamError::Request(what, error))
}
