//! The overview for people: contacts, recent calls and the remaining calls. Plain HTML that reloads itself.

use std::{
    fmt::{self, Write as _},
    sync::Arc,
};

use axum::{extract::State, response::Html};

use crate::{
    app::{App, Call, State as AppState},
    http::endpoints::account_details::NAME,
    limits::Credential,
    model::{Contact, timestamp},
};

const MAX_SHOWN_CONTACTS: usize = 200;
const MAX_SHOWN_CALLS: usize = 100;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width\">\n<meta http-equiv=\"refresh\" content=\"2\">\n\
<title>HubSpot sandbox</title>\n<style>\n\
:root { color-scheme: light dark }\n\
body { font: 1rem/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem }\n\
table { border-collapse: collapse; width: 100% }\n\
th, td { border-bottom: 1px solid #8886; padding: .3rem .6rem; text-align: left; overflow-wrap: anywhere }\n\
</style>\n</head>\n<body>\n";

pub(crate) async fn show(State(app): State<Arc<App>>) -> Html<String> {
    let now = app.clock.now();
    let state = &mut *app.state();
    let remaining = state.limiter.remaining(Credential::Static, now);
    let account = &state.account;
    let limits = &state.limiter.limits;
    let summary = format!(
        "Account {}. Left: {} of {} calls in this window, {} of {} today. Active faults: {}.",
        account.stored.portal_id,
        remaining.burst,
        limits.burst,
        remaining.daily,
        limits.daily,
        state.faults.all().len(),
    );
    let (contacts, calls) = (contacts(state), calls(state));
    let (name, summary) = (Escaped(NAME), Escaped(&summary));
    Html(format!(
        "{HEAD}<h1>{name}</h1>\n<p>{summary}</p>\n{contacts}{calls}</body>\n</html>\n"
    ))
}

fn contacts(state: &AppState) -> String {
    let total = state.account.contact_count();
    let mut newest: Vec<&Contact> = state.account.contacts().collect();
    newest.sort_by_key(|contact| std::cmp::Reverse(contact.updated_at));
    let rows = newest.into_iter().take(MAX_SHOWN_CONTACTS).map(|contact| {
        let value = |name| contact.value(name).unwrap_or_default();
        let state = if contact.is_archived() { "archived" } else { "" };
        [
            contact.id.to_string(),
            value("email"),
            value("firstname"),
            value("lastname"),
            timestamp(contact.updated_at),
            state.to_owned(),
        ]
    });
    let caption = format!("Contacts ({total})");
    table(
        &caption,
        ["Id", "Email", "First name", "Last name", "Last modified", ""],
        rows,
    )
}

fn calls(state: &AppState) -> String {
    let rows = state.calls.all().rev().take(MAX_SHOWN_CALLS).map(|call: &Call| {
        let status = call
            .status
            .map_or_else(|| "cut".to_owned(), |status| status.to_string());
        [
            timestamp(call.at),
            call.method.clone(),
            call.path.clone(),
            status,
            call.inputs.to_string(),
            format!("{} ms", call.duration_ms),
        ]
    });
    table(
        "Recent calls",
        ["Time", "Method", "Path", "Status", "Inputs", "Took"],
        rows,
    )
}

/// A table. Every text is escaped here, so none can become markup.
fn table<const COLUMNS: usize>(
    caption: &str,
    heads: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> String {
    let cells = |tag: &str, texts: &[String]| {
        texts.iter().fold(String::new(), |mut row, text| {
            // Writing to a string cannot fail.
            let _ = write!(row, "<{tag}>{}</{tag}>", Escaped(text));
            row
        })
    };
    // Texts are escaped, so only the tags themselves match.
    let head = cells("th", &heads.map(str::to_owned)).replace("<th>", "<th scope=\"col\">");
    let mut body = String::new();
    for row in rows {
        body.push_str("<tr>");
        body.push_str(&cells("td", &row));
        body.push_str("</tr>\n");
    }
    format!(
        "<h2>{}</h2>\n<table>\n<tr>{head}</tr>\n{body}</table>\n",
        Escaped(caption)
    )
}

/// Text in which the special characters of HTML are escaped.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                other => write!(formatter, "{other}")?,
            }
        }
        Ok(())
    }
}
