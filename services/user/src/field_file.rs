//! Reads a file with the fields of a team, `fields.toml`, and reports everything that is wrong with it at once.

use std::{collections::BTreeSet, fmt, ops::Range};

use contracts::fields::{
    ChoicesMode, FieldDefinition, FieldType, MAX_FIELDS, MAX_TEXT_CHARS, Number, Pattern, WriteMode,
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The maximum length of a field's name.
const MAX_NAME_CHARS: usize = 64;
/// Members of a user in JSON, and columns of CSV, that are no fields.
const RESERVED_NAMES: [&str; 3] = ["userId", "version", "updatedAt"];
/// The names of the types.
const TYPES: [&str; 8] = [
    "email", "text", "number", "boolean", "date", "datetime", "choice", "choices",
];

/// Everything that is wrong with a file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidFieldFile(pub Vec<FileMistake>);

impl InvalidFieldFile {
    /// The mistakes as one line, for a list of faults.
    pub fn in_one_line(&self) -> String {
        self.to_string().replace('\n', "; ")
    }
}

impl fmt::Display for InvalidFieldFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(formatter, "{separator}line {}: {}", mistake.line, mistake.message)?;
        }
        Ok(())
    }
}

/// One mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileMistake {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, and how to correct it.
    pub message: String,
}

/// Reads the definitions of a file.
pub fn read_field_file(text: &str) -> Result<Vec<FieldDefinition>, InvalidFieldFile> {
    let mut reading = Reading {
        text,
        mistakes: Vec::new(),
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        reading.add(error.span().unwrap_or_default(), error.message().to_owned());
    }
    // What a broken line would have meant is not known, so the rest is not checked.
    let definitions = if reading.mistakes.is_empty() {
        reading.definitions(root.get_ref())
    } else {
        Vec::new()
    };
    let Reading { mut mistakes, .. } = reading;
    if mistakes.is_empty() {
        return Ok(definitions);
    }
    mistakes.sort();
    Err(InvalidFieldFile(mistakes))
}

struct Reading<'a> {
    text: &'a str,
    mistakes: Vec<FileMistake>,
}

/// A definition, and where it is in the file.
struct Placed {
    definition: FieldDefinition,
    name_at: Range<usize>,
    property_at: Range<usize>,
}

impl Reading<'_> {
    fn add(&mut self, at: Range<usize>, message: impl Into<String>) {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let message = message.into();
        self.mistakes.push(FileMistake { line, message });
    }

    fn definitions(&mut self, root: &DeTable<'_>) -> Vec<FieldDefinition> {
        for (name, _) in root.iter().filter(|(name, _)| name.get_ref() != "field") {
            let message = format!("{} is unknown; a field begins with [[field]]", name.get_ref());
            self.add(name.span(), message);
        }
        let mut placed = Vec::new();
        match root.get("field").map(Spanned::get_ref) {
            None => self.add(0..0, "there is no field; a field begins with [[field]]"),
            Some(DeValue::Array(fields)) => {
                for field in fields {
                    match field.get_ref() {
                        DeValue::Table(table) => placed.extend(self.field(table, field.span())),
                        _ => self.add(field.span(), "a field begins with [[field]]"),
                    }
                }
                if fields.len() > MAX_FIELDS {
                    self.add(0..0, format!("there are more than {MAX_FIELDS} fields"));
                }
            }
            Some(_) => self.add(0..0, "a field begins with [[field]], with two brackets"),
        }
        self.check_together(&placed);
        placed.into_iter().map(|placed| placed.definition).collect()
    }

    /// Names and properties are there once, and there is one key.
    fn check_together(&mut self, placed: &[Placed]) {
        let mut names = BTreeSet::new();
        let mut properties = BTreeSet::new();
        for field in placed {
            let FieldDefinition { name, property, .. } = &field.definition;
            if !names.insert(name) {
                self.add(
                    field.name_at.clone(),
                    format!("another field has the name {name}"),
                );
            }
            if !properties.insert(property) {
                let message = format!("another field has the property {property}");
                self.add(field.property_at.clone(), message);
            }
        }
        let is_key = |field: &&Placed| field.definition.field_type == FieldType::Email;
        let mut keys = placed.iter().filter(is_key);
        if keys.next().is_none() && self.mistakes.is_empty() {
            let message = r#"no field has type = "email"; HubSpot finds contacts by their address, so one field has to be it"#;
            self.add(0..0, message);
        }
        for other in keys {
            let message =
                r#"another field has type = "email" already; use type = "text" for further addresses"#;
            self.add(other.name_at.clone(), message);
        }
    }

    /// One field; none if anything is wrong with it.
    fn field(&mut self, table: &DeTable<'_>, at: Range<usize>) -> Option<Placed> {
        let count = self.mistakes.len();
        let mut members = Members {
            table,
            at,
            used: BTreeSet::new(),
        };
        let name = members.text(self, "name");
        let property = members.text(self, "property");
        let type_name = members.text(self, "type");
        if let Some((name, at)) = &name {
            self.check_name(name, at);
        }
        if let Some((property, at)) = &property {
            self.check_property(property, at);
        }
        let field_type = type_name.and_then(|(name, at)| self.field_type(&mut members, &name, &at));
        if let (Some(FieldType::Email), Some((property, at))) = (&field_type, &property) {
            self.check_key_property(property, at);
        }
        let write = self.write_mode(&mut members, field_type.as_ref());
        if field_type.is_some() {
            members.reject_others(self);
        }
        let ((name, name_at), (property, property_at)) = name.zip(property)?;
        let definition = FieldDefinition {
            name,
            property,
            field_type: field_type?,
            write,
        };
        (self.mistakes.len() == count).then_some(Placed {
            definition,
            name_at,
            property_at,
        })
    }

    fn check_name(&mut self, name: &str, at: &Range<usize>) {
        let mut characters = name.chars();
        let begins_with_letter = characters.next().is_some_and(|first| first.is_ascii_alphabetic());
        let is_valid = begins_with_letter
            && characters.all(|character| character.is_ascii_alphanumeric() || character == '_')
            && name.len() <= MAX_NAME_CHARS;
        if !is_valid {
            let message = format!(
                "name has to begin with a letter, and to have at most {MAX_NAME_CHARS} letters, digits and underscores"
            );
            self.add(at.clone(), message);
        } else if RESERVED_NAMES.contains(&name) {
            self.add(
                at.clone(),
                format!("{name} is a member of every user; choose another name"),
            );
        }
    }

    /// HubSpot finds contacts by this property only.
    fn check_key_property(&mut self, property: &str, at: &Range<usize>) {
        if property != "email" {
            let message = r#"the property of the field with type = "email" has to be email, by which HubSpot finds contacts"#;
            self.add(at.clone(), message);
        }
    }

    /// HubSpot's internal names have lower-case letters, digits and underscores.
    fn check_property(&mut self, property: &str, at: &Range<usize>) {
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if property.is_empty() || !property.bytes().all(is_allowed) {
            let message = "property has to be HubSpot's internal name, which has lower-case letters, digits and underscores";
            self.add(at.clone(), message);
        }
    }

    fn field_type(
        &mut self,
        members: &mut Members<'_, '_>,
        name: &str,
        at: &Range<usize>,
    ) -> Option<FieldType> {
        Some(match name {
            "email" => FieldType::Email,
            "text" => FieldType::Text {
                max_chars: members
                    .count(self, "max_chars", 1, MAX_TEXT_CHARS)
                    .unwrap_or(MAX_TEXT_CHARS),
                pattern: self.pattern(members),
            },
            "number" => {
                let (min, max) = (members.number(self, "min"), members.number(self, "max"));
                if let (Some((min, _)), Some((max, at))) = (&min, &max)
                    && min > max
                {
                    self.add(at.clone(), "max is below min");
                }
                FieldType::Number {
                    min: min.map(|(min, _)| min),
                    max: max.map(|(max, _)| max),
                    decimals: members.count(self, "decimals", 0, 15),
                }
            }
            "boolean" => FieldType::Boolean,
            "date" => FieldType::Date,
            "datetime" => FieldType::DateTime,
            "choice" => FieldType::Choice {
                options: members.options(self),
            },
            "choices" => FieldType::Choices {
                options: members.options(self),
                mode: self.choices_mode(members),
            },
            _ => {
                self.add(at.clone(), format!("type has to be one of {}", TYPES.join(", ")));
                return None;
            }
        })
    }

    fn pattern(&mut self, members: &mut Members<'_, '_>) -> Option<Pattern> {
        let (text, at) = members.optional_text(self, "pattern")?;
        match Pattern::new(&text) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                // The last line of a syntax error says what is wrong; the lines before draw where.
                let error = error.to_string();
                let reason = error
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ");
                self.add(at, format!("pattern is no regular expression: {reason}"));
                None
            }
        }
    }

    fn choices_mode(&mut self, members: &mut Members<'_, '_>) -> ChoicesMode {
        match members.optional_text(self, "mode") {
            Some((mode, _)) if mode == "append" => ChoicesMode::Append,
            Some((mode, at)) if mode != "replace" => {
                self.add(at, "mode has to be replace or append");
                ChoicesMode::Replace
            }
            _ => ChoicesMode::Replace,
        }
    }

    fn write_mode(&mut self, members: &mut Members<'_, '_>, field_type: Option<&FieldType>) -> WriteMode {
        let Some((write, at)) = members.optional_text(self, "write") else {
            return WriteMode::Always;
        };
        let mode = match write.as_str() {
            "always" => WriteMode::Always,
            "new-contact" => WriteMode::NewContact,
            "if-empty" => WriteMode::IfEmpty,
            _ => {
                self.add(at, "write has to be always, new-contact or if-empty");
                return WriteMode::Always;
            }
        };
        if field_type == Some(&FieldType::Email) && mode != WriteMode::Always {
            self.add(
                at,
                "the address is always written, because HubSpot finds the contact by it; remove write",
            );
        }
        mode
    }
}

/// The members of one field.
struct Members<'a, 'i> {
    table: &'a DeTable<'i>,
    /// Where the field begins.
    at: Range<usize>,
    used: BTreeSet<&'static str>,
}

impl<'a, 'i> Members<'a, 'i> {
    fn get(&mut self, name: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.used.insert(name);
        self.table.get(name)
    }

    /// A text that has to be there.
    fn text(&mut self, reading: &mut Reading<'_>, name: &'static str) -> Option<(String, Range<usize>)> {
        if self.table.get(name).is_none() {
            self.used.insert(name);
            reading.add(self.at.clone(), format!("{name} is missing"));
            return None;
        }
        self.optional_text(reading, name)
    }

    fn optional_text(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
    ) -> Option<(String, Range<usize>)> {
        let value = self.get(name)?;
        let Some(text) = value.get_ref().as_str() else {
            reading.add(value.span(), format!("{name} has to be a text in quotes"));
            return None;
        };
        Some((text.to_owned(), value.span()))
    }

    fn number(&mut self, reading: &mut Reading<'_>, name: &'static str) -> Option<(Number, Range<usize>)> {
        let value = self.get(name)?;
        let number = match value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            reading.add(
                value.span(),
                format!("{name} has to be a number with at most 15 digits"),
            );
        }
        Some((number?, value.span()))
    }

    fn count(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        min: usize,
        max: usize,
    ) -> Option<usize> {
        let value = self.get(name)?;
        let count = match value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            _ => None,
        };
        let count = count.filter(|count| (min..=max).contains(count));
        if count.is_none() {
            reading.add(
                value.span(),
                format!("{name} has to be a number from {min} to {max}"),
            );
        }
        count
    }

    fn options(&mut self, reading: &mut Reading<'_>) -> Vec<String> {
        let Some(value) = self.get("options") else {
            return Vec::new();
        };
        let DeValue::Array(array) = value.get_ref() else {
            reading.add(
                value.span(),
                r#"options has to be a list such as ["free", "team"]"#,
            );
            return Vec::new();
        };
        if array.is_empty() {
            reading.add(
                value.span(),
                "options is empty; without options, remove it, and those that HubSpot has decide",
            );
        }
        let mut options: Vec<String> = Vec::new();
        for option in array {
            let text = option.get_ref().as_str();
            match text.filter(|text| !text.is_empty() && text.trim() == *text && !text.contains([';', '\n']))
            {
                None => reading.add(
                    option.span(),
                    "an option has to be a text in quotes, without semicolons and without blanks at its ends",
                ),
                Some(text) if options.iter().any(|option| option == text) => {
                    reading.add(option.span(), format!("the option {text} is there twice"));
                }
                Some(text) => options.push(text.to_owned()),
            }
        }
        options
    }

    /// Members that nobody asked for: they are misspelt, or belong to another type.
    fn reject_others(&self, reading: &mut Reading<'_>) {
        for (name, _) in self.table {
            if !self.used.contains(name.get_ref().as_ref()) {
                let message = format!("{} is unknown for this type of field", name.get_ref());
                reading.add(name.span(), message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<(usize, String)> {
        let InvalidFieldFile(mistakes) = read_field_file(text).expect_err("an invalid file");
        mistakes
            .into_iter()
            .map(|mistake| (mistake.line, mistake.message))
            .collect()
    }

    /// The mistakes of a field that follows a valid key, counted from its own first line.
    fn mistakes_of(field: &str) -> Vec<(usize, String)> {
        const KEY: &str = "[[field]]\nname = \"email\"\nproperty = \"email\"\ntype = \"email\"\n";
        let lines = KEY.lines().count();
        let found = mistakes(&format!("{KEY}{field}"));
        found
            .into_iter()
            .map(|(line, message)| (line - lines, message))
            .collect()
    }

    #[test]
    fn a_file_with_every_type_and_rule_is_read() {
        let text = r#"
            [[field]]
            name = "email"
            property = "email"
            type = "email"

            [[field]]
            name = "nickname"
            property = "nick_name"
            type = "text"
            max_chars = 20
            pattern = "[A-Z].*"

            [[field]]
            name = "seats"
            property = "seat_count"
            type = "number"
            min = 0
            max = 1_000
            decimals = 2
            write = "if-empty"

            [[field]]
            name = "plan"
            property = "plan_tier"
            type = "choice"
            options = ["free", "team"]

            [[field]]
            name = "tags"
            property = "tags"
            type = "choices"
            mode = "append"
            write = "new-contact"
        "#;
        let definitions = read_field_file(text).expect("a valid file");
        let names: Vec<&str> = definitions.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["email", "nickname", "seats", "plan", "tags"]);
        let limit = |number: i32| Some(Number::from(number));
        assert_eq!(
            definitions[2].field_type,
            FieldType::Number {
                min: limit(0),
                max: limit(1_000),
                decimals: Some(2)
            }
        );
        assert_eq!(definitions[2].write, WriteMode::IfEmpty);
        assert_eq!(
            definitions[4].field_type,
            FieldType::Choices {
                options: Vec::new(),
                mode: ChoicesMode::Append
            }
        );
        assert_eq!(definitions[4].write, WriteMode::NewContact);
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        let text = "color = 1\n[[field]]\nname = \"1st\"\nproperty = \"First Name\"\ntype = \"txt\"\n\
            [[field]]\nname = \"version\"\ntype = \"number\"\nmin = 5\nmax = 1\nmax_chars = 3\n";
        let expected = [
            (1, "color is unknown; a field begins with [[field]]"),
            (
                3,
                "name has to begin with a letter, and to have at most 64 letters, digits and underscores",
            ),
            (
                4,
                "property has to be HubSpot's internal name, which has lower-case letters, digits and underscores",
            ),
            (
                5,
                "type has to be one of email, text, number, boolean, date, datetime, choice, choices",
            ),
            (6, "property is missing"),
            (7, "version is a member of every user; choose another name"),
            (10, "max is below min"),
            (11, "max_chars is unknown for this type of field"),
        ];
        let expected = expected.map(|(line, message)| (line, message.to_owned()));
        assert_eq!(mistakes(text), expected);
    }

    #[test]
    fn rules_are_checked_by_type() {
        for (rules, line, message) in [
            (
                "type = \"text\"\npattern = \"(\"",
                5,
                "pattern is no regular expression: unclosed group",
            ),
            (
                "type = \"text\"\nmax_chars = 0",
                5,
                "max_chars has to be a number from 1 to 65536",
            ),
            (
                "type = \"number\"\ndecimals = 16",
                5,
                "decimals has to be a number from 0 to 15",
            ),
            (
                "type = \"number\"\nmin = \"0\"",
                5,
                "min has to be a number with at most 15 digits",
            ),
            (
                "type = \"choice\"\noptions = []",
                5,
                "options is empty; without options, remove it, and those that HubSpot has decide",
            ),
            (
                "type = \"choice\"\noptions = [\"a\", \"a\"]",
                5,
                "the option a is there twice",
            ),
            (
                "type = \"choice\"\noptions = [\"a;b\"]",
                5,
                "an option has to be a text in quotes, without semicolons and without blanks at its ends",
            ),
            (
                "type = \"choices\"\nmode = \"add\"",
                5,
                "mode has to be replace or append",
            ),
            (
                "type = \"date\"\nwrite = \"never\"",
                5,
                "write has to be always, new-contact or if-empty",
            ),
            ("type = 5", 4, "type has to be a text in quotes"),
        ] {
            let field = format!("[[field]]\nname = \"x\"\nproperty = \"x\"\n{rules}\n");
            assert_eq!(mistakes_of(&field), [(line, message.to_owned())], "{rules}");
        }
    }

    #[test]
    fn there_is_one_key_and_no_name_and_no_property_twice() {
        let twice = "[[field]]\nname = \"email\"\nproperty = \"email\"\ntype = \"email\"\n";
        let messages: Vec<String> = mistakes_of(twice)
            .into_iter()
            .map(|(_, message)| message)
            .collect();
        assert_eq!(
            messages,
            [
                "another field has the name email",
                r#"another field has type = "email" already; use type = "text" for further addresses"#,
                "another field has the property email",
            ]
        );
        let none = "[[field]]\nname = \"x\"\nproperty = \"x\"\ntype = \"text\"\n";
        assert_eq!(mistakes(none).len(), 1);
        assert_eq!(mistakes("").len(), 1);
        let write = twice.replace("type = \"email\"", "type = \"email\"\nwrite = \"if-empty\"");
        assert_eq!(mistakes(&write)[0].0, 5);
    }

    #[test]
    fn a_line_that_is_no_toml_is_reported_alone() {
        let found = mistakes("[[field]]\nname = email\nproperty = \"e\n");
        assert!(found.iter().any(|(line, _)| *line == 2), "{found:?}");
        assert!(
            found.iter().all(|(_, message)| !message.contains("missing")),
            "{found:?}"
        );
    }
}
