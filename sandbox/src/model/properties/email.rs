//! HubSpot's rules for addresses. The client under test has its own.

use crate::model::Values;

/// An address in the form in which HubSpot stores and compares it: in lower case, without blanks around it.
///
/// It is not known how HubSpot lower-cases. The sandbox does so by Unicode, which is harder for a client: the Kelvin sign
/// becomes a `k`, so a lookup may return the contact of another address.
pub(crate) fn normalized(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The addresses in the values of a write, each with its property, in the form that is stored.
pub(crate) fn addresses_in(values: &Values) -> impl Iterator<Item = (&'static str, String)> {
    let written = ["email", "hs_additional_emails"]
        .into_iter()
        .filter_map(|property| Some((property, values.get(property)?)));
    written
        .flat_map(|(property, value)| {
            value
                .split(';')
                .map(move |address| (property, normalized(address)))
        })
        .filter(|(_, address)| !address.is_empty())
}

/// Whether HubSpot accepts this address.
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
    labels.len() >= 2 && labels.iter().all(valid_label) && is_top_level(top_level)
}

/// Whether IANA lists this top-level domain. It is in lower case, in the form `xn--` or in letters of another script.
fn is_top_level(label: &str) -> bool {
    if label.is_ascii() {
        return tld::exist(label);
    }
    // Letters that only look like ASCII, such as full-width ones, encode to plain ASCII and are not accepted.
    idna::domain_to_ascii(label).is_ok_and(|encoded| encoded.starts_with("xn--") && tld::exist(&encoded))
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
            "a@example.xn--p1ai",
            "a@пример.рф",
            "a@例え.コム",
            "a@example.museum",
        ] {
            assert!(is_valid(email), "{email}");
        }
    }

    #[test]
    fn malformed_addresses_are_invalid() {
        for email in [
            "nope",
            "a@b",
            "@example.com",
            "a b@example.com",
            "a@example..com",
            "a@-example.com",
            ".a@example.com",
            "a@1.2.3.4",
            "a@example.test",
            "a@example.invalid",
            "a@example.localhost",
            "a@example.con",
            "a@example.xn--nonsense",
            "a@example.рф1",
            "a@example.ｃｏｍ",
            "a@com",
        ] {
            assert!(!is_valid(email), "{email}");
        }
    }

    #[test]
    fn stored_addresses_are_in_lower_case() {
        assert_eq!(normalized(" Ada@Example.COM "), "ada@example.com");
        assert_eq!(normalized("ÄDA@Пример.РФ"), "äda@пример.рф");
        assert!(is_valid(&normalized("A@EXAMPLE.XN--P1AI")));
    }

    #[test]
    fn lower_casing_can_make_two_addresses_equal() {
        assert_eq!(normalized("\u{212a}im@example.com"), "kim@example.com");
    }
}
