//! Who may call: tokens, scopes, OAuth and the rate limits.

mod limits;
mod oauth;
mod tokens;
