//! Lists and searches.

mod lists_and_search;
mod typed_values;
