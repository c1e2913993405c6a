//! E-mail addresses: when two of them are the same, and which characters an address may not have.
//!
//! HubSpot stores addresses in lower case and finds contacts by them. A comparison that takes two different addresses for
//! one would write a person's values into another person's contact, so equality is narrow here: letters are compared without
//! their case, and a character outside ASCII never equals one inside it.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};

/// The Braille blank has no glyph, although Unicode counts it among the symbols.
const BRAILLE_BLANK: char = '\u{2800}';

/// An address in lower case, the form in which HubSpot stores it and in which addresses are compared.
///
/// A character outside ASCII that is not the capital of its lower case is kept: the Kelvin sign does not become a `k`, nor the
/// Ångström sign an `å`.
pub fn lowercase_address(address: &str) -> String {
    if address.is_ascii() {
        return address.to_ascii_lowercase();
    }
    let mut lower = String::with_capacity(address.len());
    for part in address.split_inclusive(keeps_its_case) {
        match part.chars().next_back().filter(|last| keeps_its_case(*last)) {
            Some(kept) => {
                lower.push_str(&part[..part.len() - kept.len_utf8()].to_lowercase());
                lower.push(kept);
            }
            None => lower.push_str(&part.to_lowercase()),
        }
    }
    lower
}

/// Whether two addresses are the same to HubSpot.
pub fn is_same_address(one: &str, other: &str) -> bool {
    lowercase_address(one) == lowercase_address(other)
}

/// Rejects characters by which an address can be mistaken for another one: those that some programs turn into ASCII, and
/// invisible ones. The error is a sentence for the caller. It names the position of the character, counted from 1, and no value.
pub(crate) fn check_characters(address: &str) -> Result<(), String> {
    for (index, character) in address.chars().enumerate() {
        let place = index + 1;
        let code = u32::from(character);
        if is_invisible(character) {
            return Err(format!(
                "must not contain invisible characters: character {place} is U+{code:04X}; remove it"
            ));
        }
        if becomes_ascii_in_lower_case(character) || becomes_ascii_in_nfkc(character) {
            return Err(format!(
                "must not contain characters that other programs turn into ASCII letters, digits or signs: character \
                 {place} is U+{code:04X}; write the ASCII character itself if it is meant"
            ));
        }
    }
    Ok(())
}

/// Whether lower case would take the character for another one's capital, as the Ohm sign for an omega.
fn keeps_its_case(character: char) -> bool {
    if character.is_ascii() || character.to_lowercase().eq([character]) {
        return false;
    }
    let capital = character.to_lowercase().flat_map(char::to_uppercase);
    becomes_ascii_in_lower_case(character) || !capital.eq([character])
}

fn becomes_ascii_in_lower_case(character: char) -> bool {
    !character.is_ascii() && character.to_lowercase().any(|lower| lower.is_ascii())
}

fn becomes_ascii_in_nfkc(character: char) -> bool {
    if character.is_ascii() {
        return false;
    }
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    nfkc.normalize_iter(std::iter::once(character))
        .any(|part| part.is_ascii())
}

/// Characters without a glyph of their own, and those that no version of Unicode gives one.
fn is_invisible(character: char) -> bool {
    let has_no_glyph = matches!(
        CodePointMapData::<GeneralCategory>::new().get(character),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::SpaceSeparator
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
    );
    let is_ignored = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
    // A blank inside a quoted local part is seen by its quotes.
    (has_no_glyph && character != ' ') || is_ignored || character == BRAILLE_BLANK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_their_case() {
        assert!(is_same_address("Ada@Example.COM", "ada@example.com"));
        assert!(is_same_address("ÄDA@example.com", "äda@example.com"));
        assert!(is_same_address("ΟΔΟΣ@example.com", "οδος@example.com"));
        assert!(!is_same_address("ada@example.com", "eda@example.com"));
    }

    #[test]
    fn no_character_outside_ascii_equals_one_inside_it() {
        for character in (128..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let lower = lowercase_address(&character.to_string());
            assert!(!lower.is_ascii(), "U+{:04X}", u32::from(character));
        }
        assert!(!is_same_address("an\u{212a}e@example.com", "anke@example.com"));
        // The signs of Ångström and Ohm, the symbol theta and the capital sharp s are no capitals of the letters beside them.
        for (sign, letter) in [
            ('\u{212b}', 'å'),
            ('\u{2126}', 'ω'),
            ('\u{3f4}', 'θ'),
            ('\u{1e9e}', 'ß'),
        ] {
            assert!(!is_same_address(&sign.to_string(), &letter.to_string()), "{sign}");
        }
        assert!(is_same_address("ÅΩΘ\u{13a0}", "åωθ\u{ab70}"));
        assert_eq!(
            lowercase_address("\u{212a}A\u{130}Ö\u{212a}"),
            "\u{212a}a\u{130}ö\u{212a}"
        );
    }

    #[test]
    fn characters_that_become_ascii_are_refused() {
        for character in [
            '\u{212a}',  // the Kelvin sign
            '\u{130}',   // I with a dot above
            '\u{ff41}',  // a full-width a
            '\u{ff20}',  // a full-width @
            '\u{ff0e}',  // a full-width full stop
            '\u{17f}',   // a long s
            '\u{fb01}',  // the ligature fi
            '\u{b2}',    // a superscript 2
            '\u{aa}',    // the feminine ordinal indicator
            '\u{2460}',  // a circled 1
            '\u{1d41a}', // a bold a of mathematics
            '\u{37e}',   // the Greek question mark
            '\u{2024}',  // a one-dot leader
        ] {
            let refused = check_characters(&format!("ad{character}@example.com"));
            let message = refused.expect_err("it becomes ASCII");
            let code = format!("character 3 is U+{:04X}", u32::from(character));
            assert!(message.contains(&code), "{message}");
        }
    }

    #[test]
    fn invisible_characters_are_refused() {
        for character in [
            '\u{200b}',
            '\u{200d}',
            '\u{2060}',
            '\u{feff}',
            '\u{ad}',
            '\u{34f}',
            '\u{202e}',
            '\u{2066}',
            '\u{a0}',
            '\u{2003}',
            '\u{3000}',
            '\u{2028}',
            '\u{3164}',
            '\u{ffa0}',
            '\u{115f}',
            '\u{180e}',
            '\u{fe0f}',
            '\u{e0041}',
            '\u{e000}',
            '\u{378}',
            '\u{2800}',
            '\u{85}',
            '\u{7f}',
            '\0',
            '\t',
        ] {
            let refused = check_characters(&format!("ad{character}a@example.com"));
            let message = refused.expect_err("nobody sees it");
            assert!(
                message.contains("invisible") && message.contains("character 3"),
                "{message}"
            );
        }
    }

    #[test]
    fn letters_of_all_scripts_are_accepted() {
        for address in [
            "ada@example.com",
            "a.b+c_d-e'f!#$%&*/=?^`{|}~@example.com",
            "\"a b\"@example.com",
            "jürgen@example.de",
            "ju\u{308}rgen@example.de",
            "straße@example.de",
            "δοκιμή@παράδειγμα.ελ",
            "почта@пример.рф",
            "用户@例子.公司",
            "ユーザー@例え.jp",
            "사용자@예시.한국",
            "उपयोगकर्ता@उदाहरण.भारत",
            "משתמש@example.co.il",
        ] {
            assert_eq!(check_characters(address), Ok(()), "{address}");
        }
    }
}
