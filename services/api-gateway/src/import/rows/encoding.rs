//! Recognizes UTF-8, and the formats that spreadsheets save instead, by the first bytes of a file.

/// How many bytes are needed to recognize the encoding.
pub(super) const MAX_MARK_BYTES: usize = 4;

/// The file is not UTF-8 text. The sentence says what it is and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) struct WrongEncoding(pub(in crate::import) &'static str);

const UTF_16: &str = "the file is in UTF-16; save it as UTF-8 (Excel: \"CSV UTF-8\")";
const SPREADSHEET: &str = "the file is a spreadsheet or a zip archive; save it as CSV in UTF-8";
const GZIP: &str = "the file is compressed with gzip; unpack it first";

/// How many bytes at the start of the file are a byte order mark of UTF-8.
pub(super) fn byte_order_mark(start: &[u8]) -> Result<usize, WrongEncoding> {
    match start {
        [0xef, 0xbb, 0xbf, ..] => Ok(3),
        // This covers UTF-32 as well: it is rare, and the remedy is the same.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(WrongEncoding(UTF_16)),
        // UTF-16 without a mark: every second byte of ASCII text is zero.
        [0, first, ..] | [first, 0, ..] if *first != 0 => Err(WrongEncoding(UTF_16)),
        [b'P', b'K', 3, 4, ..] => Err(WrongEncoding(SPREADSHEET)),
        [0x1f, 0x8b, ..] => Err(WrongEncoding(GZIP)),
        _ => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mark_of_utf_8_is_skipped() {
        assert_eq!(byte_order_mark(b"\xef\xbb\xbfuserId"), Ok(3));
        assert_eq!(byte_order_mark(b"\xef\xbb\xbf"), Ok(3));
        for start in [&b""[..], b"u", b"userId", b"\xc3\xa4", b"{}", b"\xef\xbb"] {
            assert_eq!(byte_order_mark(start), Ok(0), "{start:?}");
        }
    }

    #[test]
    fn other_encodings_and_packed_files_are_named() {
        for (start, message) in [
            (&b"\xff\xfeu\0"[..], UTF_16),
            (b"\xfe\xff\0u", UTF_16),
            (b"u\0s\0", UTF_16),
            (b"\0u\0s", UTF_16),
            (b"PK\x03\x04", SPREADSHEET),
            (b"\x1f\x8b\x08\0", GZIP),
        ] {
            assert_eq!(byte_order_mark(start), Err(WrongEncoding(message)), "{start:?}");
        }
    }
}
