//! Work on many users: several requests, one after another. A command that is interrupted prints what it has done and
//! how to continue.

mod retry_pauses;
mod totals;

use contracts::UserId;
use indicatif::ProgressBar;
use reqwest::Method;
use runtime::{Shutdown, one_line};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{CommandError, gateway::Gateway, terminal::Output};
use retry_pauses::RetryPauses;
pub(crate) use totals::Totals;

/// The most users that a retry or a resync names in one request. This many ids of the greatest length fit into the largest
/// body that the gateway accepts.
pub(crate) const MAX_NAMED_USERS: usize = 200;

/// Sends the requests of one command. Ctrl-C stops it at once, also during a request.
pub(crate) struct BulkRequest<'a> {
    gateway: &'a Gateway,
    progress_bar: ProgressBar,
    shutdown: Shutdown,
    /// Whether at least one request has succeeded.
    has_progress: bool,
}

/// The part of the work that was not done.
#[derive(Debug, Default)]
pub(crate) struct Remainder {
    /// How a person continues.
    pub(crate) advice: String,
    /// How a script continues: members that are added to the JSON document.
    pub(crate) members: Value,
}

impl<'a> BulkRequest<'a> {
    /// Installs signal handlers, so call it once in a process, and after the confirmation: until then, Ctrl-C has to
    /// end the process.
    pub(crate) fn new(gateway: &'a Gateway, progress_bar: ProgressBar) -> Result<Self, CommandError> {
        Ok(Self {
            gateway,
            progress_bar,
            shutdown: Shutdown::on_signals().map_err(CommandError::Signals)?,
            has_progress: false,
        })
    }

    /// Requests one page after another until the gateway names no `next`. `add` takes each page and returns how many
    /// users all pages so far cover. `remainder` takes the position after the last page.
    pub(crate) async fn send_pages(
        &mut self,
        path: &str,
        mut request: Value,
        mut add: impl FnMut(&Value) -> Result<u64, CommandError>,
        remainder: impl Fn(Option<&str>) -> Remainder,
    ) -> Result<(), CommandError> {
        loop {
            let next = match self.send(path, &request, &mut add).await {
                Ok(page) => page["next"].clone(),
                Err(cause) => return Err(self.failed(cause, remainder(request["after"].as_str()))),
            };
            if next.is_null() {
                return Ok(());
            }
            request["after"] = next;
        }
    }

    /// Sends the request for the named users, at most `chunk_size` in one request.
    pub(crate) async fn send_for_users(
        &mut self,
        path: &str,
        mut request: Value,
        users: &[UserId],
        chunk_size: usize,
        mut add: impl FnMut(&Value) -> Result<u64, CommandError>,
    ) -> Result<(), CommandError> {
        for (number, chunk) in users.chunks(chunk_size).enumerate() {
            request["users"] = json!(chunk);
            if let Err(cause) = self.send(path, &request, &mut add).await {
                return Err(self.failed(cause, Remainder::of_users(users, number * chunk_size)));
            }
        }
        Ok(())
    }

    async fn send(
        &mut self,
        path: &str,
        request: &Value,
        add: &mut impl FnMut(&Value) -> Result<u64, CommandError>,
    ) -> Result<Value, CommandError> {
        let sending = self.send_with_retries(path, request);
        let page = self
            .shutdown
            .or(sending)
            .await
            .unwrap_or(Err(CommandError::Stopped))?;
        self.has_progress = true;
        let users = self.progress_bar.suspend(|| add(&page))?;
        self.progress_bar.set_position(users);
        Ok(page)
    }

    /// Waits for a busy gateway only once a part of the work is done, because starting over would cost more. Before
    /// that, the person at the terminal learns of it at once.
    async fn send_with_retries(&self, path: &str, request: &Value) -> Result<Value, CommandError> {
        let mut pauses = RetryPauses::default();
        loop {
            let answer = self.gateway.send(Method::POST, path, Some(request)).await;
            let Err(error) = &answer else {
                return answer;
            };
            match pauses.next_pause(error) {
                Some(pause) if self.has_progress => sleep(pause).await,
                _ => return answer,
            }
        }
    }

    /// Adds the remainder to an error, unless nothing was done: then there is nothing to continue.
    fn failed(&self, cause: CommandError, remainder: Remainder) -> CommandError {
        if self.has_progress {
            CommandError::Incomplete {
                cause: Box::new(cause),
                remainder,
            }
        } else {
            cause
        }
    }
}

impl Remainder {
    /// Everything after a position, to be done by this command at this gateway.
    pub(crate) fn after(gateway: &Gateway, command: &str, position: Option<&str>) -> Self {
        let url = gateway.url_option();
        match position {
            None => Self {
                advice: format!("continue with: {command}{url}"),
                members: json!({}),
            },
            Some(position) => Self {
                advice: format!(
                    "continue with: {command} {}{url}",
                    shell_option("--after", position)
                ),
                members: json!({ "next": position }),
            },
        }
    }

    /// The named users after the first `done`.
    fn of_users(users: &[UserId], done: usize) -> Self {
        let remaining = &users[done..];
        let first = remaining.first().map_or("", UserId::as_str);
        Self {
            advice: format!(
                "the first {done} of the {} named users are done; continue with the rest, from user {first} on",
                users.len()
            ),
            members: json!({ "remaining": remaining }),
        }
    }

    /// Marks a document as incomplete, and says in it how to continue.
    pub(crate) fn add_to(&self, document: &mut Value) {
        document["partial"] = true.into();
        for (name, value) in self.members.as_object().into_iter().flatten() {
            document[name.as_str()] = value.clone();
        }
    }
}

/// Formats an option so that it can be pasted into a shell.
pub(crate) fn shell_option(name: &str, value: &str) -> String {
    // A value that starts with a dash would be parsed as an option of its own.
    let separator = if value.starts_with('-') { '=' } else { ' ' };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:./".contains(&byte);
    if !value.is_empty() && value.bytes().all(is_plain) {
        return format!("{name}{separator}{value}");
    }
    if one_line(value) != value {
        // Printed as they are, control characters would control this terminal. The `$'…'` form with these escapes is
        // understood by bash, zsh and ksh.
        let escaped = value.bytes().map(|byte| match byte {
            b'\'' | b'\\' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        });
        return format!("{name}{separator}$'{}'", escaped.collect::<String>());
    }
    format!("{name}{separator}'{}'", value.replace('\'', r"'\''"))
}

/// The line that people see above the result of an incomplete command.
pub(crate) const INCOMPLETE: &str = "Incomplete. Done so far:";

/// Prints what was done, marked as incomplete if an error ended the work, and passes that error on.
pub(crate) fn print_result(
    output: Output,
    ended: Result<(), CommandError>,
    mut document: Value,
    text: impl FnOnce() -> String,
) -> Result<(), CommandError> {
    match ended {
        Ok(()) => Ok(output.print(&document, text)?),
        Err(CommandError::Incomplete { cause, remainder }) => {
            remainder.add_to(&mut document);
            // The cause is more useful than a failure to print, so the latter is dropped.
            drop(output.print(&document, || format!("{INCOMPLETE}\n{}", text())));
            Err(CommandError::Incomplete { cause, remainder })
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_printed_option_as_it_was_given() {
        for (value, printed) in [
            ("3:TIMED_OUT:7", "--after 3:TIMED_OUT:7"),
            ("-7", "--after=-7"),
            ("3:a b:7", "--after '3:a b:7'"),
            ("3:it's:7", r"--after '3:it'\''s:7'"),
            ("", "--after ''"),
            ("3:a\n\u{1b}b'c:7", r"--after $'3:a\x0a\x1bb\'c:7'"),
        ] {
            assert_eq!(shell_option("--after", value), printed);
        }
    }
}
