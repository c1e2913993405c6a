//! Finds the properties that an error names, in the three places where HubSpot has been seen to name them.

use std::collections::BTreeMap;

use contracts::Reason;
use serde_json::Value;

use super::{
    body::{context, list, text},
    details::{shortened, word},
};

/// Each named property with its own reason. `whole` is the reason of the whole error, for what a property's own lacks.
pub(super) fn named_properties(error: &Value, whole: &Reason) -> BTreeMap<String, Reason> {
    let mut named = BTreeMap::new();
    let embedded = embedded_list(error);
    for fault in list(error, "validationResults").iter().chain(&embedded) {
        if fault.get("isValid").and_then(Value::as_bool) != Some(true)
            && let Some(property) = text(fault, "name")
        {
            named.insert(property, reason(fault, "error", whole));
        }
    }
    // The list of errors comes last and so wins, because it is the documented place.
    for fault in std::iter::once(error).chain(list(error, "errors")) {
        for property in context(fault, "propertyName") {
            named.insert(property, reason(fault, "code", whole));
        }
    }
    named
}

/// The list in a message such as `Property values were not valid: [{…}]`.
fn embedded_list(error: &Value) -> Vec<Value> {
    let message = text(error, "message").unwrap_or_default();
    let Some(start) = message.find('[') else {
        return Vec::new();
    };
    let mut values = serde_json::Deserializer::from_str(&message[start..]).into_iter::<Vec<Value>>();
    values.next().and_then(Result::ok).unwrap_or_default()
}

fn reason(fault: &Value, code: &str, whole: &Reason) -> Reason {
    Reason {
        code: text(fault, code).map_or_else(|| whole.code.clone(), word),
        message: text(fault, "message").map_or_else(|| whole.message.clone(), |message| shortened(&message)),
        ..whole.clone()
    }
}
