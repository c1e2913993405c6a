//! What a line says.

use contracts::{Fault, Field, ImportLine, UserId, Values};

use super::cells::Cells;
use crate::request::parse_import_members;

const USER_ID: &str = "userId";

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `application/x-ndjson`: an object in each line; null clears.
    Json,
    /// `text/csv` (RFC 4180, without line breaks in values): the first line names the columns; an empty value is not given.
    Csv,
}

/// Reads lines of one form.
#[derive(Debug)]
pub(super) enum Parser {
    Json,
    Csv {
        cells: Box<Cells>,
        /// Of each column; none before the first line.
        columns: Option<Vec<Column>>,
    },
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    UserId,
    Field(Field),
}

/// What a line is.
#[derive(Debug, PartialEq)]
pub(super) enum Parsed {
    /// Nothing but blanks, or the names of the columns.
    Nothing,
    /// A user.
    User(ImportLine),
    /// Not a user, for these reasons.
    Wrong(Vec<Fault>),
    /// The columns cannot be used, and so no line can.
    Unusable(String),
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

    /// Whether the next line has to name the columns.
    pub(super) fn lacks_columns(&self) -> bool {
        matches!(self, Self::Csv { columns: None, .. })
    }

    pub(super) fn parse(&mut self, line: &[u8]) -> Parsed {
        if line.trim_ascii().is_empty() {
            return Parsed::Nothing;
        }
        match self {
            Self::Json => match parse_import_members(line) {
                Ok(line) => Parsed::User(line),
                Err(faults) => Parsed::Wrong(faults),
            },
            Self::Csv {
                cells,
                columns: Some(columns),
            } => parse_record(columns, cells, line),
            Self::Csv { cells, columns } => match parse_columns(cells, line) {
                Ok(found) => {
                    *columns = Some(found);
                    Parsed::Nothing
                }
                Err(why) => Parsed::Unusable(why),
            },
        }
    }
}

fn parse_columns(cells: &mut Cells, line: &[u8]) -> Result<Vec<Column>, String> {
    let names = cells.of(line)?;
    let known: Vec<_> = Field::ALL.into_iter().map(Field::name).collect();
    let mut columns = Vec::with_capacity(names.len());
    for name in &names {
        let field = Field::from_name(name).map(Column::Field);
        let column = field.or((name == USER_ID).then_some(Column::UserId));
        let column = column.ok_or_else(|| {
            format!(
                "the first line names a column {name:?}; the columns are {USER_ID}, {}",
                known.join(", ")
            )
        })?;
        if columns.contains(&column) {
            return Err(format!("the first line names the column {name:?} twice"));
        }
        columns.push(column);
    }
    if columns.contains(&Column::UserId) {
        Ok(columns)
    } else {
        Err(format!("the first line names no column {USER_ID}"))
    }
}

fn parse_record(columns: &[Column], cells: &mut Cells, line: &[u8]) -> Parsed {
    let cells = match cells.of(line) {
        Ok(cells) if cells.len() == columns.len() => cells,
        Ok(cells) => {
            let (found, wanted) = (cells.len(), columns.len());
            return Parsed::Wrong(vec![whole(&format!("has {found} values for {wanted} columns"))]);
        }
        Err(why) => return Parsed::Wrong(vec![whole(&why)]),
    };
    let (mut user_id, mut fields, mut faults) = (None, Values::new(), Vec::new());
    for (column, cell) in columns.iter().zip(cells) {
        let checked = match column {
            Column::UserId => {
                let parsed: Result<UserId, _> = cell.parse();
                parsed
                    .map(|id| user_id = Some(id))
                    .map_err(|rule| (USER_ID, rule.to_string()))
            }
            Column::Field(_) if cell.is_empty() => Ok(()),
            Column::Field(field) => {
                let checked = field.check(Some(&cell)).map_err(|rule| (field.name(), rule));
                checked.map(|()| drop(fields.insert(*field, Some(cell))))
            }
        };
        faults.extend(checked.err().map(|(name, detail)| Fault {
            pointer: format!("/{name}"),
            detail,
        }));
    }
    match user_id {
        Some(user_id) if faults.is_empty() => Parsed::User(ImportLine { user_id, fields }),
        _ => Parsed::Wrong(faults),
    }
}

fn whole(detail: &str) -> Fault {
    Fault {
        pointer: String::new(),
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(lines: &[&str]) -> Vec<Parsed> {
        let mut parser = Parser::new(Form::Csv);
        lines.iter().map(|line| parser.parse(line.as_bytes())).collect()
    }

    fn user(id: &str, fields: &[(Field, &str)]) -> Parsed {
        let fields = fields
            .iter()
            .map(|(field, value)| (*field, Some((*value).to_owned())));
        Parsed::User(ImportLine {
            user_id: id.parse().expect("an id"),
            fields: fields.collect(),
        })
    }

    #[test]
    fn columns_may_come_in_any_order_and_empty_values_are_not_given() {
        let parsed = csv(&[
            "lastName,userId,email",
            "\"Love, \"\"Ada\"\"\",1,ada@example.com",
            ",2,eva@example.com",
            " ",
        ]);
        let first = [
            (Field::Email, "ada@example.com"),
            (Field::LastName, "Love, \"Ada\""),
        ];
        assert_eq!(parsed[1], user("1", &first));
        assert_eq!(parsed[2], user("2", &[(Field::Email, "eva@example.com")]));
        assert_eq!((&parsed[0], &parsed[3]), (&Parsed::Nothing, &Parsed::Nothing));
    }

    #[test]
    fn a_first_line_that_names_other_columns_ends_it() {
        for line in [
            "userId,phone",
            "email",
            "userId,userId",
            "1,ada@example.com",
            "a,b,c,d,e,f,g,h,i,j,k,l,m,n",
        ] {
            assert!(matches!(&csv(&[line])[0], Parsed::Unusable(_)), "{line}");
        }
    }

    #[test]
    fn every_fault_of_a_line_is_found() {
        let parsed = csv(&["userId,email", "a b,nobody", "1", "1,ada@example.com,3"]);
        let Parsed::Wrong(faults) = &parsed[1] else {
            panic!("{parsed:?}")
        };
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/userId", "/email"]);
        assert!(matches!(
            (&parsed[2], &parsed[3]),
            (Parsed::Wrong(_), Parsed::Wrong(_))
        ));
    }

    #[test]
    fn a_quote_without_its_end_and_a_break_within_a_line_are_refused() {
        let parsed = csv(&[
            "userId,email,firstName",
            "1,ada@example.com,\"Brian",
            "2,eva@example.com,A\r3,x@example.com,B",
            "4,eva@example.com,A\rB",
        ]);
        for wrong in &parsed[1..] {
            assert!(matches!(wrong, Parsed::Wrong(_)), "{wrong:?}");
        }
    }

    #[test]
    fn objects_name_their_user_and_null_clears() {
        let mut parser = Parser::new(Form::Json);
        let parsed = parser.parse(br#"{"userId":"1","firstName":null}"#);
        let Parsed::User(line) = parsed else {
            panic!("{parsed:?}")
        };
        assert_eq!(line.fields, [(Field::FirstName, None)].into());
        for wrong in [
            "{}",
            "[]",
            r#"{"userId":1}"#,
            r#"{"userId":"1","phone":"1"}"#,
            r#"{"userId":"1","userId":"2"}"#,
        ] {
            assert!(
                matches!(parser.parse(wrong.as_bytes()), Parsed::Wrong(_)),
                "{wrong}"
            );
        }
    }
}
