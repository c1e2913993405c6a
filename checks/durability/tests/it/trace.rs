//! A trace by strace, by its lines: `1234 pwrite64(9</data/users.db-wal>, "…", 4096, 32) = 4096`. A call that others
//! come in between has two lines: `… <unfinished ...>` and `1234 <... fsync resumed>) = 0`.

/// SQLite's write-ahead log, which a commit is written to.
const LOG: &str = "-wal>";

pub(crate) struct Trace {
    lines: Vec<String>,
}

impl Trace {
    pub(crate) fn read(text: &str) -> Self {
        let lines = text.lines().map(str::to_owned).collect();
        Self { lines }
    }

    /// Where a page of the log that holds this text is written first.
    pub(crate) fn first_page_with(&self, text: &str) -> usize {
        self.find(0, |line| {
            line.contains("pwrite64(") && line.contains(LOG) && line.contains(text)
        })
        .unwrap_or_else(|| panic!("{text} was not written to the log"))
    }

    /// Where the answer about that user leaves.
    pub(crate) fn answer_about(&self, user: &str) -> usize {
        self.find(0, |line| {
            is_sent(line) && line.contains("_INBOX") && line.contains(user)
        })
        .unwrap_or_else(|| panic!("nothing was answered about {user}"))
    }

    /// Where the first flush of the log that begins after this line has ended with success.
    pub(crate) fn first_flush_after(&self, line: usize) -> usize {
        let begins =
            |line: &str| (line.contains(" fsync(") || line.contains(" fdatasync(")) && line.contains(LOG);
        let begun = self
            .find(line, begins)
            .unwrap_or_else(|| panic!("the log is never flushed after line {line}"));
        let thread = self.lines[begun].split(' ').next().unwrap_or_default();
        let ends = |line: &str| {
            let is_resumed = line.starts_with(thread) && line.contains("sync resumed>");
            (is_resumed || begins(line)) && line.trim_end().ends_with("= 0")
        };
        self.find(begun, ends)
            .unwrap_or_else(|| panic!("the flush at line {begun} does not succeed"))
    }

    fn find(&self, from: usize, is_it: impl Fn(&str) -> bool) -> Option<usize> {
        let found = self.lines.iter().skip(from).position(|line| is_it(line));
        found.map(|index| from + index)
    }
}

fn is_sent(line: &str) -> bool {
    ["write(", "writev(", "sendto(", "sendmsg("]
        .iter()
        .any(|call| line.contains(call))
        && !line.contains("pwrite64(")
}
