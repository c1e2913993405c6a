//! The endpoints for the definitions of properties.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use rand::seq::SliceRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    DataSensitivity,
    app::{App, State as AppState},
    http::{
        pipeline::call_facts::Caller,
        request::{
            json_body::{Input, Inputs, NO_CONTENT, check_members},
            parameters::{PathName, Query},
        },
        response::property_json,
    },
    model::{
        self, ApiVersion, FieldType, Object, PropertyChanges, PropertyDefinition, PropertyOption,
        PropertyType, Rejection, timestamp,
    },
    settings::PartialStatus,
};

type JsonResult = Result<Json<Value>, Rejection>;

/// HubSpot's limit on the inputs of a batch.
const MAX_INPUTS: usize = 100;

/// The properties that a read asks for: archived ones or the others, of one sensitivity.
#[derive(Clone, Copy)]
struct DefinitionFilter {
    archived: bool,
    sensitivity: DataSensitivity,
}

impl DefinitionFilter {
    fn parse(query: &Query) -> Result<Self, Rejection> {
        let sensitivity = match query.get("dataSensitivity") {
            None | Some("") => DataSensitivity::NonSensitive,
            Some(text) => serde_json::from_value(text.into()).map_err(|_| {
                Rejection::InvalidParameter(
                    "dataSensitivity must be non_sensitive, sensitive or highly_sensitive".to_owned(),
                )
            })?,
        };
        Ok(Self {
            archived: query.flag("archived")?,
            sensitivity,
        })
    }

    /// Whether a read shows this property. The property of the switch `unknown_property` is not there at all.
    fn includes(self, state: &AppState, definition: &PropertyDefinition) -> bool {
        definition.is_archived() == self.archived
            && definition.data_sensitivity == self.sensitivity
            && state.switches.unknown_property.as_ref() != Some(&definition.name)
    }

    fn find<'a>(self, state: &'a AppState, name: &str) -> Option<&'a PropertyDefinition> {
        let definition = state.account.properties.definition(name);
        definition.filter(|definition| self.includes(state, definition))
    }
}

pub(crate) async fn list(State(app): State<Arc<App>>, query: Query) -> JsonResult {
    let filter = DefinitionFilter::parse(&query)?;
    let state = app.state();
    let results: Vec<Value> = state
        .account
        .properties
        .definitions()
        .filter(|definition| filter.includes(&state, definition))
        .map(|definition| property_json::property(&state.switches, definition))
        .collect();
    Ok(Json(json!({ "results": results })))
}

pub(crate) async fn show(State(app): State<Arc<App>>, PathName(name): PathName, query: Query) -> JsonResult {
    let filter = DefinitionFilter::parse(&query)?;
    let state = app.state();
    let definition = filter.find(&state, &name).ok_or(Rejection::NotFound)?;
    Ok(Json(property_json::property(&state.switches, definition)))
}

/// The body of a create.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewProperty {
    name: Option<String>,
    label: Option<String>,
    #[serde(rename = "type")]
    property_type: Option<PropertyType>,
    field_type: Option<FieldType>,
    group_name: Option<String>,
    description: Option<String>,
    options: Option<Vec<Object<PropertyOption>>>,
    has_unique_value: Option<bool>,
    hidden: Option<bool>,
    form_field: Option<bool>,
    display_order: Option<i64>,
    data_sensitivity: Option<DataSensitivity>,
}

impl NewProperty {
    /// The definition. The rejection names every required member that is missing.
    fn into_definition(self) -> Result<PropertyDefinition, Rejection> {
        check_members(&[
            ("name", self.name.is_some()),
            ("label", self.label.is_some()),
            ("type", self.property_type.is_some()),
            ("fieldType", self.field_type.is_some()),
            ("groupName", self.group_name.is_some()),
        ])?;
        let name = self.name.unwrap_or_default();
        let property_type = self.property_type.unwrap_or(PropertyType::String);
        let field_type = self.field_type.unwrap_or(FieldType::Text);
        let mut definition = PropertyDefinition::custom(&name, property_type, field_type);
        definition.label = self.label.unwrap_or_default();
        definition.group_name = self.group_name.unwrap_or_default();
        definition.description = self.description.unwrap_or_default();
        definition.options = self.options.map(into_options).unwrap_or_default();
        definition.has_unique_value = self.has_unique_value.unwrap_or_default();
        definition.hidden = self.hidden.unwrap_or_default();
        definition.form_field = self.form_field.unwrap_or_default();
        definition.display_order = self.display_order.unwrap_or(definition.display_order);
        definition.data_sensitivity = self.data_sensitivity.unwrap_or_default();
        Ok(definition)
    }
}

fn into_options(options: Vec<Object<PropertyOption>>) -> Vec<PropertyOption> {
    options.into_iter().map(|Object(option)| option).collect()
}

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    Input(input): Input<NewProperty>,
) -> Result<(StatusCode, Json<Value>), Rejection> {
    let definition = input.into_definition()?;
    let created = app.change(caller.actor(version), |account, context| {
        model::create_property(account, context, definition)
    })?;
    let state = app.state();
    Ok((
        StatusCode::CREATED,
        Json(property_json::property(&state.switches, &created)),
    ))
}

/// The body of an update.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PropertyPatch {
    label: Option<String>,
    description: Option<String>,
    group_name: Option<String>,
    #[serde(rename = "type")]
    property_type: Option<PropertyType>,
    field_type: Option<FieldType>,
    options: Option<Vec<Object<PropertyOption>>>,
    hidden: Option<bool>,
    form_field: Option<bool>,
    display_order: Option<i64>,
}

impl From<PropertyPatch> for PropertyChanges {
    fn from(patch: PropertyPatch) -> Self {
        Self {
            label: patch.label,
            description: patch.description,
            group_name: patch.group_name,
            property_type: patch.property_type,
            field_type: patch.field_type,
            options: patch.options.map(into_options),
            hidden: patch.hidden,
            form_field: patch.form_field,
            display_order: patch.display_order,
        }
    }
}

pub(crate) async fn update(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    PathName(name): PathName,
    Input(patch): Input<PropertyPatch>,
) -> JsonResult {
    check_exists(&app, &name)?;
    let updated = app.change(caller.actor(version), |account, context| {
        model::update_property(account, context, &name, patch.into())
    })?;
    let state = app.state();
    Ok(Json(property_json::property(&state.switches, &updated)))
}

pub(crate) async fn archive(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    PathName(name): PathName,
) -> Result<StatusCode, Rejection> {
    check_exists(&app, &name)?;
    app.change(caller.actor(version), |account, context| {
        model::archive_property(account, context, &name)
    })?;
    Ok(NO_CONTENT)
}

/// Rejects a call that names the property of the switch `unknown_property`.
fn check_exists(app: &App, name: &str) -> Result<(), Rejection> {
    let state = app.state();
    let visible = state.account.properties.visible(&state.switches, name);
    visible.map(drop).ok_or(Rejection::NotFound)
}

/// The body of a batch read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadInput {
    #[serde(flatten)]
    names: Inputs<NamedProperty>,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    data_sensitivity: DataSensitivity,
}

/// An input that names a property.
#[derive(Debug, Deserialize)]
pub(crate) struct NamedProperty {
    name: String,
}

pub(crate) async fn batch_read(
    State(app): State<Arc<App>>,
    Input(input): Input<ReadInput>,
) -> Result<Response, Rejection> {
    let names: Vec<String> = input.names.into_iter().map(|input| input.name).collect();
    if names.len() > MAX_INPUTS {
        return Err(Rejection::TooManyInputs);
    }
    let filter = DefinitionFilter {
        archived: input.archived,
        sensitivity: input.data_sensitivity,
    };
    let now = timestamp(app.clock.now());
    let state = &mut *app.state();
    let (mut results, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        match filter.find(state, &name) {
            Some(definition) => results.push(property_json::property(&state.switches, definition)),
            None => missing.push(name),
        }
    }
    if state.switches.shuffle_results {
        results.shuffle(&mut state.random);
    }
    let mut body = json!({
        "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now, "requestedAt": now,
    });
    if missing.is_empty() {
        return Ok(Json(body).into_response());
    }
    body["numErrors"] = 1.into();
    body["errors"] = json!([{
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some properties, they may be archived or not exist.",
        "context": { "name": missing },
    }]);
    let status = match state.switches.partial_status {
        PartialStatus::MultiStatus => StatusCode::MULTI_STATUS,
        PartialStatus::Success => StatusCode::OK,
    };
    Ok((status, Json(body)).into_response())
}
