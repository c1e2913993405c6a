//! Reads a JSON object member by member. All bodies and all lines of NDJSON are read by this and nothing else.
//!
//! It finds every invalid value at once and gives each its JSON pointer. Error messages repeat the names of members, never
//! their values. Derived serde types do not fit: they accept an array in place of an object, and their messages quote values.

mod members;

use std::collections::HashMap;
use std::str::FromStr;

use contracts::InvalidValue;
use serde_json::Value;

use crate::response::ApiError;
use members::read_members;

pub(crate) use members::{JsonMembers, JsonObjectError};

/// The members of an object, and the errors found in them so far.
#[derive(Debug)]
pub(crate) struct JsonObject {
    /// The known members, each once, with its position in the body.
    members: Vec<(&'static str, usize, Value)>,
    /// Each error with the position of its member, by which errors are sorted.
    errors: Vec<(usize, InvalidValue)>,
}

/// The position of an error that belongs to no member: such errors come last.
const AFTER_MEMBERS: usize = usize::MAX;

impl JsonObject {
    /// Reads the object in `body`. Members that are not in `known` are errors; `what` names the object in their messages, such
    /// as "a user".
    pub(crate) fn read(body: &[u8], known: &[&'static str], what: &str) -> Result<Self, JsonObjectError> {
        let JsonMembers(given) = read_members(body)?;
        let mut object = Self {
            members: Vec::with_capacity(given.len()),
            errors: Vec::new(),
        };
        // The names so far, and whether their repetition was reported.
        let mut names: HashMap<String, bool> = HashMap::with_capacity(given.len());
        for (position, (name, value)) in given.into_iter().enumerate() {
            if let Some(is_reported) = names.get_mut(&name) {
                // Reported once, however often the name comes again.
                if !std::mem::replace(is_reported, true) {
                    object.add_error(position, pointer(&name), "is given more than once");
                }
                continue;
            }
            if let Some(known) = known.iter().find(|known| **known == name) {
                object.members.push((known, position, value));
            } else {
                let known = known.join(", ");
                let detail = format!("is not a member of {what}; the members are {known}");
                object.add_error(position, pointer(&name), &detail);
            }
            names.insert(name, false);
        }
        Ok(object)
    }

    /// Reads the body of a request.
    pub(crate) fn of_request(body: &[u8], known: &[&'static str]) -> Result<Self, ApiError> {
        Self::read(body, known, "this request").map_err(ApiError::from)
    }

    /// Whether the member is given, even with an invalid value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(known, ..)| *known == name)
    }

    /// The unchecked value of a member.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        let member = self.members.iter().find(|(known, ..)| *known == name);
        member.map(|(.., value)| value)
    }

    /// A member that is true or false; false where it is absent.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        match self.value(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                let detail = type_mismatch("true or false", other);
                self.reject(name, &detail);
                false
            }
        }
    }

    /// A member that is text and parses as `T`; `None` where it is absent or invalid.
    pub(crate) fn text<T: FromStr<Err: ToString>>(&mut self, name: &str) -> Option<T> {
        match parse_text(self.value(name)?) {
            Ok(value) => Some(value),
            Err(detail) => {
                self.reject(name, &detail);
                None
            }
        }
    }

    /// A member that is a list of 1 to `max` texts; `None` where it is absent or no such list. Entries that do not parse are
    /// recorded as errors and left out.
    pub(crate) fn list<T: FromStr<Err: ToString>>(&mut self, name: &str, max: usize) -> Option<Vec<T>> {
        let entries = match self.value(name)? {
            Value::Array(entries) if entries.is_empty() => Err("is empty; give at least one".to_owned()),
            Value::Array(entries) if entries.len() > max => Err(format!(
                "has {} entries; at most {max} are allowed",
                entries.len()
            )),
            Value::Array(entries) => Ok(entries.iter().map(parse_text).collect::<Vec<Result<T, _>>>()),
            other => Err(type_mismatch("an array", other)),
        };
        match entries {
            Err(detail) => {
                self.reject(name, &detail);
                None
            }
            Ok(entries) => {
                let mut list = Vec::with_capacity(entries.len());
                for (index, entry) in entries.into_iter().enumerate() {
                    match entry {
                        Ok(entry) => list.push(entry),
                        Err(detail) => {
                            let pointer = format!("{}/{index}", pointer(name));
                            self.add_error(self.position(name), pointer, &detail);
                        }
                    }
                }
                Some(list)
            }
        }
    }

    /// Records an error in a member, which may be absent.
    pub(crate) fn reject(&mut self, name: &str, detail: &str) {
        self.add_error(self.position(name), pointer(name), detail);
    }

    /// Records an error in the combination of members.
    pub(crate) fn reject_whole(&mut self, detail: &str) {
        self.add_error(AFTER_MEMBERS, String::new(), detail);
    }

    /// Whether there is no error so far. Rules about several members are checked only then: an error in a single member
    /// would cause misleading ones.
    pub(crate) fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// All errors, in the order of the body.
    pub(crate) fn into_errors(mut self) -> Vec<InvalidValue> {
        self.errors.sort_by_key(|(position, _)| *position);
        self.errors.into_iter().map(|(_, error)| error).collect()
    }

    /// The value that was built from the object, unless there are errors.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, ApiError> {
        if self.is_valid() {
            Ok(value)
        } else {
            Err(ApiError::InvalidBody(self.into_errors()))
        }
    }

    fn position(&self, name: &str) -> usize {
        let member = self.members.iter().find(|(known, ..)| *known == name);
        member.map_or(AFTER_MEMBERS, |(_, position, _)| *position)
    }

    fn add_error(&mut self, position: usize, pointer: String, detail: &str) {
        let detail = detail.to_owned();
        self.errors.push((position, InvalidValue { pointer, detail }));
    }
}

impl From<JsonObjectError> for ApiError {
    fn from(error: JsonObjectError) -> Self {
        match error {
            JsonObjectError::Malformed(detail) => Self::MalformedBody(detail),
            JsonObjectError::NotAnObject => Self::InvalidBody(vec![invalid_body("must be a JSON object")]),
        }
    }
}

/// An error in a body as a whole.
pub(crate) fn invalid_body(detail: &str) -> InvalidValue {
    InvalidValue {
        pointer: String::new(),
        detail: detail.to_owned(),
    }
}

fn parse_text<T: FromStr<Err: ToString>>(value: &Value) -> Result<T, String> {
    match value {
        Value::String(text) => text.parse().map_err(|rule: T::Err| rule.to_string()),
        other => Err(type_mismatch("a string", other)),
    }
}

/// Says which type a value must have, and which it has.
pub(super) fn type_mismatch(wanted: &str, value: &Value) -> String {
    let found = match value {
        // Some callers take null for "absent" and some for a value, so it is accepted as neither.
        Value::Null => return format!("must be {wanted}, not null; leave the member out to give none"),
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    format!("must be {wanted}, not {found}")
}

/// The JSON pointer to a member (RFC 6901): a tilde and a slash within its name are escaped.
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use contracts::UserId;

    use super::*;

    fn errors(body: &str) -> Vec<(String, String)> {
        let mut object =
            JsonObject::of_request(body.as_bytes(), &["users", "all", "after"]).expect("an object");
        object.list::<UserId>("users", 3);
        object.flag("all");
        object.text::<UserId>("after");
        let errors = object.into_errors().into_iter();
        errors.map(|error| (error.pointer, error.detail)).collect()
    }

    #[test]
    fn every_error_has_its_pointer_in_the_order_of_the_body() {
        let found = errors(r#"{"after":null,"a/b~":1,"users":["1","a b",7,null],"all":"yes","after":"2"}"#);
        let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/after", "/a~1b~0", "/users", "/all", "/after"]);
        let found = errors(r#"{"users":["1","a b",null]}"#);
        let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/users/1", "/users/2"]);
    }

    #[test]
    fn null_and_other_types_are_rejected_without_quoting_a_value() {
        for (body, detail) in [
            (
                r#"{"after":null}"#,
                "must be a string, not null; leave the member out to give none",
            ),
            (
                r#"{"all":null}"#,
                "must be true or false, not null; leave the member out to give none",
            ),
            (r#"{"all":"secret"}"#, "must be true or false, not a string"),
            (r#"{"after":["secret"]}"#, "must be a string, not an array"),
            (r#"{"users":"secret"}"#, "must be an array, not a string"),
            (r#"{"users":{"secret":1}}"#, "must be an array, not an object"),
            (r#"{"users":[]}"#, "is empty; give at least one"),
            (
                r#"{"users":["1","2","3","4"]}"#,
                "has 4 entries; at most 3 are allowed",
            ),
        ] {
            let found = errors(body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert_eq!(found[0].1, detail, "{body}");
        }
        let found = errors(r#"{"users":["secret value!"],"after":"secret value!"}"#);
        assert!(
            found.len() == 2 && !format!("{found:?}").contains("secret"),
            "{found:?}"
        );
    }

    #[test]
    fn a_body_that_is_no_object_is_rejected_as_a_whole() {
        for body in ["[]", "[null,true,null]", "null", "true", "\"x\"", "1"] {
            let rejected = JsonObject::of_request(body.as_bytes(), &["all"]).map(drop);
            assert_eq!(
                rejected,
                Err(ApiError::InvalidBody(vec![invalid_body("must be a JSON object")])),
                "{body}"
            );
        }
        let rejected = JsonObject::of_request(b"{", &["all"]).map(drop);
        assert!(
            matches!(rejected, Err(ApiError::MalformedBody(_))),
            "{rejected:?}"
        );
    }
}
