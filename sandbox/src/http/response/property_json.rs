//! Definitions of properties and their groups as JSON.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>

use serde_json::{Value, json};

use crate::{
    Switches,
    model::{PropertyDefinition, PropertyGroup, PropertyType, ValidationRule, timestamp},
};

/// A definition. Members that HubSpot leaves out where they say nothing are left out.
pub(crate) fn property(switches: &Switches, definition: &PropertyDefinition) -> Value {
    let metadata = definition.modification_metadata;
    let is_read_only =
        metadata.read_only_value || switches.read_only_property.as_ref() == Some(&definition.name);
    let mut json = json!({
        "name": definition.name,
        "label": definition.label,
        "type": definition.property_type,
        "fieldType": definition.field_type,
        "description": definition.description,
        "groupName": definition.group_name,
        "options": definition.options,
        "displayOrder": definition.display_order,
        "calculated": definition.calculated,
        "externalOptions": definition.external_options,
        "archived": definition.is_archived(),
        "hasUniqueValue": definition.has_unique_value,
        "hidden": definition.hidden,
        "formField": definition.form_field,
        "dataSensitivity": definition.data_sensitivity,
        "modificationMetadata": {
            "archivable": metadata.archivable,
            "readOnlyDefinition": metadata.read_only_definition,
            "readOnlyValue": is_read_only,
        },
    });
    if definition.property_type == PropertyType::Enumeration {
        json["modificationMetadata"]["readOnlyOptions"] = metadata.read_only_options.into();
    }
    if definition.hubspot_defined {
        json["hubspotDefined"] = true.into();
    }
    if let Some(object_type) = &definition.referenced_object_type {
        json["referencedObjectType"] = object_type.clone().into();
    }
    for (name, at) in [
        ("createdAt", definition.created_at),
        ("updatedAt", definition.updated_at),
        ("archivedAt", definition.archived_at),
    ] {
        if let Some(at) = at {
            json[name] = timestamp(at).into();
        }
    }
    json
}

/// A group of properties.
pub(crate) fn group(group: &PropertyGroup) -> Value {
    json!({
        "name": group.name,
        "label": group.label,
        "displayOrder": group.display_order,
        "archived": false,
    })
}

/// A validation rule. `shouldApplyNormalization` is left out unless it is set.
pub(crate) fn rule(rule: &ValidationRule) -> Value {
    let mut json = json!({ "ruleType": rule.rule_type, "ruleArguments": rule.rule_arguments });
    if rule.should_apply_normalization {
        json["shouldApplyNormalization"] = true.into();
    }
    json
}
