//! The search endpoint. <https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm>

use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    app::App,
    http::{
        request::json_body::{check_content_type, parse},
        response::contact_json::{self, Wanted},
    },
    model::{self, Rejection, Search},
};

/// HubSpot's limit on the length of a search request.
const MAX_BODY_CHARS: usize = 3_000;

pub(crate) async fn search(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Rejection> {
    check_content_type(&headers)?;
    if String::from_utf8_lossy(&body).chars().count() > MAX_BODY_CHARS {
        return Err(Rejection::Search(format!(
            "The maximum length of a search request is {MAX_BODY_CHARS} characters."
        )));
    }
    let search: Search = parse(&body)?;
    let now = app.clock.now();
    let mut state = app.state();
    state.account.search_lag.advance(now);
    let found = model::search(&state.account, &state.switches, &search)?;
    let wanted = Wanted {
        properties: search.properties,
        histories: Vec::new(),
    };
    let results: Vec<Value> = found
        .contacts
        .iter()
        .map(|contact| contact_json::read(&state, contact, &wanted))
        .collect();
    let mut answer = json!({ "total": found.total, "results": results });
    if let Some(next) = found.next {
        answer["paging"] = json!({ "next": { "after": next.to_string() } });
    }
    Ok(Json(answer))
}
