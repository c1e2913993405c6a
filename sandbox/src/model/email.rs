//! HubSpot's idea of an address. It is deliberately not the rule any client uses.

/// Lower case, without blanks around it: the form in which HubSpot stores and compares.
pub(crate) fn normalized(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Whether HubSpot would store this address; needs a dot in the domain and no blanks.
pub(crate) fn is_valid(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else {
        return false;
    };
    email.len() <= 254 && is_valid_local(local) && is_valid_domain(domain)
}

fn is_valid_local(local: &str) -> bool {
    let allowed = |byte: char| byte.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(byte);
    !local.is_empty()
        && local.len() <= 64
        && local.chars().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn is_valid_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let valid_label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    let top_level = labels.last().copied().unwrap_or_default();
    labels.len() >= 2
        && labels.iter().all(valid_label)
        && top_level.chars().any(char::is_alphabetic)
        && top_level.len() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_valid() {
        for email in [
            "a@example.com",
            "x-neal+tag@mail.example.co.uk",
            "o'hara@example.org",
        ] {
            assert!(is_valid(email), "{email}");
        }
    }

    #[test]
    fn addresses_without_a_real_domain_are_invalid() {
        for email in [
            "nope",
            "a@b",
            "@example.com",
            "a b@example.com",
            "a@example..com",
            "a@-example.com",
            ".a@example.com",
            "a@1.2.3.4",
        ] {
            assert!(!is_valid(email), "{email}");
        }
    }

    #[test]
    fn stored_addresses_are_lower_case() {
        assert_eq!(normalized(" Ada@Example.COM "), "ada@example.com");
    }
}
