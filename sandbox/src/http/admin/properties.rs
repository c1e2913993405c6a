//! Controls for properties: what an admin of the account changes in HubSpot's settings.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;

use crate::{
    CustomProperty, PropertyDefinition, ValidationRule,
    app::App,
    http::request::{json_body::Input, parameters::PathName},
    model::Rejection,
};

type DefinitionResult = Result<Json<PropertyDefinition>, Rejection>;

/// Every property, also archived ones, with all that the sandbox stores about it.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Vec<PropertyDefinition>> {
    Json(app.state().account.properties.definitions().cloned().collect())
}

/// Adds a property, given in the text form of the command line.
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    body: String,
) -> Result<(StatusCode, Json<PropertyDefinition>), Rejection> {
    let property: CustomProperty = body.trim().parse().map_err(Rejection::InvalidDefinition)?;
    Ok((StatusCode::CREATED, Json(app.add_property(&property)?)))
}

pub(crate) async fn archive(State(app): State<Arc<App>>, PathName(name): PathName) -> DefinitionResult {
    app.archive_property(&name).map(Json)
}

pub(crate) async fn restore(State(app): State<Arc<App>>, PathName(name): PathName) -> DefinitionResult {
    app.restore_property(&name).map(Json)
}

/// What an admin changes about a property: one of the two.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PropertyEdit {
    /// Whether callers cannot write it.
    read_only: Option<bool>,
    /// Its new type, in the text form of the command line.
    #[serde(rename = "type")]
    new_type: Option<String>,
}

pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    PathName(name): PathName,
    Input(edit): Input<PropertyEdit>,
) -> DefinitionResult {
    let edited = match (edit.read_only, edit.new_type) {
        (Some(is_read_only), None) => app.set_property_read_only(&name, is_read_only)?,
        (None, Some(new_type)) => {
            let property: CustomProperty = format!("{name}:{new_type}")
                .parse()
                .map_err(Rejection::InvalidDefinition)?;
            app.change_property_type(&property)?
        }
        _ => {
            return Err(Rejection::InvalidDefinition(
                "the body needs either readOnly or type".to_owned(),
            ));
        }
    };
    Ok(Json(edited))
}

pub(crate) async fn add_option(
    State(app): State<Arc<App>>,
    Path((name, option)): Path<(String, String)>,
) -> DefinitionResult {
    app.add_property_option(&name, &option).map(Json)
}

pub(crate) async fn remove_option(
    State(app): State<Arc<App>>,
    Path((name, option)): Path<(String, String)>,
) -> DefinitionResult {
    app.remove_property_option(&name, &option).map(Json)
}

/// Replaces the validation rules, given as in HubSpot's API.
pub(crate) async fn set_rules(
    State(app): State<Arc<App>>,
    PathName(name): PathName,
    Json(rules): Json<Vec<ValidationRule>>,
) -> DefinitionResult {
    app.set_validation_rules(&name, rules).map(Json)
}
