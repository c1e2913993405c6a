//! Formats the error that ends a process.

use std::{error::Error, iter::successors};

use crate::{one_line, settings::SettingsError};

/// Formats the error that ends a process: in one line, except that each wrong setting gets a line of its own.
pub fn printed(error: &(dyn Error + 'static)) -> String {
    let settings = error.downcast_ref::<SettingsError>();
    settings.map_or_else(|| in_one_line(error), SettingsError::to_string)
}

/// Formats an error and its causes in one line. A cause is left out if the message before it already contains it.
pub fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let causes = successors(error.source(), |&cause| cause.source());
    let line = causes.fold(error.to_string(), |line, cause| {
        let cause = cause.to_string();
        if line.contains(&cause) {
            line
        } else {
            format!("{line}: {cause}")
        }
    });
    one_line(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Failure {
        #[error("cannot listen: {0}")]
        Repeats(#[source] std::io::Error),
        #[error("did not start")]
        Hides(#[source] Box<Failure>),
    }

    #[test]
    fn faults_of_settings_have_a_line_each() {
        let fault = |name: &str| crate::settings::Fault {
            name: name.to_owned(),
            problem: "is not set".to_owned(),
        };
        let error = SettingsError::from(vec![fault("HUBSPOT_A\nB"), fault("C")]);
        let text = "the settings cannot be used:\n  HUBSPOT_A\\nB: is not set\n  C: is not set";
        assert_eq!(printed(&error), text);
    }

    #[test]
    fn each_cause_is_told_once() {
        let in_use = std::io::Error::other("address in use");
        let error = Failure::Hides(Box::new(Failure::Repeats(in_use)));
        assert_eq!(
            in_one_line(&error),
            "did not start: cannot listen: address in use"
        );
    }
}
