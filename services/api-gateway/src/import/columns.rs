//! The first row of CSV, which names the columns.
//!
//! Messages never quote it: where the header is missing, the first row is a person.

use contracts::Field;

use super::cells::TooManyCells;

const USER_ID: &str = "userId";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    UserId,
    Field(Field),
}

impl Column {
    fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::UserId).chain(Field::ALL.map(Self::Field))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UserId => USER_ID,
            Self::Field(field) => field.name(),
        }
    }
}

/// The columns that these cells name, or every reason why they cannot be used.
pub(super) fn read_columns(cells: &Result<Vec<&[u8]>, TooManyCells>) -> Result<Vec<Column>, String> {
    let known = names();
    let Ok(cells) = cells else {
        let limit = TooManyCells::LIMIT;
        return Err(format!(
            "the first line has more than {limit} columns; it has to name the columns, which are {known}"
        ));
    };
    if let Some(separator) = other_separator(cells) {
        return Err(format!(
            "the first line separates its values by {separator}; separate them by commas"
        ));
    }
    let found: Vec<Result<Column, String>> = cells.iter().map(|cell| column(cell)).collect();
    if found.iter().all(Result::is_err) && !cells.iter().any(|cell| nearest(cell).is_some()) {
        return Err(format!(
            "the first line names none of the columns {known}; it has to name the column of each value"
        ));
    }
    let mut columns = Vec::with_capacity(found.len());
    let mut faults = Vec::new();
    for (index, found) in found.into_iter().enumerate() {
        match found {
            Ok(column) if columns.contains(&column) => {
                faults.push(format!("column {} is {} once more", index + 1, column.name()));
            }
            Ok(column) => columns.push(column),
            Err(why) => faults.push(format!("column {} {why}", index + 1)),
        }
    }
    if faults.is_empty() && !columns.contains(&Column::UserId) {
        faults.push(format!("no column is {USER_ID}"));
    }
    if faults.is_empty() {
        return Ok(columns);
    }
    let faults = faults.join("; ");
    Err(format!(
        "the first line cannot be used: {faults}; the columns are {known}"
    ))
}

fn names() -> String {
    let names: Vec<_> = Column::all().map(Column::name).collect();
    names.join(", ")
}

fn column(cell: &[u8]) -> Result<Column, String> {
    let exact = Column::all().find(|column| column.name().as_bytes() == cell);
    match (exact, nearest(cell)) {
        (Some(column), _) => Ok(column),
        (None, Some(column)) => Err(format!(
            "has to be written {}, in this case and without blanks",
            column.name()
        )),
        (None, None) if cell.is_empty() => Err("has no name".to_owned()),
        (None, None) => Err("has an unknown name".to_owned()),
    }
}

/// The column that is meant where a name differs in case, blanks, `_` or `-` only.
fn nearest(cell: &[u8]) -> Option<Column> {
    let text = String::from_utf8_lossy(cell);
    let is_kept = |char: &char| !char.is_whitespace() && !['_', '-', '\u{feff}'].contains(char);
    let plain: String = text.chars().filter(is_kept).collect();
    Column::all().find(|column| column.name().eq_ignore_ascii_case(&plain))
}

/// What separates the names, if they are read as one.
fn other_separator(cells: &[&[u8]]) -> Option<&'static str> {
    let [cell] = cells else { return None };
    let separators = [(b';', "semicolons"), (b'\t', "tabs"), (b'|', "vertical bars")];
    separators
        .into_iter()
        .find(|(separator, _)| cell.contains(separator))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(row: &[&str]) -> Result<Vec<Column>, String> {
        read_columns(&Ok(row.iter().map(|cell| cell.as_bytes()).collect()))
    }

    #[test]
    fn columns_may_come_in_any_order() {
        let columns = read(&["lastName", "userId"]);
        assert_eq!(columns, Ok(vec![Column::Field(Field::LastName), Column::UserId]));
    }

    #[test]
    fn each_column_that_cannot_be_used_is_named_by_its_position() {
        let told = read(&["userId", "E-Mail", " firstName", "phone", "", "userId"]).expect_err("bad columns");
        for part in [
            "column 2 has to be written email, in this case and without blanks",
            "column 3 has to be written firstName",
            "column 4 has an unknown name",
            "column 5 has no name",
            "column 6 is userId once more",
            "the columns are userId, email, firstName, lastName",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(!told.contains("phone"), "{told}");
        let told = read(&["email"]).expect_err("no user");
        assert!(told.contains("no column is userId"), "{told}");
    }

    #[test]
    fn a_first_line_that_is_a_person_is_not_quoted() {
        let told = read(&["17", "ada@example.com", "Ada"]).expect_err("no names");
        assert!(told.contains("names none of the columns"), "{told}");
        assert!(!told.contains("ada") && !told.contains("17"), "{told}");
    }

    #[test]
    fn another_separator_is_named() {
        for (row, separator) in [
            ("userId;email", "semicolons"),
            ("userId\temail", "tabs"),
            ("1|ada@example.com", "vertical bars"),
        ] {
            let told = read(&[row]).expect_err("one value");
            assert!(told.contains(separator) && !told.contains("ada"), "{told}");
        }
    }

    #[test]
    fn too_many_columns_are_told() {
        let told = read_columns(&Err(TooManyCells)).expect_err("too many");
        assert!(told.contains("more than 64 columns"), "{told}");
    }
}
