//! Rows and the users they give.

use contracts::Field;

use super::super::splitter::RowSplitter;
use super::*;

fn parsed(format: ImportFormat, text: &[u8]) -> Vec<ParsedRow> {
    let (mut splitter, mut parser) = (
        RowSplitter::new(format),
        RowParser::new(format, Arc::clone(FieldDefinitions::built_in())),
    );
    splitter.push(text).expect("UTF-8");
    splitter.finish().expect("UTF-8");
    let mut found: Vec<Row> = std::iter::from_fn(|| splitter.next()).collect();
    found.extend(splitter.last());
    found.iter().map(|row| parser.parse(row)).collect()
}

fn user(id: &str, fields: &[(Field, &str)]) -> ParsedRow {
    let fields = fields
        .iter()
        .map(|(field, value)| (*field, Some((*value).into())));
    ParsedRow::User(ImportLine {
        user_id: id.parse().expect("an id"),
        fields: fields.collect(),
    })
}

#[test]
fn empty_values_and_empty_lines_are_not_given() {
    let text =
        "\nlastName,userId,email\n\"Love, \"\"Ada\"\"\",1,ada@example.com\n\n,2,eva@example.com\n\"\",3,\n";
    let first = [
        (Field::EMAIL, "ada@example.com"),
        (Field::LAST_NAME, "Love, \"Ada\""),
    ];
    let expected = [
        ParsedRow::NoUser,
        ParsedRow::NoUser,
        user("1", &first),
        ParsedRow::NoUser,
        user("2", &[(Field::EMAIL, "eva@example.com")]),
        user("3", &[]),
    ];
    assert_eq!(parsed(ImportFormat::Csv, text.as_bytes()), expected);
}

#[test]
fn a_name_with_a_line_break_is_rejected_as_one_value() {
    let text = "userId,email,firstName\n1,a@example.com,\"Brian\n7,x@example.com,B\"\n2,b@example.com,Eva\n";
    let parsed = parsed(ImportFormat::Csv, text.as_bytes());
    let ParsedRow::Invalid(errors) = &parsed[1] else {
        panic!("{parsed:?}")
    };
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].pointer, "/firstName");
    let second = [(Field::EMAIL, "b@example.com"), (Field::FIRST_NAME, "Eva")];
    assert_eq!(parsed[2..], [user("2", &second)]);
}

#[test]
fn every_error_of_a_row_is_found() {
    let text = b"userId,email,firstName\na b,nobody,\xff\n1,a\n\n1,ada@example.com,3,\n ,,\n  \n\"\"\n\0,,\n";
    let parsed = parsed(ImportFormat::Csv, text);
    let ParsedRow::Invalid(errors) = &parsed[1] else {
        panic!("{parsed:?}")
    };
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/userId", "/email", "/firstName"]);
    let message = |parsed: &ParsedRow| match parsed {
        ParsedRow::Unreadable(why) => why.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(message(&parsed[2]), "the row has 2 value(s) for 3 column(s)");
    assert_eq!(message(&parsed[4]), "the row has 4 value(s) for 3 column(s)");
    assert!(matches!(parsed[5], ParsedRow::Invalid(_)));
    // A row of blanks is an error: other readers see a value there.
    assert_eq!(message(&parsed[6]), "the row has 1 value(s) for 3 column(s)");
    assert_eq!(message(&parsed[7]), "the row has 1 value(s) for 3 column(s)");
    assert!(matches!(parsed[8], ParsedRow::Invalid(_)));
}

#[test]
fn a_byte_order_mark_before_an_id_is_not_dropped() {
    let parsed = parsed(ImportFormat::Csv, "userId\n1\n\u{feff}1\n".as_bytes());
    assert_eq!(parsed[1], user("1", &[]));
    assert!(matches!(parsed[2], ParsedRow::Invalid(_)), "{parsed:?}");
}

#[test]
fn a_header_that_cannot_be_read_is_unusable() {
    for text in [
        "userId,phone\n",
        "email\n",
        "\"user\nId\",email\n",
        "\"userId,email\n1,a@example.com\n",
        "userId,\"email\"x\n",
        "  \n",
        "a,b,c,d,e,f,g,h,i,j,k,l,m,n\n",
    ] {
        let parsed = parsed(ImportFormat::Csv, text.as_bytes());
        assert!(
            matches!(parsed[0], ParsedRow::UnusableHeader(_)),
            "{text:?}: {parsed:?}"
        );
    }
}

#[test]
fn objects_name_their_user_and_null_clears() {
    let found = parsed(
        ImportFormat::NdJson,
        b" \t\n{\"userId\":\"1\",\"firstName\":null}\n",
    );
    let ParsedRow::User(line) = &found[1] else {
        panic!("{found:?}")
    };
    assert_eq!(line.fields, [(Field::FIRST_NAME, None)].into());
    for wrong in [
        "{}",
        "[]",
        r#"["1",{}]"#,
        r#"{"userId":1}"#,
        r#"{"userId":null}"#,
        r#"{"userId":"1","phone":"1"}"#,
        r#"{"userId":"1","userId":"2"}"#,
        r#"{"userId":"1"}{"userId":"2"}"#,
        r#"{"userId":"1"} {"userId":"2"}"#,
        "{\"userId\":\"1\"}\u{2028}{\"userId\":\"2\"}",
        "{\"userId\":\"1\"}\u{85}{\"userId\":\"2\"}",
        "{\"userId\":\"1\"}\0",
        "{\"userId\":\"1\0\"}",
        r#"{"userId":"1\n2"}"#,
        r#"{"userId":"1","firstName":"a\u0085b"}"#,
        r#"{"userId":"1","email":["a@example.com"]}"#,
    ] {
        let found = parsed(ImportFormat::NdJson, wrong.as_bytes());
        assert_eq!(found.len(), 1, "{wrong}");
        assert!(matches!(found[0], ParsedRow::Invalid(_)), "{wrong}: {found:?}");
    }
}
