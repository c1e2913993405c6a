//! The rules for addresses and texts. Errors are sentences for the caller that say what a valid value is.

use email_address::{EmailAddress, Options};

use crate::address::check_characters;

/// The longest address that can be delivered to (RFC 5321, section 4.5.3.1.3, with the brackets taken off).
const MAX_EMAIL_CHARS: usize = 254;

/// Checks one e-mail address of at most 254 characters, without characters that are invisible or that other programs turn into ASCII.
pub(super) fn check_email(address: &str) -> Result<(), String> {
    if address.chars().count() > MAX_EMAIL_CHARS {
        return Err(format!("must have at most {MAX_EMAIL_CHARS} characters"));
    }
    check_characters(address)?;
    let options = Options::default()
        .with_required_tld()
        .without_display_text()
        .without_domain_literal();
    if EmailAddress::parse_with_options(address, options).is_err() {
        return Err("must be an e-mail address such as ada@example.com".to_owned());
    }
    Ok(())
}

/// Checks a text of at most this many characters (Unicode scalar values), without control characters.
pub(super) fn check_text(text: &str, max_chars: usize) -> Result<(), String> {
    if text.chars().count() > max_chars {
        return Err(format!("must have at most {max_chars} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("must not contain control characters such as line breaks".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_address_is_accepted() {
        for address in [
            "ada@example.com",
            "a.b+c@mail.example.co.uk",
            "o'neil@example.org",
        ] {
            assert_eq!(check_email(address), Ok(()), "{address}");
        }
    }

    #[test]
    fn what_is_not_one_address_is_refused() {
        let long = format!("{}@example.com", "x".repeat(250));
        for address in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "a@b@c.de",
            "a@localhost",
            "Ada <a@b.de>",
            "a@[127.0.0.1]",
            "an\u{212a}e@example.com",
            "ada\u{200b}@example.com",
            &long,
        ] {
            assert!(check_email(address).is_err(), "{address}");
        }
    }

    #[test]
    fn text_is_counted_in_characters_not_bytes() {
        assert_eq!(check_text(&"ß".repeat(255), 255), Ok(()));
        assert!(check_text(&"ß".repeat(256), 255).is_err());
        assert!(check_text("a\0b", 255).is_err());
    }
}
