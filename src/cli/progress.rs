//! A bar on stderr while something takes long; nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for that many users, where their number is known.
pub(crate) fn bar(users: Option<u64>) -> ProgressBar {
    let (bar, template) = match users {
        Some(users) => (ProgressBar::new(users), "{wide_bar} {pos} of {len} users"),
        None => (ProgressBar::new_spinner(), "{spinner} {pos} users"),
    };
    let style = ProgressStyle::with_template(template).expect("the templates above are well-formed");
    bar.with_style(style)
}
