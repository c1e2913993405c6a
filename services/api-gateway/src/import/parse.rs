//! What a row says.

use contracts::{ImportLine, InvalidValue, UserId, Values};

use super::cells::{Cells, TooManyCells};
use super::columns::{Column, read_columns};
use super::rows::{Row, Rows};
use crate::request::parse_import_members;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `application/x-ndjson`: an object in each line; null clears.
    Json,
    /// `text/csv` (RFC 4180): the first row names the columns; an empty value is not given.
    Csv,
}

/// Reads rows of one form.
#[derive(Debug)]
pub(super) enum Parser {
    Json,
    Csv {
        cells: Box<Cells>,
        /// Of each column; none before the first row.
        columns: Option<Vec<Column>>,
    },
}

/// What a row is.
#[derive(Debug, PartialEq)]
pub(super) enum Parsed {
    /// Empty, or the names of the columns.
    Nothing,
    /// A user.
    User(ImportLine),
    /// It gives values that break rules.
    Invalid(Vec<InvalidValue>),
    /// It cannot be read, for this reason.
    Unreadable(String),
    /// The columns cannot be used, and so no row can.
    Unusable(String),
}

impl Form {
    /// Cuts a body of this form.
    pub(super) fn rows(self) -> Rows {
        match self {
            Self::Json => Rows::of_json(),
            Self::Csv => Rows::of_csv(),
        }
    }
}

impl Parser {
    pub(super) fn new(form: Form) -> Self {
        match form {
            Form::Json => Self::Json,
            Form::Csv => Self::Csv {
                cells: Box::new(Cells::new()),
                columns: None,
            },
        }
    }

    /// Whether the next row has to name the columns.
    pub(super) fn lacks_columns(&self) -> bool {
        matches!(self, Self::Csv { columns: None, .. })
    }

    pub(super) fn parse(&mut self, row: &Row) -> Parsed {
        let lacks_columns = self.lacks_columns();
        let bytes = match &row.bytes {
            Ok(bytes) => bytes,
            Err(why) if lacks_columns => {
                return Parsed::Unusable(format!("the line of columns cannot be read: {why}"));
            }
            Err(why) => return Parsed::Unreadable(format!("the row cannot be read: {why}")),
        };
        match self {
            Self::Json if bytes.trim_ascii().is_empty() => Parsed::Nothing,
            // A row of blanks has a value, which is not passed over in silence.
            Self::Csv { .. } if bytes.is_empty() => Parsed::Nothing,
            Self::Json => match parse_import_members(bytes) {
                Ok(line) => Parsed::User(line),
                Err(faults) => Parsed::Invalid(faults),
            },
            Self::Csv { cells, columns } => match columns {
                Some(columns) => parse_record(columns, cells.of(bytes)),
                None => match read_columns(&cells.of(bytes)) {
                    Ok(found) => {
                        *columns = Some(found);
                        Parsed::Nothing
                    }
                    Err(why) => Parsed::Unusable(why),
                },
            },
        }
    }
}

fn parse_record(columns: &[Column], cells: Result<Vec<&[u8]>, TooManyCells>) -> Parsed {
    let wanted = columns.len();
    let cells = match cells {
        Ok(cells) if cells.len() == wanted => cells,
        Ok(cells) => {
            let found = cells.len();
            return Parsed::Unreadable(format!("the row has {found} value(s) for {wanted} column(s)"));
        }
        Err(TooManyCells) => {
            let limit = TooManyCells::LIMIT;
            return Parsed::Unreadable(format!(
                "the row has more than {limit} values for {wanted} column(s)"
            ));
        }
    };
    let (mut user_id, mut fields, mut faults) = (None, Values::new(), Vec::new());
    for (column, cell) in columns.iter().zip(cells) {
        let checked = match column {
            Column::UserId => parse_user_id(cell).map(|id| user_id = Some(id)),
            Column::Field(_) if cell.is_empty() => Ok(()),
            Column::Field(field) => parse_text(cell).and_then(|text| {
                field.check(Some(text))?;
                fields.insert(*field, Some(text.to_owned()));
                Ok(())
            }),
        };
        faults.extend(checked.err().map(|detail| InvalidValue {
            pointer: format!("/{}", column.name()),
            detail,
        }));
    }
    match user_id {
        Some(user_id) if faults.is_empty() => Parsed::User(ImportLine { user_id, fields }),
        // Without an id there is a fault.
        _ => Parsed::Invalid(faults),
    }
}

fn parse_user_id(cell: &[u8]) -> Result<UserId, String> {
    let text = parse_text(cell)?;
    text.parse()
        .map_err(|rule: contracts::InvalidUserId| rule.to_string())
}

fn parse_text(cell: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(cell).map_err(|_| "must be text in UTF-8".to_owned())
}

#[cfg(test)]
mod tests;
