//! The stream of wake-ups: made where it is missing, repaired where it is not what we made.

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

/// What the server says when a setting can only be had by making the stream anew.
const NOT_BY_UPDATE: [ErrorCode; 4] = [
    ErrorCode::STREAM_INVALID_CONFIG,
    ErrorCode::STREAM_UPDATE,
    ErrorCode::STREAM_SEALED,
    ErrorCode::STREAM_MIRROR_NOT_UPDATABLE,
];

/// What the stream held when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamSeen {
    /// Whether it was missing or had other settings: wake-ups may be lost.
    pub(crate) made: bool,
    /// Wake-ups in it.
    pub(crate) messages: u64,
    /// The sequence number of the last wake-up it ever took.
    pub(crate) last_sequence: u64,
}

/// Why there is no usable stream.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// `JetStream` does not answer.
    #[error("the stream {STREAM}: no answer to {0}: {1}")]
    Request(&'static str, #[source] RequestError),
    /// `JetStream` refuses.
    #[error("the stream {STREAM} cannot be used ({0}): {1}")]
    Refused(&'static str, #[source] jetstream::Error),
    /// It is somebody else's.
    #[error(
        "there is a stream {STREAM} that somebody else made: it differs from ours in {0} and takes or holds other messages \
         than wake-ups, so that it is left as it is; give hubsync a NATS account of its own, or delete that stream (hubsync \
         needs nothing in it)"
    )]
    NotOurs(String),
}

/// Makes and repairs the stream. Clones share what was found out about the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamKeeping {
    /// Copies in a cluster, where a number was asked for.
    replicas: Option<usize>,
    /// What the server gives a stream that we just made although we did not ask for it.
    of_the_server: Arc<Mutex<Vec<String>>>,
}

/// A stream that is there.
#[derive(Deserialize)]
struct Found {
    config: Settings,
    state: State,
}

#[derive(Deserialize)]
struct State {
    messages: u64,
    last_seq: u64,
    /// Messages by subject, where it was asked for.
    #[serde(default)]
    subjects: HashMap<String, u64>,
}

/// Looks at the stream and changes nothing: the names of the settings that differ from ours, or none where there is no
/// stream.
pub async fn differences(
    jetstream: &jetstream::Context,
    replicas: Option<usize>,
) -> Result<Option<Vec<String>>, StreamError> {
    let found = look(jetstream).await?;
    Ok(found.map(|found| settings::differing(&found.config, replicas)))
}

impl StreamKeeping {
    pub(crate) fn new(replicas: Option<usize>) -> Self {
        Self {
            replicas,
            of_the_server: Arc::default(),
        }
    }

    /// Looks at the stream: how many wake-ups it holds, or nothing where there is none or it is not what we made.
    pub(crate) async fn messages(&self, jetstream: &jetstream::Context) -> Result<Option<u64>, StreamError> {
        let found = look(jetstream).await?;
        let usable = found.filter(|found| self.differing(&found.config).is_empty());
        Ok(usable.map(|found| found.state.messages))
    }

    /// Looks at the stream, making or repairing it where needed.
    pub(crate) async fn ensure(&self, jetstream: &jetstream::Context) -> Result<StreamSeen, StreamError> {
        let Some(found) = look(jetstream).await? else {
            let made = self.create(jetstream, &settings::wanted(self.replicas)).await?;
            return Ok(seen(&made, true));
        };
        let differing = self.differing(&found.config);
        if differing.is_empty() {
            return Ok(seen(&found, false));
        }
        let names = differing.join(", ");
        if !settings::may_be_ours(&found.config) || !holds_wake_ups_only(jetstream, &found.state).await? {
            return Err(StreamError::NotOurs(names));
        }
        let repaired = settings::repaired(&found.config, self.replicas);
        match request::<Found>(jetstream, "UPDATE", &repaired).await? {
            Response::Ok(updated) if self.differing(&updated.config).is_empty() => {
                tracing::warn!(
                    stream = STREAM,
                    settings = names,
                    "the stream had other settings; they were changed to ours"
                );
                Ok(seen(&updated, true))
            }
            // The number of copies does not depend on how the stream came to be.
            Response::Err { error }
                if differing == ["num_replicas"] || !NOT_BY_UPDATE.contains(&error.error_code()) =>
            {
                Err(StreamError::Refused("to change its settings", error))
            }
            // Nothing is lost: the database announces again what is owed.
            Response::Ok(_) | Response::Err { .. } => {
                tracing::warn!(
                    stream = STREAM,
                    settings = names,
                    "the stream had other settings, which cannot be changed; it is deleted and made anew"
                );
                let deleted: Response<serde_json::Value> = request(jetstream, "DELETE", &json!({})).await?;
                if let Response::Err { error } = deleted
                    && error.error_code() != ErrorCode::STREAM_NOT_FOUND
                {
                    return Err(StreamError::Refused("to delete it", error));
                }
                let again = settings::made_again(&found.config, self.replicas);
                let made = self.create(jetstream, &again).await?;
                Ok(seen(&made, true))
            }
        }
    }

    async fn create(
        &self,
        jetstream: &jetstream::Context,
        settings: &Settings,
    ) -> Result<Found, StreamError> {
        let made: Found = match request(jetstream, "CREATE", settings).await? {
            Response::Ok(made) => made,
            Response::Err { error } => return Err(StreamError::Refused("to create it", error)),
        };
        let differing = settings::differing(&made.config, self.replicas);
        if !differing.is_empty() {
            let settings = differing.join(", ");
            tracing::warn!(
                stream = STREAM,
                settings,
                "the server makes the stream with settings that were not asked for"
            );
        }
        *self.of_the_server.lock().unwrap_or_else(PoisonError::into_inner) = differing;
        Ok(made)
    }

    fn differing(&self, found: &Settings) -> Vec<String> {
        let of_the_server = self.of_the_server.lock().unwrap_or_else(PoisonError::into_inner);
        let mut differing = settings::differing(found, self.replicas);
        differing.retain(|name| !of_the_server.contains(name));
        differing
    }
}

fn seen(found: &Found, made: bool) -> StreamSeen {
    StreamSeen {
        made,
        messages: found.state.messages,
        last_sequence: found.state.last_seq,
    }
}

/// Whether deleting the stream takes nothing from anybody else.
async fn holds_wake_ups_only(jetstream: &jetstream::Context, state: &State) -> Result<bool, StreamError> {
    if state.messages == 0 {
        return Ok(true);
    }
    // Whatever follows: a stream may have been told to change the subjects of what it takes.
    let filter = json!({ "subjects_filter": USERS_CHANGED_ALL.replace('*', ">") });
    match request::<Found>(jetstream, "INFO", &filter).await? {
        Response::Ok(found) => Ok(found.state.subjects.values().sum::<u64>() == found.state.messages),
        Response::Err { error } => Err(StreamError::Refused("to look at its subjects", error)),
    }
}

async fn reload(jetstream: &jetstream::Context) -> Result<Option<Found>, StreamError> {
    match request(jetstream, "INFO", &json!({})).await? {
        Response::Ok(found) => Ok(Some(found)),
        Response::Err { error } if error.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
        Response::Err { error } => Err(StreamError::Refused("to look at it", error)),
    }
}

/// Asks with the server's own names for settings, for a later server has more than the client library knows.
async fn request<T: DeserializeOwned>(
    jetstream: &jetstream::Context,
    what: &'static str,
    payload: &(impl serde::Serialize + Sync),
) -> Result<Response<T>, StreamError> {
    let subject = format!("STREAM.{what}.{STREAM}");
    let answer = jetstream.request(subject, payload).await;
    answer.map_err(|error| StreamError::Request(what, error))
}
