//! Parses rows into users.

use std::sync::Arc;

use contracts::{FieldDefinitions, ImportLine, InvalidUserId, InvalidValue, UserId, Values};

use super::csv_header::{Column, read_header};
use super::csv_values::{CsvValues, TooManyValues};
use super::ndjson;
use super::splitter::Row;

/// The format of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportFormat {
    /// `application/x-ndjson`: each line is an object, and null clears a field.
    NdJson,
    /// `text/csv` (RFC 4180): the first row names the columns, and an empty value leaves its field unchanged.
    Csv,
}

/// Parses the rows of one file, all by the same definitions of fields.
#[derive(Debug)]
pub(in crate::import) struct RowParser {
    fields: Arc<FieldDefinitions>,
    format: FormatParser,
}

#[derive(Debug)]
enum FormatParser {
    NdJson,
    Csv {
        values: Box<CsvValues>,
        /// The columns; `None` until the header is read.
        columns: Option<Vec<Column>>,
    },
}

/// The content of a row.
#[derive(Debug, PartialEq)]
pub(in crate::import) enum ParsedRow {
    /// The row is empty or the header.
    NoUser,
    /// The row gives this user.
    User(ImportLine),
    /// The row has values that break a rule.
    Invalid(Vec<InvalidValue>),
    /// The row cannot be read, for this reason.
    Unreadable(String),
    /// The header cannot be used for this reason, so no row of the file can be read.
    UnusableHeader(String),
}

impl RowParser {
    pub(in crate::import) fn new(format: ImportFormat, fields: Arc<FieldDefinitions>) -> Self {
        let format = match format {
            ImportFormat::NdJson => FormatParser::NdJson,
            ImportFormat::Csv => FormatParser::Csv {
                values: Box::new(CsvValues::new()),
                columns: None,
            },
        };
        Self { fields, format }
    }

    /// Whether the next row has to be the header.
    pub(in crate::import) fn needs_header(&self) -> bool {
        matches!(self.format, FormatParser::Csv { columns: None, .. })
    }

    pub(in crate::import) fn parse(&mut self, row: &Row) -> ParsedRow {
        let needs_header = self.needs_header();
        let bytes = match &row.bytes {
            Ok(bytes) => bytes,
            Err(why) if needs_header => {
                return ParsedRow::UnusableHeader(format!("the line of columns cannot be read: {why}"));
            }
            Err(why) => return ParsedRow::Unreadable(format!("the row cannot be read: {why}")),
        };
        let fields = self.fields.as_ref();
        match &mut self.format {
            FormatParser::NdJson if bytes.trim_ascii().is_empty() => ParsedRow::NoUser,
            // In CSV a row of blanks is a row with one value. Skipping it silently would hide a mistake.
            FormatParser::Csv { .. } if bytes.is_empty() => ParsedRow::NoUser,
            FormatParser::NdJson => match ndjson::parse_line(bytes, fields) {
                Ok(line) => ParsedRow::User(line),
                Err(values) => ParsedRow::Invalid(values),
            },
            FormatParser::Csv { values, columns } => match columns {
                Some(columns) => parse_csv_row(columns, values.read(bytes), fields),
                None => match read_header(&values.read(bytes), fields) {
                    Ok(found) => {
                        *columns = Some(found);
                        ParsedRow::NoUser
                    }
                    Err(why) => ParsedRow::UnusableHeader(why),
                },
            },
        }
    }
}

fn parse_csv_row(
    columns: &[Column],
    values: Result<Vec<&[u8]>, TooManyValues>,
    definitions: &FieldDefinitions,
) -> ParsedRow {
    let wanted = columns.len();
    // A row with another number of values is rejected as a whole, because it is unknown which value is missing.
    let values = match values {
        Ok(values) if values.len() == wanted => values,
        Ok(values) => {
            let found = values.len();
            return ParsedRow::Unreadable(format!("the row has {found} value(s) for {wanted} column(s)"));
        }
        Err(TooManyValues) => {
            let limit = TooManyValues::LIMIT;
            return ParsedRow::Unreadable(format!(
                "the row has more than {limit} values for {wanted} column(s)"
            ));
        }
    };
    let (mut user_id, mut fields, mut errors) = (None, Values::new(), Vec::new());
    for (column, value) in columns.iter().zip(values) {
        let checked = match column {
            Column::UserId => parse_user_id(value).map(|id| user_id = Some(id)),
            Column::Field(_) if value.is_empty() => Ok(()),
            Column::Field(field) => parse_text(value).and_then(|text| {
                let definition = definitions.get(*field).expect("a column of a field of the set");
                let value = definition.field_type.read_csv(text)?;
                fields.insert(*field, Some(value));
                Ok(())
            }),
        };
        errors.extend(checked.err().map(|detail| InvalidValue {
            pointer: format!("/{}", column.name()),
            detail,
        }));
    }
    match user_id {
        Some(user_id) if errors.is_empty() => ParsedRow::User(ImportLine { user_id, fields }),
        // A missing user id is among the errors.
        _ => ParsedRow::Invalid(errors),
    }
}

fn parse_user_id(value: &[u8]) -> Result<UserId, String> {
    let text = parse_text(value)?;
    text.parse().map_err(|rule: InvalidUserId| rule.to_string())
}

fn parse_text(value: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(value).map_err(|_| "must be text in UTF-8".to_owned())
}

#[cfg(test)]
mod tests;
