//! Every route of the server.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{delete, get, patch, post, put},
};

use super::{
    admin::{self, contacts as admin_contacts, properties as admin_properties},
    endpoints::{
        account_details, batches, contacts, properties, property_groups, property_validations, search, token,
    },
    pages::{consent, overview},
    pipeline::{self, finish_response::finish_admin_response},
};
use crate::{
    app::App,
    model::{ApiVersion, Rejection},
};

/// All routes: HubSpot's API, the pages for people and the sandbox's own controls.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .merge(hubspot(app))
        .route("/", get(overview::show))
        .route("/oauth/authorize", get(consent::show))
        .route("/oauth/authorize/grant", get(consent::grant))
        .route("/oauth/authorize/deny", get(consent::deny))
        .nest("/_sandbox", controls(app))
        .layer(DefaultBodyLimit::max(pipeline::MAX_BODY_BYTES))
        .with_state(Arc::clone(app))
}

/// HubSpot's API. Every call of it goes through the pipeline.
fn hubspot(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .nest("/crm/v3/objects/contacts", contact_routes(ApiVersion::V3))
        .nest(
            "/crm/objects/2026-03/contacts",
            contact_routes(ApiVersion::March2026),
        )
        .nest("/crm/objects/2026-03/0-1", contact_routes(ApiVersion::March2026))
        .nest(
            "/crm/objects/2026-09/contacts",
            contact_routes(ApiVersion::September2026),
        )
        .nest(
            "/crm/objects/2026-09/0-1",
            contact_routes(ApiVersion::September2026),
        )
        .merge(property_paths("/crm/v3/properties", ApiVersion::V3))
        .merge(property_paths("/crm/properties/2026-03", ApiVersion::March2026))
        .merge(property_paths(
            "/crm/properties/2026-09",
            ApiVersion::September2026,
        ))
        .nest("/crm/v3/property-validations/0-1", validation_routes())
        .nest("/crm/property-validations/v3/0-1", validation_routes())
        .nest("/crm/property-validations/2026-03/0-1", validation_routes())
        .nest("/crm/property-validations/2026-09/0-1", validation_routes())
        .route("/account-info/v3/details", get(account_details::show))
        .route("/account-info/2026-03/details", get(account_details::show))
        .route("/account-info/2026-09/details", get(account_details::show))
        .route("/oauth/v1/token", post(token::issue_v1))
        .route("/oauth/v3/token", post(token::issue))
        .route("/oauth/2026-03/token", post(token::issue))
        .route("/oauth/2026-09/token", post(token::issue))
        .fallback(async || Rejection::NoSuchPath)
        .layer(from_fn_with_state(Arc::clone(app), pipeline::handle_call))
}

fn contact_routes(version: ApiVersion) -> Router<Arc<App>> {
    Router::new()
        .route("/", get(contacts::list).post(contacts::create))
        .route(
            "/{id}",
            get(contacts::read)
                .patch(contacts::update)
                .delete(contacts::archive),
        )
        .route("/batch/create", post(batches::create))
        .route("/batch/read", post(batches::read))
        .route("/batch/update", post(batches::update))
        .route("/batch/upsert", post(batches::upsert))
        .route("/batch/archive", post(batches::archive))
        .route("/merge", post(contacts::merge))
        .route("/gdpr-delete", post(contacts::delete_for_privacy))
        .route("/search", post(search::search))
        .layer(Extension(version))
}

/// The paths of properties below this one, for both names of the type of contacts.
fn property_paths(base: &str, version: ApiVersion) -> Router<Arc<App>> {
    Router::new()
        .nest(&format!("{base}/contacts"), property_routes(version))
        .nest(&format!("{base}/0-1"), property_routes(version))
}

fn property_routes(version: ApiVersion) -> Router<Arc<App>> {
    Router::new()
        .route("/", get(properties::list).post(properties::create))
        .route(
            "/{name}",
            get(properties::show)
                .patch(properties::update)
                .delete(properties::archive),
        )
        .route("/batch/read", post(properties::batch_read))
        .route(
            "/groups",
            get(property_groups::list).post(property_groups::create),
        )
        .route("/groups/{name}", get(property_groups::show))
        .layer(Extension(version))
}

fn validation_routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(property_validations::list))
        .route("/{name}", get(property_validations::show))
}

/// The sandbox's own controls. They need no token, and limits and faults do not apply to them.
fn controls(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/health", get(admin::health))
        .route(
            "/contacts",
            get(admin_contacts::list).post(admin_contacts::create),
        )
        .route(
            "/contacts/{id}",
            get(admin_contacts::show)
                .patch(admin_contacts::edit)
                .delete(admin_contacts::archive),
        )
        .route("/merge", post(admin_contacts::merge))
        .route(
            "/properties",
            get(admin_properties::list).post(admin_properties::add),
        )
        .route(
            "/properties/{name}",
            patch(admin_properties::edit).delete(admin_properties::archive),
        )
        .route("/properties/{name}/restore", post(admin_properties::restore))
        .route(
            "/properties/{name}/options/{option}",
            put(admin_properties::add_option).delete(admin_properties::remove_option),
        )
        .route("/properties/{name}/rules", put(admin_properties::set_rules))
        .route("/calls", get(admin::calls).delete(admin::forget_calls))
        .route(
            "/faults",
            get(admin::faults)
                .post(admin::add_fault)
                .delete(admin::clear_faults),
        )
        .route("/faults/{id}", delete(admin::remove_fault))
        .route("/switches", get(admin::switches).patch(admin::patch_switches))
        .route("/limits", get(admin::limits).put(admin::set_limits))
        .route("/tokens", put(admin::set_tokens))
        .route("/disconnect", post(admin::disconnect))
        .route("/connect", post(admin::connect))
        .route("/codes", post(admin::add_code))
        .route("/revoke", post(admin::revoke_access_tokens))
        .layer(from_fn_with_state(Arc::clone(app), finish_admin_response))
}
