//! Whether two texts have the same meaning in different forms, as when a rule of the account capitalises a name.

use icu_normalizer::ComposingNormalizerBorrowed;

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
