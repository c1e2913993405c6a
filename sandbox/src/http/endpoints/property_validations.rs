//! The endpoints for the validation rules that an admin set. Apps can only read them.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/property-validations/guide>

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::{
    app::App,
    http::{request::parameters::PathName, response::property_json},
    model::{PropertyDefinition, Rejection},
};

/// The rules of every property that has some.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let state = app.state();
    let results: Vec<Value> = state
        .account
        .properties
        .definitions()
        .filter(|definition| !definition.is_archived() && !definition.validation_rules.is_empty())
        .map(|definition| {
            json!({ "propertyName": definition.name, "propertyValidationRules": rules(definition) })
        })
        .collect();
    Json(json!({ "results": results }))
}

/// The rules of one property.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    PathName(name): PathName,
) -> Result<Json<Value>, Rejection> {
    let state = app.state();
    let visible = state.account.properties.visible(&state.switches, &name);
    let definition = visible.ok_or(Rejection::NotFound)?;
    Ok(Json(json!({ "results": rules(definition) })))
}

fn rules(definition: &PropertyDefinition) -> Vec<Value> {
    definition
        .validation_rules
        .iter()
        .map(property_json::rule)
        .collect()
}
