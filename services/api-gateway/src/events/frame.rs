//! Server-sent events as they go over the wire.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::Serialize;

use super::status::Status;

/// Names an event of a gateway: browsers send the last one they saw as `Last-Event-ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventId {
    /// Of the listening that it was made in.
    pub(super) generation: u32,
    /// Its number there.
    pub(super) number: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}-{}", self.generation, self.number)
    }
}

impl FromStr for EventId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (generation, number) = text.split_once('-').ok_or(())?;
        Ok(Self {
            generation: u32::from_str_radix(generation, 16).map_err(drop)?,
            number: number.parse().map_err(drop)?,
        })
    }
}

/// An event as text, shared by all who get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) text: Bytes,
}

impl Frame {
    pub(super) fn of_status(status: &Status) -> Self {
        Self::new("status", None, status)
    }

    /// JSON has no line breaks of its own, so one line of data holds it.
    pub(super) fn new(event: &str, id: Option<EventId>, data: &impl Serialize) -> Self {
        let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
        let data = serde_json::to_string(data).expect("ids, words and numbers serialize");
        Self {
            text: format!("{id}event: {event}\ndata: {data}\n\n").into(),
        }
    }
}

/// By this machine's clock, in RFC 3339 with milliseconds.
pub(super) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_frame_is_an_event_with_an_id_and_one_line_of_data() {
        let id = EventId {
            generation: 0xab,
            number: 7,
        };
        let frame = Frame::new("changes", Some(id), &json!({ "accepted": "two\nlines" }));
        assert_eq!(
            frame.text,
            "id: 000000ab-7\nevent: changes\ndata: {\"accepted\":\"two\\nlines\"}\n\n"
        );
        assert_eq!("000000ab-7".parse(), Ok(id));
    }

    #[test]
    fn an_id_of_somebody_else_is_none() {
        for text in ["", "7", "-7", "ab-", "xyz-1", "ab--1", "123456789-1"] {
            assert_eq!(text.parse::<EventId>(), Err(()), "{text}");
        }
    }
}
