//! When HubSpot has the value that a user has: the equality by which answers confirm a write and contacts are compared.

use contracts::{Field, is_same_address};
use icu_normalizer::ComposingNormalizerBorrowed;

/// Whether HubSpot's value of a field is the user's. A cleared field equals an empty text. Addresses are compared as HubSpot does.
/// Blanks at the ends of other values are ignored, because nobody changes those on purpose.
pub(crate) fn is_same_value(field: Field, ours: Option<&str>, theirs: Option<&str>) -> bool {
    let (ours, theirs) = (ours.unwrap_or_default(), theirs.unwrap_or_default());
    if field == Field::EMAIL {
        is_same_address(ours, theirs)
    } else {
        ours.trim() == theirs.trim()
    }
}

/// Whether HubSpot's value is the user's in another form: it may differ in blanks, case and Unicode form.
pub(crate) fn is_same_in_another_form(ours: &str, theirs: &str) -> bool {
    common_form(ours) == common_form(theirs)
}

/// The text in the one form that all its forms share: without blanks at the ends, with single blanks, in one case, and in NFC.
fn common_form(text: &str) -> String {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    // A capital may have several letters, and a letter several capitals: through the capital all of them become the same, which is
    // how Unicode's case folding is made.
    let folded: String = nfc
        .normalize(text)
        .chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    let words: Vec<&str> = folded.split_whitespace().collect();
    nfc.normalize(&words.join(" ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleared_field_equals_an_empty_one() {
        for theirs in [None, Some(""), Some("  ")] {
            assert!(is_same_value(Field::FIRST_NAME, None, theirs));
        }
        assert!(!is_same_value(Field::FIRST_NAME, None, Some("Ada")));
        assert!(!is_same_value(Field::FIRST_NAME, Some("Ada"), None));
    }

    #[test]
    fn addresses_and_texts_have_their_own_equality() {
        assert!(is_same_value(
            Field::EMAIL,
            Some("Ada@Example.com"),
            Some("ada@example.com")
        ));
        assert!(is_same_value(Field::LAST_NAME, Some("Byron "), Some("Byron")));
        assert!(!is_same_value(Field::LAST_NAME, Some("Byron"), Some("BYRON")));
        assert!(!is_same_value(Field::LAST_NAME, Some("Ada  B"), Some("Ada B")));
    }

    #[test]
    fn another_form_differs_in_blanks_case_or_unicode_form_only() {
        for (ours, theirs) in [
            (" Ada   Byron ", "ada\u{a0}BYRON"),
            ("Zoe\u{308}", "zoë"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("İpek", "i\u{307}pek"),
        ] {
            assert!(is_same_in_another_form(ours, theirs), "{ours} {theirs}");
        }
        for (ours, theirs) in [("Ada", "Eva"), ("Ada B", "AdaB"), ("Zoë", "Zoe"), ("Ada", "")] {
            assert!(!is_same_in_another_form(ours, theirs), "{ours} {theirs}");
        }
    }
}
