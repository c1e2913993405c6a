//! Asks for confirmation before a command changes many users.

use std::io::{self, IsTerminal, Write};

use super::super::CommandError;

/// Prints what the command will do, and returns an error unless it is confirmed: by `--yes`, or by a typed "y".
pub(crate) fn confirm(announcement: &str, yes: bool) -> Result<(), CommandError> {
    eprintln!("{announcement}");
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(CommandError::NotConfirmed(
            "nothing was done: this command needs a confirmation, and there is no terminal to ask on; run it with --yes",
        ));
    }
    eprint!("Continue? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(CommandError::NotConfirmed("nothing was done"))
    }
}
