//! Reads a body that has to be a JSON object: the only way in which bodies and lines of JSON are read here.
//!
//! Every fault is found at once and has its JSON pointer. Names of members are repeated to the caller, values never.
//! Types derived for serde are not used for this: they take an array for an object, and their messages quote values.

use std::collections::HashMap;
use std::str::FromStr;

use contracts::InvalidValue;
use serde_json::Value;

use super::members::{Members, NoMembers, read_members};
use crate::problem::ApiError;

/// The members of an object and what is wrong with them.
#[derive(Debug)]
pub(super) struct Object {
    /// Those that are known, each once, with their place in the body.
    members: Vec<(&'static str, usize, Value)>,
    /// Each with the place of its member in the body, in which faults are told.
    faults: Vec<(usize, InvalidValue)>,
}

/// The place of a fault that belongs to no member.
const AFTER_MEMBERS: usize = usize::MAX;

impl Object {
    /// The members of `body`, which may have those in `known` only. `what` the object is, for the caller: "a user".
    pub(super) fn read(body: &[u8], known: &[&'static str], what: &str) -> Result<Self, NoMembers> {
        let Members(given) = read_members(body)?;
        let mut object = Self {
            members: Vec::with_capacity(given.len()),
            faults: Vec::new(),
        };
        // Names that were seen, and whether it is told that they were seen again.
        let mut names: HashMap<String, bool> = HashMap::with_capacity(given.len());
        for (place, (name, value)) in given.into_iter().enumerate() {
            if let Some(is_told) = names.get_mut(&name) {
                if !std::mem::replace(is_told, true) {
                    object.fault_at(place, pointer(&name), "is given more than once");
                }
                continue;
            }
            if let Some(known) = known.iter().find(|known| **known == name) {
                object.members.push((known, place, value));
            } else {
                let known = known.join(", ");
                let detail = format!("is not a member of {what}; the members are {known}");
                object.fault_at(place, pointer(&name), &detail);
            }
            names.insert(name, false);
        }
        Ok(object)
    }

    /// Reads the body of a request.
    pub(super) fn of_request(body: &[u8], known: &[&'static str]) -> Result<Self, ApiError> {
        Self::read(body, known, "this request").map_err(ApiError::from)
    }

    /// Whether the member is given, well or badly.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(known, ..)| *known == name)
    }

    /// The value of a member as it is.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        let member = self.members.iter().find(|(known, ..)| *known == name);
        member.map(|(.., value)| value)
    }

    /// True or false; false where it is absent.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.value(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                let detail = must_be("true or false", other);
                self.fault(name, &detail);
                false
            }
        }
    }

    /// Text, parsed by its rule; none where it is absent or wrong.
    pub(super) fn text<T: FromStr<Err: ToString>>(&mut self, name: &str) -> Option<T> {
        match parse_text(self.value(name)?) {
            Ok(value) => Some(value),
            Err(detail) => {
                self.fault(name, &detail);
                None
            }
        }
    }

    /// A list of 1 to `most` texts; none where it is absent or wrong.
    pub(super) fn list<T: FromStr<Err: ToString>>(&mut self, name: &str, most: usize) -> Option<Vec<T>> {
        let entries = match self.value(name)? {
            Value::Array(entries) if entries.is_empty() => Err("is empty; give at least one".to_owned()),
            Value::Array(entries) if entries.len() > most => {
                Err(format!("has {} entries; at most {most} are taken", entries.len()))
            }
            Value::Array(entries) => Ok(entries.iter().map(parse_text).collect::<Vec<Result<T, _>>>()),
            other => Err(must_be("an array", other)),
        };
        match entries {
            Err(detail) => {
                self.fault(name, &detail);
                None
            }
            Ok(entries) => {
                let mut list = Vec::with_capacity(entries.len());
                for (index, entry) in entries.into_iter().enumerate() {
                    match entry {
                        Ok(entry) => list.push(entry),
                        Err(detail) => {
                            let pointer = format!("{}/{index}", pointer(name));
                            self.fault_at(self.place(name), pointer, &detail);
                        }
                    }
                }
                Some(list)
            }
        }
    }

    /// Something is wrong with that member, which may be absent.
    pub(super) fn fault(&mut self, name: &str, detail: &str) {
        self.fault_at(self.place(name), pointer(name), detail);
    }

    /// Something is wrong with the members together.
    pub(super) fn fault_of_all(&mut self, detail: &str) {
        self.fault_at(AFTER_MEMBERS, String::new(), detail);
    }

    /// Whether nothing is wrong so far: what members say together is looked at only if each is right.
    pub(super) fn is_good(&self) -> bool {
        self.faults.is_empty()
    }

    /// Everything that is wrong, in the order of the body.
    pub(super) fn faults(mut self) -> Vec<InvalidValue> {
        self.faults.sort_by_key(|(place, _)| *place);
        self.faults.into_iter().map(|(_, fault)| fault).collect()
    }

    /// What was made of a body in which nothing is wrong.
    pub(super) fn finish<T>(self, made: T) -> Result<T, ApiError> {
        if self.is_good() {
            Ok(made)
        } else {
            Err(ApiError::InvalidBody(self.faults()))
        }
    }

    fn place(&self, name: &str) -> usize {
        let member = self.members.iter().find(|(known, ..)| *known == name);
        member.map_or(AFTER_MEMBERS, |(_, place, _)| *place)
    }

    fn fault_at(&mut self, place: usize, pointer: String, detail: &str) {
        let detail = detail.to_owned();
        self.faults.push((place, InvalidValue { pointer, detail }));
    }
}

impl From<NoMembers> for ApiError {
    fn from(error: NoMembers) -> Self {
        match error {
            NoMembers::Malformed(detail) => Self::MalformedBody(detail),
            NoMembers::NotAnObject => Self::InvalidBody(vec![whole("must be a JSON object")]),
        }
    }
}

/// A fault of a body as a whole.
pub(super) fn whole(detail: &str) -> InvalidValue {
    InvalidValue {
        pointer: String::new(),
        detail: detail.to_owned(),
    }
}

fn parse_text<T: FromStr<Err: ToString>>(value: &Value) -> Result<T, String> {
    match value {
        Value::String(text) => text.parse().map_err(|rule: T::Err| rule.to_string()),
        other => Err(must_be("a string", other)),
    }
}

/// What a value has to be, instead of what it is.
pub(super) fn must_be(wanted: &str, value: &Value) -> String {
    let found = match value {
        // Absent and null are not the same to everybody, so null is not taken for either.
        Value::Null => return format!("must be {wanted}, not null; leave the member out to give none"),
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    format!("must be {wanted}, not {found}")
}

/// RFC 6901: a tilde and a slash within a name are escaped.
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use contracts::UserId;

    use super::*;

    fn faults(body: &str) -> Vec<(String, String)> {
        let mut object = Object::of_request(body.as_bytes(), &["users", "all", "after"]).expect("an object");
        object.list::<UserId>("users", 3);
        object.flag("all");
        object.text::<UserId>("after");
        let faults = object.faults().into_iter();
        faults.map(|fault| (fault.pointer, fault.detail)).collect()
    }

    #[test]
    fn every_fault_has_its_pointer_and_they_come_in_the_order_of_the_body() {
        let found = faults(r#"{"after":null,"a/b~":1,"users":["1","a b",7,null],"all":"yes","after":"2"}"#);
        let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/after", "/a~1b~0", "/users", "/all", "/after"]);
        let found = faults(r#"{"users":["1","a b",null]}"#);
        let pointers: Vec<_> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/users/1", "/users/2"]);
    }

    #[test]
    fn null_and_other_types_are_refused_and_no_value_is_quoted() {
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
                "has 4 entries; at most 3 are taken",
            ),
        ] {
            let found = faults(body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert_eq!(found[0].1, detail, "{body}");
        }
        let found = faults(r#"{"users":["secret value!"],"after":"secret value!"}"#);
        assert!(
            found.len() == 2 && !format!("{found:?}").contains("secret"),
            "{found:?}"
        );
    }

    #[test]
    fn what_is_no_object_is_refused_as_a_whole() {
        for body in ["[]", "[null,true,null]", "null", "true", "\"x\"", "1"] {
            let refused = Object::of_request(body.as_bytes(), &["all"]).map(drop);
            assert_eq!(
                refused,
                Err(ApiError::InvalidBody(vec![whole("must be a JSON object")])),
                "{body}"
            );
        }
        let refused = Object::of_request(b"{", &["all"]).map(drop);
        assert!(matches!(refused, Err(ApiError::MalformedBody(_))), "{refused:?}");
    }
}
