//! The search call. <https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm>

use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    input::{check_content_type, parsed},
    object::{self, Wanted},
};
use crate::{
    app::App,
    model::{self, Refusal, Search},
};

const LONGEST_BODY: usize = 3_000;

pub(crate) async fn search(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    check_content_type(&headers)?;
    if String::from_utf8_lossy(&body).chars().count() > LONGEST_BODY {
        return Err(Refusal::Search(format!(
            "The maximum length of a search request is {LONGEST_BODY} characters."
        )));
    }
    let search: Search = parsed(&body)?;
    let now = app.clock.now();
    let mut state = app.state();
    state.account.search_lag.advance(now);
    let found = model::search(&state.account, &search)?;
    let wanted = Wanted {
        properties: search.properties,
        histories: Vec::new(),
    };
    let results: Vec<Value> = found
        .contacts
        .iter()
        .map(|contact| object::read(&state.account, contact, &wanted))
        .collect();
    let mut answer = json!({ "total": found.total, "results": results });
    if let Some(next) = found.next {
        answer["paging"] = json!({ "next": { "after": next.to_string() } });
    }
    Ok(Json(answer))
}
