//! What a process says of the error that ends it.

use std::{error::Error, iter::successors};

use crate::one_line;

/// An error and its causes in one line. A cause is left out where the line tells it already, as an error whose own
/// words repeat its cause does.
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
    fn each_cause_is_told_once() {
        let in_use = std::io::Error::other("address in use");
        let error = Failure::Hides(Box::new(Failure::Repeats(in_use)));
        assert_eq!(
            in_one_line(&error),
            "did not start: cannot listen: address in use"
        );
    }
}
