//! Controls for contacts: changes as a salesperson makes them in the browser, and everything that is stored.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::App,
    http::{
        endpoints::contacts::MergeInput,
        request::json_body::{Input, PropertiesInput},
        response::rejection_body::rejection_body,
    },
    model::{Account, Contact, ContactId, Rejection, timestamp},
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
    let created = app.create_contact(&input.into_values());
    respond(&app, StatusCode::CREATED, created)
}

pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Input(input): Input<PropertiesInput>,
) -> Response {
    let edited = app.edit_contact(&id, &input.into_values());
    respond(&app, StatusCode::OK, edited)
}

pub(crate) async fn archive(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    let archived = app.archive_contact(&id);
    respond(&app, StatusCode::OK, archived)
}

pub(crate) async fn merge(State(app): State<Arc<App>>, Input(input): Input<MergeInput>) -> Response {
    let merged = app.merge_contacts(&input.primary_object_id.0, &input.object_id_to_merge.0);
    respond(&app, StatusCode::OK, merged)
}

fn respond(app: &App, success: StatusCode, result: Result<Contact, Rejection>) -> Response {
    let state = app.state();
    match result {
        Ok(contact) => (success, Json(detail(&state.account, &contact))).into_response(),
        Err(rejection) => rejection_body(
            &rejection,
            state.account.stored.portal_id,
            state.switches.conflict_body,
        )
        .into_response_with(&Uuid::new_v4().to_string()),
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
