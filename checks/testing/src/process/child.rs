//! A running child process: its output, signals and end.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::ChildStdin;

use super::ProcessError;
use super::log::Log;

const INTERVAL: Duration = Duration::from_millis(10);

/// How long a dropped program may take to end after SIGKILL.
const DROP_LIMIT: Duration = Duration::from_secs(5);

/// A program that stops when this process ends, or when this is dropped.
///
/// If this is dropped in a panic, it prints the end of the program's output, so that a failed test shows it.
#[derive(Debug)]
pub struct Child {
    name: String,
    supervisor: tokio::process::Child,
    _lifeline: ChildStdin,
    /// The process group of the script, the guard and the program. Its id is the script's process id.
    group: Pid,
    pid: Pid,
    log: Log,
    exit_code: Option<i32>,
}

impl Child {
    pub(super) fn new(
        name: String,
        supervisor: tokio::process::Child,
        lifeline: ChildStdin,
        group: Pid,
        pid: Pid,
        log: Log,
    ) -> Self {
        Self {
            name,
            supervisor,
            _lifeline: lifeline,
            group,
            pid,
            log,
            exit_code: None,
        }
    }

    /// The process id of the program.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Everything that it has written so far to stdout and stderr.
    pub fn output(&self) -> Result<String, ProcessError> {
        self.log.read().map_err(|source| ProcessError::Output {
            program: self.name.clone(),
            source,
        })
    }

    /// The last lines of its output.
    pub fn tail(&self) -> String {
        self.log.tail()
    }

    /// The exit code if it has ended; 128 + signal if it was killed.
    pub fn exit_code(&mut self) -> Option<i32> {
        if self.exit_code.is_none() {
            let ended = self.supervisor.try_wait().ok().flatten();
            self.exit_code = ended.map(|status| status.code().unwrap_or(-1));
        }
        self.exit_code
    }

    /// Waits for a line containing `text` and returns it.
    pub async fn wait_for_line(&mut self, text: &str, limit: Duration) -> Result<String, ProcessError> {
        let what = format!("a line containing {text:?}");
        let deadline = Instant::now() + limit;
        loop {
            // The exit code is read before the output, so that nothing is missed that it wrote just before its end.
            let exit_code = self.exit_code();
            if let Some(line) = complete_line(&self.output()?, text) {
                return Ok(line);
            }
            if let Some(code) = exit_code {
                return Err(ProcessError::Ended {
                    program: self.name.clone(),
                    code,
                    what,
                    tail: self.tail(),
                });
            }
            if Instant::now() >= deadline {
                return Err(self.timed_out(what, limit));
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Waits for its end and returns its exit code; 128 + signal if it was killed.
    pub async fn wait(&mut self, limit: Duration) -> Result<i32, ProcessError> {
        if let Some(code) = self.exit_code {
            return Ok(code);
        }
        match tokio::time::timeout(limit, self.supervisor.wait()).await {
            Ok(Ok(status)) => {
                let code = status.code().unwrap_or(-1);
                self.exit_code = Some(code);
                Ok(code)
            }
            Ok(Err(source)) => Err(ProcessError::Signal {
                program: self.name.clone(),
                source,
            }),
            Err(_) => Err(self.timed_out("its end".to_owned(), limit)),
        }
    }

    /// Sends SIGTERM.
    pub fn terminate(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::TERM)
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::KILL)
    }

    /// Freezes it with SIGSTOP.
    pub fn pause(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::STOP)
    }

    /// Resumes it with SIGCONT.
    pub fn resume(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::CONT)
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) -> Result<(), ProcessError> {
        let program = self.name.clone();
        let error = |source| ProcessError::Signal { program, source };
        if self.exit_code().is_some() {
            // The process id may belong to another program by now.
            return Err(error(std::io::Error::other("it has ended")));
        }
        kill_process(self.pid, signal).map_err(|errno| error(errno.into()))
    }

    fn timed_out(&self, what: String, limit: Duration) -> ProcessError {
        ProcessError::TimedOut {
            program: self.name.clone(),
            what,
            limit,
            tail: self.tail(),
        }
    }

    /// Kills it and waits until it has ended, so that its files can be removed.
    fn end(&mut self) {
        if self.exit_code().is_none() {
            // An error means that it has ended. The group is killed next.
            let _ = kill_process(self.pid, Signal::KILL);
            let deadline = Instant::now() + DROP_LIMIT;
            while self.exit_code().is_none() && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(2));
            }
        }
        // This reaches the program even if the script was killed. Usually the group no longer exists.
        let _ = kill_process_group(self.group, Signal::KILL);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let ended_before = self.exit_code();
        self.end();
        if thread::panicking() {
            let end = ended_before.map_or_else(
                || "was running".to_owned(),
                |code| format!("had ended with {code}"),
            );
            eprintln!(
                "{} (process {}) {end}; its last output:\n{}",
                self.name,
                self.pid(),
                self.tail()
            );
        }
    }
}

/// Finds a line with this text. A line without its line break may be incomplete, so it does not count.
fn complete_line(output: &str, text: &str) -> Option<String> {
    let complete = output.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    complete
        .map(str::trim_end)
        .find(|line| line.contains(text))
        .map(str::to_owned)
}
