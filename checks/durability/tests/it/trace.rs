//! Reads the output of strace. Each line is a system call: `1234 pwrite64(9</data/users.db-wal>, "…", 4096, 32) = 4096`. A call
//! that was interrupted by calls of other threads has two lines: `… <unfinished ...>` and `1234 <... fsync resumed>) = 0`.

/// The end of the name of SQLite's write-ahead log, to which commits are written.
const WRITE_AHEAD_LOG: &str = "-wal>";

pub(crate) struct Trace {
    lines: Vec<String>,
}

impl Trace {
    pub(crate) fn read(text: &str) -> Self {
        let lines = text.lines().map(str::to_owned).collect();
        Self { lines }
    }

    /// The line of the first write of a log page with this text.
    pub(crate) fn first_write_of(&self, text: &str) -> usize {
        self.find(0, |line| {
            line.contains("pwrite64(") && line.contains(WRITE_AHEAD_LOG) && line.contains(text)
        })
        .unwrap_or_else(|| panic!("{text} was not written to the log"))
    }

    /// The line of the first answer about this user.
    pub(crate) fn first_answer_about(&self, user: &str) -> usize {
        self.find(0, |line| {
            is_sent(line) && line.contains("_INBOX") && line.contains(user)
        })
        .unwrap_or_else(|| panic!("there is no answer about {user}"))
    }

    /// The line on which the first flush that begins after this line has succeeded.
    pub(crate) fn first_flush_after(&self, line: usize) -> usize {
        let begins = |line: &str| {
            (line.contains(" fsync(") || line.contains(" fdatasync(")) && line.contains(WRITE_AHEAD_LOG)
        };
        let begin = self
            .find(line, begins)
            .unwrap_or_else(|| panic!("the log is never flushed after line {line}"));
        let thread = self.lines[begin].split(' ').next().unwrap_or_default();
        let ends = |line: &str| {
            let is_resumed = line.starts_with(thread) && line.contains("sync resumed>");
            (is_resumed || begins(line)) && line.trim_end().ends_with("= 0")
        };
        self.find(begin, ends)
            .unwrap_or_else(|| panic!("the flush at line {begin} does not succeed"))
    }

    fn find(&self, from: usize, matches: impl Fn(&str) -> bool) -> Option<usize> {
        let found = self.lines.iter().skip(from).position(|line| matches(line));
        found.map(|index| from + index)
    }
}

fn is_sent(line: &str) -> bool {
    ["write(", "writev(", "sendto(", "sendmsg("]
        .iter()
        .any(|call| line.contains(call))
        && !line.contains("pwrite64(")
}
