//! The stream of wake-ups: made where it is missing, brought up to date where it differs.

use async_nats::jetstream::{
    self, ErrorCode,
    context::{CreateStreamError, GetStreamErrorKind, UpdateStreamError},
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};
use contracts::subjects::{STREAM, USERS_CHANGED_ALL, WINDOW};

/// What the stream held when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamSeen {
    /// Whether it was missing and had to be made.
    pub(crate) created: bool,
    /// Wake-ups in it.
    pub(crate) messages: u64,
    /// The sequence number of the last wake-up it ever took.
    pub(crate) last_sequence: u64,
}

/// Why there is no usable stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    #[error("the stream {STREAM} cannot be looked up: {0}")]
    Look(#[from] jetstream::context::GetStreamError),
    #[error("the stream {STREAM} cannot be created: {0}")]
    Create(#[source] CreateStreamError),
    #[error(
        "the stream {STREAM} has other settings and cannot be changed to ours: {0}; delete it (nothing is lost by \
         that: the database announces again what is owed)"
    )]
    Differs(#[source] UpdateStreamError),
}

/// A work queue that holds one wake-up for each user and refuses a second one, so that the first keeps its place,
/// and refuses any beyond its window, so that the broker stays small.
fn wanted(replicas: usize) -> Config {
    Config {
        name: STREAM.to_owned(),
        description: Some("wake-ups of users whose changes HubSpot has yet to hear".to_owned()),
        subjects: vec![USERS_CHANGED_ALL.into()],
        retention: RetentionPolicy::WorkQueue,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        max_messages_per_subject: 1,
        max_messages: i64::try_from(WINDOW).unwrap_or(i64::MAX),
        num_replicas: replicas,
        ..Config::default()
    }
}

/// Looks at the stream and changes nothing: the names of the settings that differ from ours, or none where there is no
/// stream.
pub async fn differences(
    jetstream: &jetstream::Context,
    replicas: usize,
) -> Result<Option<Vec<&'static str>>, jetstream::context::GetStreamError> {
    match jetstream.get_stream(STREAM).await {
        Ok(stream) => Ok(Some(differing(&stream.cached_info().config, &wanted(replicas)))),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Looks at the stream, making or changing it where needed.
pub(crate) async fn ensure(
    jetstream: &jetstream::Context,
    replicas: usize,
) -> Result<StreamSeen, StreamError> {
    let wanted = wanted(replicas);
    let (mut stream, created) = match jetstream.get_stream(STREAM).await {
        Ok(stream) => (stream, false),
        Err(error) if is_missing(&error) => {
            let created = jetstream.create_stream(wanted.clone()).await;
            (created.map_err(StreamError::Create)?, true)
        }
        Err(error) => return Err(error.into()),
    };
    if !fits(&stream.cached_info().config, &wanted) {
        tracing::info!(
            stream = STREAM,
            "the stream has other settings; changing them to ours"
        );
        jetstream
            .update_stream(wanted)
            .await
            .map_err(StreamError::Differs)?;
        stream = jetstream.get_stream(STREAM).await?;
    }
    let state = &stream.cached_info().state;
    Ok(StreamSeen {
        created,
        messages: state.messages,
        last_sequence: state.last_sequence,
    })
}

/// Whether there is no such stream, as opposed to nobody who could say.
fn is_missing(error: &jetstream::context::GetStreamError) -> bool {
    matches!(
        error.kind(),
        GetStreamErrorKind::JetStream(ref cause) if cause.error_code() == ErrorCode::STREAM_NOT_FOUND
    )
}

fn fits(found: &Config, wanted: &Config) -> bool {
    differing(found, wanted).is_empty()
}

fn differing(found: &Config, wanted: &Config) -> Vec<&'static str> {
    let same = [
        ("subjects", found.subjects == wanted.subjects),
        ("retention", found.retention == wanted.retention),
        ("storage", found.storage == wanted.storage),
        ("discard", found.discard == wanted.discard),
        (
            "discard_new_per_subject",
            found.discard_new_per_subject == wanted.discard_new_per_subject,
        ),
        (
            "max_msgs_per_subject",
            found.max_messages_per_subject == wanted.max_messages_per_subject,
        ),
        ("max_msgs", found.max_messages == wanted.max_messages),
        ("num_replicas", found.num_replicas == wanted.num_replicas),
    ];
    let differing = same.into_iter().filter(|(_, is_same)| !is_same);
    differing.map(|(name, _)| name).collect()
}
