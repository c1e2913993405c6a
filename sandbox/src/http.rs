//! The HTTP server: HubSpot's API, the sandbox's own controls under `/_sandbox`, and two pages for people.

mod admin;
pub(crate) mod connection;
mod endpoints;
mod pages;
mod pipeline;
mod request;
mod response;
mod routes;

pub(crate) use response::rejection_body::rejection_body;
pub(crate) use routes::router;
