//! Translates messages for people. Everything that a program may rely on stays unchanged.

use serde_json::Value;

use crate::settings::MessageLanguage;

/// The members of HubSpot's bodies that contain messages for people.
const MESSAGES: [&str; 3] = ["message", "localizedErrorMessage", "error_description"];

/// Translates every message in a body.
pub(crate) fn translate(body: &mut Value, language: MessageLanguage) {
    match language {
        MessageLanguage::English => {}
        MessageLanguage::German => to_german(body),
    }
}

fn to_german(body: &mut Value) {
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if MESSAGES.contains(&name.as_str()) => *text = german(text),
                    _ => to_german(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(to_german),
        _ => {}
    }
}

/// Ids and lists stay in the translated message. All other messages become the same sentence.
fn german(message: &str) -> String {
    if let Some(list) = message.strip_prefix("Property values were not valid: ")
        && let Ok(mut faults) = serde_json::from_str(list)
    {
        to_german(&mut faults);
        return format!("Eigenschaften haben ungültige Werte: {faults}");
    }
    if let Some((_, id)) = message.split_once("Existing ID: ") {
        return format!("Der Kontakt ist bereits vorhanden. Vorhandene ID: {id}");
    }
    "Die Anfrage konnte nicht ausgeführt werden.".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_messages_are_translated() {
        let mut body = json!({
            "status": "error",
            "message": "Property values were not valid: [{\"name\":\"x\",\"message\":\"Property \\\"x\\\" does not exist\"}]",
            "category": "VALIDATION_ERROR",
            "errors": [{ "message": "no", "code": "PROPERTY_DOESNT_EXIST", "context": { "propertyName": ["x"] } }],
        });
        let before = body.clone();
        translate(&mut body, MessageLanguage::English);
        assert_eq!(body, before);
        translate(&mut body, MessageLanguage::German);
        assert_eq!(
            body,
            json!({
                "status": "error",
                "message": "Eigenschaften haben ungültige Werte: [{\"message\":\"Die Anfrage konnte nicht ausgeführt werden.\",\"name\":\"x\"}]",
                "category": "VALIDATION_ERROR",
                "errors": [{
                    "message": "Die Anfrage konnte nicht ausgeführt werden.",
                    "code": "PROPERTY_DOESNT_EXIST",
                    "context": { "propertyName": ["x"] },
                }],
            })
        );
    }

    #[test]
    fn an_existing_id_stays_in_the_translation() {
        assert_eq!(
            german("Contact already exists. Existing ID: 51"),
            "Der Kontakt ist bereits vorhanden. Vorhandene ID: 51"
        );
    }
}
