//! Where rows begin and end.

use super::*;

/// First and last line of each row, with its text or why it cannot be read.
type Cut = Vec<(u64, u64, Result<String, String>)>;

fn cut(mut splitter: RowSplitter, chunks: &[&[u8]]) -> Cut {
    let mut found = Vec::new();
    for chunk in chunks {
        splitter.push(chunk).expect("UTF-8");
        found.extend(std::iter::from_fn(|| splitter.next()));
    }
    splitter.finish().expect("UTF-8");
    found.extend(std::iter::from_fn(|| splitter.next()));
    found.extend(splitter.last());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    found
        .into_iter()
        .map(|row| (row.first_line, row.last_line, row.bytes.map(text)))
        .collect()
}

/// Cuts the text whole, in two chunks split at every byte, and byte by byte. The rows must be the same.
fn rows_of(new: fn() -> RowSplitter, text: &str) -> Cut {
    let whole = cut(new(), &[text.as_bytes()]);
    for middle in 0..=text.len() {
        let (first, second) = text.as_bytes().split_at(middle);
        assert_eq!(cut(new(), &[first, second]), whole, "{text:?} cut at {middle}");
    }
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    assert_eq!(cut(new(), &bytes), whole, "{text:?} byte by byte");
    whole
}

fn csv_splitter() -> RowSplitter {
    RowSplitter::new(ImportFormat::Csv)
}

fn ndjson_splitter() -> RowSplitter {
    RowSplitter::new(ImportFormat::NdJson)
}

fn csv(text: &str) -> Cut {
    rows_of(csv_splitter, text)
}

fn good(first: u64, last: u64, text: &str) -> (u64, u64, Result<String, String>) {
    (first, last, Ok(text.to_owned()))
}

/// The lines of a row that cannot be read, and a part of the reason.
fn assert_rejected(cut: &Cut, index: usize, first: u64, last: u64, why: &str) {
    let (from, to, text) = &cut[index];
    let message = text.as_ref().expect_err("a rejected row");
    assert_eq!((*from, *to), (first, last), "{cut:?}");
    assert!(message.contains(why), "{why:?} in {message:?}");
}

#[test]
fn rows_are_the_same_whatever_ends_their_lines() {
    for end in ["\n", "\r\n", "\r"] {
        let text = format!("one{end}{end}three");
        let expected = [good(1, 1, "one"), good(2, 2, ""), good(3, 3, "three")];
        assert_eq!(csv(&text), expected, "{text:?}");
        assert_eq!(csv(&format!("{text}{end}")), expected, "{text:?}");
        assert_eq!(rows_of(ndjson_splitter, &text), expected, "{text:?}");
    }
    assert_eq!(csv(""), []);
    assert_eq!(csv("\n"), [good(1, 1, "")]);
    // A file that was put together from others.
    assert_eq!(
        csv("a\r\nb\nc\r\n"),
        [good(1, 1, "a"), good(2, 2, "b"), good(3, 3, "c")]
    );
}

#[test]
fn a_quoted_line_break_is_part_of_its_value_and_counts_as_a_line() {
    for inner in ["\n", "\r\n", "\r"] {
        for end in ["\n", "\r\n", "\r"] {
            let row = format!("1,\"a{inner}{inner}b\"\"\",c");
            let text = format!("h{end}{row}{end}2{end}");
            assert_eq!(
                csv(&text),
                [good(1, 1, "h"), good(2, 4, &row), good(5, 5, "2")],
                "{text:?}"
            );
        }
    }
}

#[test]
fn a_quote_that_is_never_closed_makes_one_row_of_the_rest() {
    for rest in ["\"x\n3,y\n4,z\n", "\"x\n3,y\n4,z", "\"x\n3,\"\"y\n4,z\r\n"] {
        let cut = csv(&format!("h\n2,a,{rest}"));
        assert_eq!(cut.len(), 2, "{cut:?}");
        assert_rejected(&cut, 1, 2, 4, "the quote that opens on line 2 is never closed");
    }
    let cut = csv("h\n\"2\n\",\"x\n\r");
    assert_rejected(&cut, 1, 2, 4, "opens on line 3");
}

#[test]
fn wrong_quoting_rejects_its_row_and_no_other() {
    let cut = csv("h\n1,\"a\"b\n2,a\"b\n3, \"a\"\n4,\"a\" ,b\n5,ok\n");
    assert_rejected(&cut, 1, 2, 2, "text follows the quote");
    assert_rejected(&cut, 2, 3, 3, "a quote is inside a value");
    assert_rejected(&cut, 3, 4, 4, "a quote is inside a value");
    assert_rejected(&cut, 4, 5, 5, "text follows the quote");
    assert_eq!(cut[5], good(6, 6, "5,ok"));
    // After the error, the quoting is followed as lenient readers do.
    let cut = csv("h\n1,\"a\"b,\"c\nd\",e\n2,ok");
    assert_rejected(&cut, 1, 2, 3, "text follows the quote");
    assert_eq!(cut[2], good(4, 4, "2,ok"));
}

#[test]
fn another_kind_of_line_break_outside_quotes_begins_no_row() {
    let cut = csv("h\n1,a\r7,x\n2,ok\r\n");
    assert_rejected(&cut, 1, 2, 3, "carriage return (CR) without a line feed");
    assert_eq!(cut[2], good(4, 4, "2,ok"));
    let cut = csv("h\r1,a\n7,x\r2,ok\r");
    assert_rejected(&cut, 1, 2, 3, "line feed (LF) is outside quotes");
    assert_eq!(cut[2], good(4, 4, "2,ok"));
    let cut = rows_of(ndjson_splitter, "{}\n{}\r{}\n{}");
    assert_rejected(&cut, 1, 2, 3, "within the line");
    assert_eq!(cut[2], good(4, 4, "{}"));
}

#[test]
fn another_kind_of_line_break_at_the_very_end_is_noticed() {
    assert_rejected(
        &csv("h\r\n1,a\r"),
        1,
        2,
        2,
        "carriage return (CR) without a line feed",
    );
    assert_rejected(&csv("h\r1,a\n"), 1, 2, 2, "line feed (LF) is outside quotes");
    assert_eq!(csv("h\r1,a\r"), [good(1, 1, "h"), good(2, 2, "1,a")]);
    assert_rejected(&csv("h\n\"\r"), 1, 2, 2, "never closed");
}

#[test]
fn quotes_mean_nothing_in_json_lines() {
    assert_eq!(
        rows_of(ndjson_splitter, "\"a\n\"b"),
        [good(1, 1, "\"a"), good(2, 2, "\"b")]
    );
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_first_row() {
    let expected = [good(1, 1, "\"one\""), good(2, 2, "\u{feff}two")];
    assert_eq!(csv("\u{feff}\"one\"\n\u{feff}two"), expected);
    assert_eq!(csv("\u{feff}"), []);
    assert_eq!(csv("\u{feff}\n"), [good(1, 1, "")]);
}

#[test]
fn a_row_of_the_greatest_length_is_read_whatever_ends_it() {
    let long = "x".repeat(MAX_ROW_BYTES);
    for end in ["\n", "\r\n", ""] {
        let text = format!("{long}{end}");
        assert_eq!(cut(csv_splitter(), &[text.as_bytes()]), [good(1, 1, &long)]);
    }
}

#[test]
fn a_quoted_value_that_is_too_long_becomes_no_rows() {
    let long = "7,x@example.com\n".repeat(2_000);
    let text = format!("h\n1,\"{long}\"\n2,ok\n");
    let cut = cut(csv_splitter(), &[text.as_bytes()]);
    assert_rejected(&cut, 1, 2, 2_002, "longer than 16384 bytes");
    assert_eq!(cut[2..], [good(2_003, 2_003, "2,ok")]);
}

#[test]
fn a_row_that_is_too_long_is_not_kept() {
    let mut splitter = csv_splitter();
    for _ in 0..100 {
        splitter.push(&[b'x'; 1024]).expect("UTF-8");
        assert_eq!(splitter.next(), None);
        assert!(splitter.unread.is_empty() && splitter.row.bytes.len() <= MAX_ROW_BYTES);
    }
}

#[test]
fn a_file_in_another_encoding_is_rejected() {
    let mut splitter = csv_splitter();
    assert_eq!(splitter.push(b"\xff\xfe"), Ok(()));
    assert!(splitter.push(b"u\0s\0").is_err());
    let mut short = csv_splitter();
    assert_eq!(short.push(b"\xff\xfe"), Ok(()));
    assert!(short.finish().is_err());
}
