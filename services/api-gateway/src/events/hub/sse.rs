//! Encodes server-sent events.

use std::fmt;
use std::str::FromStr;

use axum::response::sse::Event;
use serde::Serialize;

/// Identifies an event. A browser sends the id of the last event it saw as `Last-Event-ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventId {
    /// The session of listening in which the event was made.
    pub(super) session: u32,
    /// The number of the event within the session.
    pub(super) number: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}-{}", self.session, self.number)
    }
}

impl FromStr for EventId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (session, number) = text.split_once('-').ok_or(())?;
        Ok(Self {
            session: u32::from_str_radix(session, 16).map_err(drop)?,
            number: number.parse().map_err(drop)?,
        })
    }
}

/// An event with that name and JSON data.
pub(super) fn event(name: &str, id: Option<EventId>, data: &impl Serialize) -> Event {
    let event = match id {
        Some(id) => Event::default().id(id.to_string()),
        None => Event::default(),
    };
    let event = event.event(name).json_data(data);
    event.expect("ids, words and numbers serialize")
}

/// The time by this machine's clock, in RFC 3339 with milliseconds.
pub(super) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::to_bytes;
    use axum::response::{IntoResponse, Sse};
    use futures_util::stream;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn an_event_has_an_id_and_one_line_of_data() {
        let id = EventId {
            session: 0xab,
            number: 7,
        };
        let event = event("changes", Some(id), &json!({ "accepted": "two\nlines" }));
        let events = stream::once(async { Ok::<_, Infallible>(event) });
        let body = Sse::new(events).into_response().into_body();
        assert_eq!(
            to_bytes(body, 1024).await.expect("a body in memory"),
            "id: 000000ab-7\nevent: changes\ndata: {\"accepted\":\"two\\nlines\"}\n\n"
        );
        assert_eq!("000000ab-7".parse(), Ok(id));
    }

    #[test]
    fn a_text_that_is_no_id_of_ours_is_rejected() {
        for text in ["", "7", "-7", "ab-", "xyz-1", "ab--1", "123456789-1"] {
            assert_eq!(text.parse::<EventId>(), Err(()), "{text}");
        }
    }
}
