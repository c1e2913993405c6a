//! HubSpot's rules for the names of properties and groups.

/// The longest name that the sandbox accepts. HubSpot does not publish its own limit.
const MAX_NAME_CHARS: usize = 100;

/// Whether a property or a group can have this name: lower-case letters, digits and underscores, beginning with a letter.
pub(crate) fn is_valid_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= MAX_NAME_CHARS
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_lower_case_letters_digits_and_underscores() {
        for name in ["a", "plan_tier", "a1_"] {
            assert!(is_valid_name(name), "{name}");
        }
        let long = "a".repeat(MAX_NAME_CHARS + 1);
        for name in ["", "1a", "_a", "Plan", "plan-tier", "plan tier", "plän", &long] {
            assert!(!is_valid_name(name), "{name}");
        }
    }
}
