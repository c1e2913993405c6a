//! Requests one after the other: work that takes long, tells what was done when it breaks off, and goes on from there.

use contracts::UserId;
use indicatif::ProgressBar;
use reqwest::Method;
use runtime::{Shutdown, one_line};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Failure, gateway::Gateway, output::Output, patience::Patience};

/// A command at work at a gateway. Ctrl-C ends it between two requests, or in the middle of one.
pub(crate) struct Series<'a> {
    gateway: &'a Gateway,
    bar: ProgressBar,
    shutdown: Shutdown,
    /// Whether some of it is done.
    is_under_way: bool,
}

/// What is left where a command broke off.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// How to go on, for people.
    pub(crate) advice: String,
    /// The same for scripts: further members of the document.
    pub(crate) members: Value,
}

impl<'a> Series<'a> {
    /// Nothing is asked yet. Once per process, and after the last question to whoever typed the command.
    pub(crate) fn begin(gateway: &'a Gateway, bar: ProgressBar) -> Result<Self, Failure> {
        Ok(Self {
            gateway,
            bar,
            shutdown: Shutdown::on_signals().map_err(Failure::Signals)?,
            is_under_way: false,
        })
    }

    /// A page after the other, until none is left. `add` takes what was done, and says how many users that were so far.
    pub(crate) async fn pages(
        &mut self,
        path: &str,
        mut request: Value,
        mut add: impl FnMut(&Value) -> Result<u64, Failure>,
        rest: impl Fn(Option<&str>) -> Rest,
    ) -> Result<(), Failure> {
        loop {
            let next = match self.send(path, &request, &mut add).await {
                Ok(page) => page["next"].clone(),
                Err(cause) => return Err(self.broken_off(cause, rest(request["after"].as_str()))),
            };
            if next.is_null() {
                return Ok(());
            }
            request["after"] = next;
        }
    }

    /// These users, so many at a time.
    pub(crate) async fn named(
        &mut self,
        path: &str,
        mut request: Value,
        users: &[UserId],
        at_a_time: usize,
        mut add: impl FnMut(&Value) -> Result<u64, Failure>,
    ) -> Result<(), Failure> {
        for (number, chunk) in users.chunks(at_a_time).enumerate() {
            request["users"] = json!(chunk);
            if let Err(cause) = self.send(path, &request, &mut add).await {
                return Err(self.broken_off(cause, Rest::named(users, number * at_a_time)));
            }
        }
        Ok(())
    }

    async fn send(
        &mut self,
        path: &str,
        request: &Value,
        add: &mut impl FnMut(&Value) -> Result<u64, Failure>,
    ) -> Result<Value, Failure> {
        let sending = self.send_patiently(path, request);
        let page = self.shutdown.or(sending).await.unwrap_or(Err(Failure::Stopped))?;
        self.is_under_way = true;
        let users = self.bar.suspend(|| add(&page))?;
        self.bar.set_position(users);
        Ok(page)
    }

    /// In the middle of the work, a gateway that says when to come back is waited for: to begin anew costs more. Before, whoever
    /// typed the command wants to know at once.
    async fn send_patiently(&self, path: &str, request: &Value) -> Result<Value, Failure> {
        let mut patience = Patience::default();
        loop {
            let answer = self.gateway.send(Method::POST, path, Some(request)).await;
            let Err(failure) = &answer else {
                return answer;
            };
            match patience.pause(failure) {
                Some(pause) if self.is_under_way => sleep(pause).await,
                _ => return answer,
            }
        }
    }

    /// Where nothing was done yet, there is nothing to go on from.
    fn broken_off(&self, cause: Failure, rest: Rest) -> Failure {
        if self.is_under_way {
            Failure::Interrupted {
                cause: Box::new(cause),
                rest,
            }
        } else {
            cause
        }
    }
}

impl Rest {
    /// Everybody after that user, of this gateway.
    pub(crate) fn after(gateway: &Gateway, command: &str, user: Option<&str>) -> Self {
        let url = gateway.option();
        match user {
            None => Self {
                advice: format!("go on with: {command}{url}"),
                members: json!({}),
            },
            Some(user) => Self {
                advice: format!("go on with: {command} {}{url}", option("--after", user)),
                members: json!({ "next": user }),
            },
        }
    }

    /// Those of the named users that were not come to.
    fn named(users: &[UserId], done: usize) -> Self {
        let rest = &users[done..];
        let from = rest.first().map_or("", UserId::as_str);
        Self {
            advice: format!(
                "the first {done} of the {} users named are done; go on with the others, from user {from} on",
                users.len()
            ),
            members: json!({ "remaining": rest }),
        }
    }

    /// Marks a document as that of a part.
    pub(crate) fn mark(&self, document: &mut Value) {
        document["partial"] = true.into();
        for (name, value) in self.members.as_object().into_iter().flatten() {
            document[name.as_str()] = value.clone();
        }
    }
}

/// An option of a command line, to be typed into a shell as it is.
pub(crate) fn option(name: &str, value: &str) -> String {
    // Otherwise it would be taken for an option itself.
    let between = if value.starts_with('-') { '=' } else { ' ' };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:./".contains(&byte);
    if !value.is_empty() && value.bytes().all(is_plain) {
        return format!("{name}{between}{value}");
    }
    if one_line(value) != value {
        // Typed as it is, it would steer the terminal. These are the escapes of bash, zsh and ksh.
        let bytes = value.bytes().map(|byte| match byte {
            b'\'' | b'\\' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        });
        return format!("{name}{between}$'{}'", bytes.collect::<String>());
    }
    format!("{name}{between}'{}'", value.replace('\'', r"'\''"))
}

/// What is said to people of a part before what was done.
pub(crate) const SO_FAR: &str = "so far, since it broke off before its end:";

/// Prints what was done, as a part where something kept the rest from being done.
pub(crate) fn conclude(
    output: Output,
    outcome: Result<(), Failure>,
    mut document: Value,
    words: impl FnOnce() -> String,
) -> Result<(), Failure> {
    match outcome {
        Ok(()) => Ok(output.print(&document, words)?),
        Err(Failure::Interrupted { cause, rest }) => {
            rest.mark(&mut document);
            // What kept it from its end says more than that this cannot be printed.
            drop(output.print(&document, || format!("{SO_FAR}\n{}", words())));
            Err(Failure::Interrupted { cause, rest })
        }
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_typed_means_the_same_to_a_shell() {
        for (value, typed) in [
            ("3:TIMED_OUT:7", "--after 3:TIMED_OUT:7"),
            ("-7", "--after=-7"),
            ("3:a b:7", "--after '3:a b:7'"),
            ("3:it's:7", r"--after '3:it'\''s:7'"),
            ("", "--after ''"),
            ("3:a\n\u{1b}b'c:7", r"--after $'3:a\x0a\x1bb\'c:7'"),
        ] {
            assert_eq!(option("--after", value), typed);
        }
    }
}
