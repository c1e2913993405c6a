//! Asks before something is done to many users.

use std::io::{self, IsTerminal, Write};

use super::Failure;

/// Says what will happen, and goes on only with a yes: by hand on a terminal, by `--yes` elsewhere.
pub(crate) fn confirm(what: &str, yes: bool) -> Result<(), Failure> {
    eprintln!("{what}");
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::NotConfirmed(
            "nothing was done: this concerns many users, and nobody is here to ask; repeat it with --yes",
        ));
    }
    eprint!("Go on? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(Failure::NotConfirmed("nothing was done"))
    }
}
