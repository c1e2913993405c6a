//! A reader of the event stream, in place of a browser.

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::timeout;

use crate::harness::{CEILING, Gateway};

/// An event as a browser reads it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) data: Value,
}

/// A browser that watches the stream.
pub(super) struct Browser {
    response: Response,
    text: String,
}

impl Browser {
    pub(super) async fn open(gateway: &Gateway) -> Self {
        Self::resuming(gateway, None).await
    }

    /// Opens the stream again after the event `last`.
    pub(super) async fn resuming(gateway: &Gateway, last: Option<&str>) -> Self {
        Self::at(gateway, "/sync/events", last).await
    }

    pub(super) async fn at(gateway: &Gateway, path: &str, last: Option<&str>) -> Self {
        let mut request = gateway.request(Method::GET, path);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(event) = read(&event) {
                    return Some(event);
                }
                continue;
            }
            let chunk = timeout(CEILING, self.response.chunk()).await.expect("an event");
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }

    /// The next event of this name.
    pub(super) async fn next_named(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return event;
            }
        }
    }
}

fn read(text: &str) -> Option<Event> {
    let field = |name: &str| {
        let prefix = format!("{name}: ");
        text.lines()
            .find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
    };
    Some(Event {
        id: field("id"),
        name: field("event")?,
        data: serde_json::from_str(&field("data")?).unwrap(),
    })
}
