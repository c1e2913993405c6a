//! What the command line prints and asks: answers as text or JSON, confirmations, and progress bars.

mod confirm;
mod output;
mod progress;

pub(crate) use confirm::confirm;
pub(crate) use output::{
    MORE_ARE_LISTED_BY_LIMIT, Output, definitions, format_age, format_reason, format_users, print,
    print_part, table, text,
};
pub(crate) use progress::progress_bar;
