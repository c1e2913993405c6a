//! What a salesperson does in the browser, without counting as a call; and a look at everything that is stored.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    contacts::MergeInput,
    input::{Input, PropertiesInput},
    refusal_body::body_of,
};
use crate::{
    app::{Actor, App},
    model::{self, Account, Contact, ContactId, Refusal, find, timestamp},
};

pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let state = app.state();
    let contacts: Vec<Value> = state.account.contacts().map(summary).collect();
    Json(json!({ "portalId": state.account.stored.portal_id, "contacts": contacts }))
}

pub(crate) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    let state = app.state();
    let current = id.parse().map(|id| state.account.successor(id).unwrap_or(id));
    match current.ok().and_then(|id: ContactId| state.account.contact(id)) {
        Some(contact) => Json(detail(&state.account, contact)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(crate) async fn create(State(app): State<Arc<App>>, Input(input): Input<PropertiesInput>) -> Response {
    let values = input.into_values();
    let created = app.change(Actor::SALESPERSON, |account, context| {
        model::create(account, context, &values, None)
    });
    answer(&app, StatusCode::CREATED, created)
}

pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Input(input): Input<PropertiesInput>,
) -> Response {
    let values = input.into_values();
    let edited = app.change(Actor::SALESPERSON, |account, context| {
        let id = find(account, &id, None)?.ok_or(Refusal::NotFound)?;
        model::update(account, context, id, &values, None)
    });
    answer(&app, StatusCode::OK, edited)
}

pub(crate) async fn archive(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    let archived = app.change(Actor::SALESPERSON, |account, context| {
        let id = find(account, &id, None)?.ok_or(Refusal::NotFound)?;
        model::archive(account, context, id)?;
        account.contact(id).cloned().ok_or(Refusal::NotFound)
    });
    answer(&app, StatusCode::OK, archived)
}

pub(crate) async fn merge(State(app): State<Arc<App>>, Input(input): Input<MergeInput>) -> Response {
    let merged = app.change(Actor::SALESPERSON, |account, context| {
        model::merge(
            account,
            context,
            &input.primary_object_id.0,
            &input.object_id_to_merge.0,
        )
    });
    answer(&app, StatusCode::OK, merged)
}

fn answer(app: &App, success: StatusCode, outcome: Result<Contact, Refusal>) -> Response {
    let state = app.state();
    match outcome {
        Ok(contact) => (success, Json(detail(&state.account, &contact))).into_response(),
        Err(refusal) => body_of(
            &refusal,
            state.account.stored.portal_id,
            state.switches.conflict_body,
        )
        .correlated(&Uuid::new_v4().to_string()),
    }
}

fn summary(contact: &Contact) -> Value {
    json!({
        "id": contact.id,
        "properties": contact.all_values(),
        "archived": contact.is_archived(),
        "updatedAt": timestamp(contact.updated_at),
    })
}

fn detail(account: &Account, contact: &Contact) -> Value {
    let mut detail = summary(contact);
    detail["formerIds"] = json!(contact.former_ids);
    detail["writes"] = json!(account.writes(contact.id));
    detail
}
