//! Progress bars on stderr. They are invisible where stderr is not a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts up to `users`, or a spinner with a counter where the total is unknown.
pub(crate) fn progress_bar(users: Option<u64>) -> ProgressBar {
    let (bar, template) = match users {
        Some(users) => (ProgressBar::new(users), "{wide_bar} {pos} of {len} users"),
        None => (ProgressBar::new_spinner(), "{spinner} {pos} users"),
    };
    let style = ProgressStyle::with_template(template).expect("the templates above are well-formed");
    bar.with_style(style)
}
