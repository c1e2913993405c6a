//! The endpoints for the groups of properties.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>

use std::sync::Arc;

use axum::{Extension, Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    http::{
        pipeline::call_facts::Caller,
        request::{
            json_body::{Input, check_members},
            parameters::PathName,
        },
        response::property_json,
    },
    model::{self, ApiVersion, PropertyGroup, Rejection},
};

pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let state = app.state();
    let groups = state.account.properties.groups();
    let results: Vec<Value> = groups.map(property_json::group).collect();
    Json(json!({ "results": results }))
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    PathName(name): PathName,
) -> Result<Json<Value>, Rejection> {
    let state = app.state();
    let group = state.account.properties.group(&name).ok_or(Rejection::NotFound)?;
    Ok(Json(property_json::group(group)))
}

/// The body of a create.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewGroup {
    name: Option<String>,
    label: Option<String>,
    display_order: Option<i64>,
}

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    Input(input): Input<NewGroup>,
) -> Result<(StatusCode, Json<Value>), Rejection> {
    check_members(&[("name", input.name.is_some()), ("label", input.label.is_some())])?;
    let group = PropertyGroup {
        name: input.name.unwrap_or_default(),
        label: input.label.unwrap_or_default(),
        display_order: input.display_order.unwrap_or(-1),
    };
    let created = app.change(caller.actor(version), |account, _| {
        model::create_property_group(account, group)
    })?;
    Ok((StatusCode::CREATED, Json(property_json::group(&created))))
}
