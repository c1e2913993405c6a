//! The HubSpot sandbox, which runs unless a token for a real account is set.

use std::{net::SocketAddr, path::Path};

use ::sandbox::{CustomProperty, Sandbox, Settings};
use anyhow::Context;
use contracts::fields::{FieldDefinition, FieldType};

/// Starts the sandbox, which stores its contacts in `folder`. It has a property for each of these fields.
pub(super) async fn start(
    listen: SocketAddr,
    folder: &Path,
    fields: &[FieldDefinition],
) -> anyhow::Result<Sandbox> {
    let properties = fields.iter().map(property);
    let settings = Settings {
        listen,
        data_file: Some(folder.join("hubspot-sandbox.jsonl")),
        custom_properties: properties
            .filter(|property| !property.is_hubspot_defined())
            .collect(),
        ..Settings::default()
    };
    Sandbox::start(settings)
        .await
        .context("the HubSpot sandbox did not start (set another address with --sandbox-listen)")
}

/// The property that fits a field. A field whose options HubSpot decides gets a text.
fn property(field: &FieldDefinition) -> CustomProperty {
    let name = field.property.as_str();
    match &field.field_type {
        FieldType::Choice { options } if !options.is_empty() => CustomProperty::choice(name, options),
        FieldType::Choices { options, .. } if !options.is_empty() => CustomProperty::choices(name, options),
        FieldType::Email | FieldType::Text { .. } | FieldType::Choice { .. } | FieldType::Choices { .. } => {
            CustomProperty::text(name)
        }
        FieldType::Number { .. } => CustomProperty::number(name),
        FieldType::Boolean => CustomProperty::bool(name),
        FieldType::Date => CustomProperty::date(name),
        FieldType::DateTime => CustomProperty::datetime(name),
    }
}
