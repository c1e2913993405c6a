//! The definition of a property.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use crate::{
    app::App,
    model::{Access, Property, Rejection, ValueKind},
};

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Rejection> {
    let state = app.state();
    let is = |switch: &Option<String>| switch.as_deref() == Some(name.as_str());
    let known = state.account.properties.get(&name);
    let property = known
        .filter(|_| !is(&state.switches.unknown_property))
        .ok_or(Rejection::NotFound)?;
    let is_read_only = property.access != Access::Writable || is(&state.switches.read_only_property);
    Ok(Json(definition(&name, property, is_read_only)))
}

fn definition(name: &str, property: &Property, is_read_only: bool) -> Value {
    let (value_type, field_type, options) = match property.kind {
        ValueKind::Text | ValueKind::Email => ("string", "text", &[][..]),
        ValueKind::Number => ("number", "number", &[][..]),
        ValueKind::Date => ("date", "date", &[][..]),
        ValueKind::DateTime => ("datetime", "date", &[][..]),
        ValueKind::Bool => ("bool", "booleancheckbox", &[][..]),
        ValueKind::Choice(options) => ("enumeration", "select", options),
        ValueKind::Checkboxes(options) => ("enumeration", "checkbox", options),
    };
    let option = |(order, value): (usize, &&str)| json!({ "label": value, "value": value, "hidden": false, "displayOrder": order });
    json!({
        "name": name,
        "label": name,
        "type": value_type,
        "fieldType": field_type,
        "description": "",
        "groupName": "contactinformation",
        "options": options.iter().enumerate().map(option).collect::<Vec<_>>(),
        "hasUniqueValue": property.unique,
        "calculated": property.access == Access::Calculated,
        "archived": false,
        "modificationMetadata": {
            "archivable": false,
            "readOnlyDefinition": true,
            "readOnlyValue": is_read_only,
        },
    })
}
