//! Reads the first row of CSV, which names the columns.
//!
//! Error messages never quote the row: where the header is missing, the first row is a person.

use contracts::{Field, FieldDefinitions};

use super::csv_values::TooManyValues;

const USER_ID: &str = "userId";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum Column {
    UserId,
    Field(Field),
}

impl Column {
    fn all(fields: &FieldDefinitions) -> impl Iterator<Item = Self> {
        let of_fields = fields.iter().map(|(field, _)| Self::Field(field));
        std::iter::once(Self::UserId).chain(of_fields)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UserId => USER_ID,
            Self::Field(field) => field.name(),
        }
    }
}

/// The columns that the values name, or all reasons why the header cannot be used.
pub(super) fn read_header(
    values: &Result<Vec<&[u8]>, TooManyValues>,
    fields: &FieldDefinitions,
) -> Result<Vec<Column>, String> {
    let known = column_names(fields);
    // First the mistakes that make every name wrong, each with its own message: a list of wrong names would hide the cause.
    let Ok(values) = values else {
        let limit = TooManyValues::LIMIT;
        return Err(format!(
            "the first line has more than {limit} columns; it has to name the columns, which are {known}"
        ));
    };
    if let Some(separator) = other_separator(values) {
        return Err(format!(
            "the first line separates its values by {separator}; separate them by commas"
        ));
    }
    let found: Vec<Result<Column, String>> = values.iter().map(|value| parse_column(value, fields)).collect();
    if found.iter().all(Result::is_err) && !values.iter().any(|value| similar_column(value, fields).is_some())
    {
        return Err(format!(
            "the first line names none of the columns {known}; it has to name the column of each value"
        ));
    }
    // Then every wrong name by its position.
    let mut columns = Vec::with_capacity(found.len());
    let mut errors = Vec::new();
    for (index, found) in found.into_iter().enumerate() {
        match found {
            Ok(column) if columns.contains(&column) => {
                errors.push(format!("column {} repeats {}", index + 1, column.name()));
            }
            Ok(column) => columns.push(column),
            Err(why) => errors.push(format!("column {} {why}", index + 1)),
        }
    }
    if errors.is_empty() && !columns.contains(&Column::UserId) {
        errors.push(format!("no column is {USER_ID}"));
    }
    if errors.is_empty() {
        return Ok(columns);
    }
    let errors = errors.join("; ");
    Err(format!(
        "the first line cannot be used: {errors}; the columns are {known}"
    ))
}

fn column_names(fields: &FieldDefinitions) -> String {
    let names: Vec<_> = Column::all(fields).map(Column::name).collect();
    names.join(", ")
}

fn parse_column(value: &[u8], fields: &FieldDefinitions) -> Result<Column, String> {
    let exact = Column::all(fields).find(|column| column.name().as_bytes() == value);
    match (exact, similar_column(value, fields)) {
        (Some(column), _) => Ok(column),
        (None, Some(column)) => Err(format!(
            "has to be written {}, in this case and without blanks",
            column.name()
        )),
        (None, None) if value.is_empty() => Err("has no name".to_owned()),
        (None, None) => Err("has an unknown name".to_owned()),
    }
}

/// The column that is probably meant: its name differs only in case, blanks, `_` or `-`.
fn similar_column(value: &[u8], fields: &FieldDefinitions) -> Option<Column> {
    let text = String::from_utf8_lossy(value);
    let is_kept = |char: &char| !char.is_whitespace() && !['_', '-', '\u{feff}'].contains(char);
    let plain: String = text.chars().filter(is_kept).collect();
    Column::all(fields).find(|column| column.name().eq_ignore_ascii_case(&plain))
}

/// The separator that a header of one value contains instead of commas.
fn other_separator(values: &[&[u8]]) -> Option<&'static str> {
    let [value] = values else { return None };
    let separators = [(b';', "semicolons"), (b'\t', "tabs"), (b'|', "vertical bars")];
    separators
        .into_iter()
        .find(|(separator, _)| value.contains(separator))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(row: &[&str]) -> Result<Vec<Column>, String> {
        read_header(
            &Ok(row.iter().map(|value| value.as_bytes()).collect()),
            FieldDefinitions::built_in(),
        )
    }

    #[test]
    fn columns_may_come_in_any_order() {
        let columns = read(&["lastName", "userId"]);
        assert_eq!(columns, Ok(vec![Column::Field(Field::LAST_NAME), Column::UserId]));
    }

    #[test]
    fn each_column_that_cannot_be_used_is_named_by_its_position() {
        let message =
            read(&["userId", "E-Mail", " firstName", "phone", "", "userId"]).expect_err("bad columns");
        for part in [
            "column 2 has to be written email, in this case and without blanks",
            "column 3 has to be written firstName",
            "column 4 has an unknown name",
            "column 5 has no name",
            "column 6 repeats userId",
            "the columns are userId, email, firstName, lastName",
        ] {
            assert!(message.contains(part), "{part} in {message}");
        }
        assert!(!message.contains("phone"), "{message}");
        let message = read(&["email"]).expect_err("no user");
        assert!(message.contains("no column is userId"), "{message}");
    }

    #[test]
    fn a_first_line_that_is_a_person_is_not_quoted() {
        let message = read(&["17", "ada@example.com", "Ada"]).expect_err("no names");
        assert!(message.contains("names none of the columns"), "{message}");
        assert!(!message.contains("ada") && !message.contains("17"), "{message}");
    }

    #[test]
    fn another_separator_is_named() {
        for (row, separator) in [
            ("userId;email", "semicolons"),
            ("userId\temail", "tabs"),
            ("1|ada@example.com", "vertical bars"),
        ] {
            let message = read(&[row]).expect_err("one value");
            assert!(
                message.contains(separator) && !message.contains("ada"),
                "{message}"
            );
        }
    }

    #[test]
    fn too_many_columns_are_reported() {
        let message = read_header(&Err(TooManyValues), FieldDefinitions::built_in()).expect_err("too many");
        assert!(message.contains("more than 311 columns"), "{message}");
    }
}
