//! Pages for people: the overview, and the page on which a person connects an app.

pub(crate) mod consent;
pub(crate) mod overview;
