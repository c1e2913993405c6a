//! Cuts a body into its lines as they come.

use bytes::BytesMut;

/// The longest line: as long as the body of a change may be.
pub(super) const MAX_LINE_BYTES: usize = 16 * 1024;

/// Some programs begin UTF-8 with it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line and its number, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) number: u64,
    /// Without its end; none where it is too long to be kept.
    pub(super) bytes: Option<Vec<u8>>,
}

/// What came of a body and is not a whole line yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: BytesMut,
    /// So much of it holds no line's end.
    searched: usize,
    /// What came of the present line was thrown away, for it is too long.
    too_long: bool,
    number: u64,
}

impl Lines {
    /// Takes what came next.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.rest.extend_from_slice(chunk);
    }

    /// The next whole line.
    pub(super) fn next(&mut self) -> Option<Line> {
        let end = self.rest[self.searched..].iter().position(|byte| *byte == b'\n');
        if let Some(end) = end {
            let end = std::mem::take(&mut self.searched) + end;
            let mut line = self.rest.split_to(end + 1);
            line.truncate(end);
            return Some(self.line(&line));
        }
        // Its last byte may be half of the line's end.
        if self.rest.len() > MAX_LINE_BYTES + 1 {
            self.rest.clear();
            self.too_long = true;
        }
        self.searched = self.rest.len();
        None
    }

    /// The last line, which need not have an end; once nothing more comes.
    pub(super) fn last(&mut self) -> Option<Line> {
        if self.rest.is_empty() && !self.too_long {
            return None;
        }
        let line = self.rest.split();
        Some(self.line(&line))
    }

    fn line(&mut self, bytes: &[u8]) -> Line {
        self.number += 1;
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let bytes = match self.number {
            1 => bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes),
            _ => bytes,
        };
        let too_long = std::mem::take(&mut self.too_long) || bytes.len() > MAX_LINE_BYTES;
        Line {
            number: self.number,
            bytes: (!too_long).then(|| bytes.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(chunks: &[&str]) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for chunk in chunks {
            lines.push(chunk.as_bytes());
            found.extend(std::iter::from_fn(|| lines.next()));
        }
        found.extend(lines.last());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        found
            .into_iter()
            .map(|line| (line.number, line.bytes.map(text)))
            .collect()
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        let expected = [
            (1, Some("one".to_owned())),
            (2, Some(String::new())),
            (3, Some("three".to_owned())),
        ];
        assert_eq!(cut(&["one\n\nthree"]), expected);
        assert_eq!(cut(&["o", "ne\r\n", "\r", "\nthr", "ee\n"]), expected);
        assert_eq!(cut(&[""]), []);
    }

    #[test]
    fn a_line_may_be_as_long_as_it_may_whatever_ends_it() {
        let long = "x".repeat(MAX_LINE_BYTES);
        for chunks in [
            vec![format!("{long}\r\n")],
            vec![format!("{long}\r"), "\n".to_owned()],
        ] {
            let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
            assert_eq!(cut(&chunks), [(1, Some(long.clone()))]);
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        let expected = [(1, Some("one".to_owned())), (2, Some("\u{feff}two".to_owned()))];
        assert_eq!(cut(&["\u{feff}one\n\u{feff}two"]), expected);
    }

    #[test]
    fn a_line_that_is_too_long_is_counted_and_not_kept() {
        let long = "x".repeat(MAX_LINE_BYTES + 1);
        assert_eq!(
            cut(&["one\n", &long, &long, "\nthree\n", &long]),
            [
                (1, Some("one".to_owned())),
                (2, None),
                (3, Some("three".to_owned())),
                (4, None)
            ]
        );
    }
}
