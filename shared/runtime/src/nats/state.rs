//! The state of the connection, which parts of a service can watch.

/// The state of the connection, updated by its events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NatsState {
    /// Whether there is a connection now.
    pub connected: bool,
    /// How many connections there were. If the number grows, messages that were sent meanwhile may be lost.
    pub epoch: u64,
    /// What the server has forbidden on this connection, by subject. Only the first ones are kept, up to a limit.
    pub violations: Vec<Violation>,
}

/// Something that the server forbids this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What was forbidden.
    pub kind: ViolationKind,
    /// The subject that was forbidden.
    pub subject: String,
    /// How often it was forbidden.
    pub times: u64,
}

/// What a server can forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViolationKind {
    /// Publishing to a subject.
    Publish,
    /// Subscribing to a subject.
    Subscribe,
}

/// At most this many violations are kept. More would be the same mistake in many subjects.
const MAX_VIOLATIONS: usize = 64;

impl NatsState {
    /// How often this was forbidden so far.
    pub(super) fn times_forbidden(&self, kind: ViolationKind, subject: &str) -> u64 {
        let same = |violation: &&Violation| violation.kind == kind && violation.subject == subject;
        self.violations
            .iter()
            .find(same)
            .map_or(0, |violation| violation.times)
    }

    /// Counts a violation. Returns true if it is the first of its kind and subject, so that it is logged.
    pub(super) fn forbid(&mut self, kind: ViolationKind, subject: &str) -> bool {
        let same = |violation: &&mut Violation| violation.kind == kind && violation.subject == subject;
        if let Some(violation) = self.violations.iter_mut().find(same) {
            violation.times += 1;
            return false;
        }
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(Violation {
                kind,
                subject: subject.to_owned(),
                times: 1,
            });
        }
        true
    }
}

/// Reads `Permissions Violation for Publish to "subject"` and its like.
pub(super) fn parse_violation(message: &str) -> Option<(ViolationKind, &str)> {
    let rest = message
        .trim_start_matches('\'')
        .strip_prefix("Permissions Violation for ")?;
    let kind = match rest.split_whitespace().next()? {
        "Publish" => ViolationKind::Publish,
        "Subscription" => ViolationKind::Subscribe,
        _ => return None,
    };
    let subject = rest.split('"').nth(1)?;
    Some((kind, subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_are_read_from_the_servers_words() {
        let publish = parse_violation("Permissions Violation for Publish to \"users.get\"");
        assert_eq!(publish, Some((ViolationKind::Publish, "users.get")));
        let subscribe =
            parse_violation("Permissions Violation for Subscription to \"a.*\" using queue \"q\"");
        assert_eq!(subscribe, Some((ViolationKind::Subscribe, "a.*")));
        assert_eq!(parse_violation("Stale Connection"), None);
    }

    #[test]
    fn repeated_violations_are_counted_not_kept() {
        let mut state = NatsState::default();
        assert!(state.forbid(ViolationKind::Publish, "a"));
        assert!(!state.forbid(ViolationKind::Publish, "a"));
        assert!(state.forbid(ViolationKind::Subscribe, "a"));
        assert_eq!(state.times_forbidden(ViolationKind::Publish, "a"), 2);
        for number in 0..100 {
            state.forbid(ViolationKind::Publish, &format!("subject.{number}"));
        }
        assert_eq!(state.violations.len(), MAX_VIOLATIONS);
    }
}
