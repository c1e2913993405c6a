//! The endpoints for one contact, and the list of contacts.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{OriginalUri, State},
    http::{HeaderMap, StatusCode, Uri, header},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    http::{
        pipeline::call_facts::Caller,
        request::{
            json_body::{Input, NO_CONTENT, NewWrite, PropertiesInput, check_associations},
            parameters::{Query, RecordId},
        },
        response::contact_json::{self, Wanted},
    },
    model::{self, ApiVersion, ContactId, Rejection, Text, WriteInput, find},
};

const MAX_PER_PAGE: u64 = 100;

type JsonResult = Result<Json<Value>, Rejection>;

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    query: Query,
) -> JsonResult {
    let limit = query.number("limit", 10)?;
    if !(1..=MAX_PER_PAGE).contains(&limit) {
        return Err(Rejection::InvalidParameter(format!(
            "limit must be between 1 and {MAX_PER_PAGE}"
        )));
    }
    let after = ContactId(query.number("after", 0)?);
    let state = app.state();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let page = model::list(&state.account, after, limit, query.flag("archived")?);
    let wanted = wanted(&query);
    let results: Vec<Value> = page
        .contacts
        .iter()
        .map(|contact| contact_json::read(&state, contact, &wanted))
        .collect();
    let mut answer = json!({ "results": results });
    if let Some(next) = page.next {
        let link = next_page_link(&headers, &uri, &next.to_string());
        answer["paging"] = json!({ "next": { "after": next, "link": link } });
    }
    Ok(Json(answer))
}

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    Input(input): Input<NewWrite>,
) -> Result<(StatusCode, Json<Value>), Rejection> {
    check_associations(&app, input.has_associations())?;
    let values = WriteInput::from(input).properties;
    let contact = app.change(caller.actor(version), |account, context| {
        model::create(account, context, &values, None)
    })?;
    let state = app.state();
    let answer = contact_json::written(&state, &contact, values.keys().map(String::as_str));
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    RecordId(id): RecordId,
    query: Query,
) -> JsonResult {
    let state = app.state();
    let context = state.context(caller.actor(version), app.clock.now());
    let contact = model::read(
        &state.account,
        &context,
        &id,
        query.get("idProperty"),
        query.flag("archived")?,
    )?;
    let contact = contact.ok_or_else(|| not_found(&id, query.get("idProperty")))?;
    Ok(Json(contact_json::read(&state, contact, &wanted(&query))))
}

pub(crate) async fn update(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    RecordId(id): RecordId,
    query: Query,
    Input(input): Input<PropertiesInput>,
) -> JsonResult {
    let values = input.into_values();
    let contact = app.change(caller.actor(version), |account, context| {
        let id_property = query.get("idProperty");
        let id = find(account, &id, id_property)?.ok_or_else(|| not_found(&id, id_property))?;
        model::update(account, context, id, &values, None)
    })?;
    let state = app.state();
    Ok(Json(contact_json::written(
        &state,
        &contact,
        values.keys().map(String::as_str),
    )))
}

pub(crate) async fn archive(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    RecordId(id): RecordId,
) -> Result<StatusCode, Rejection> {
    // HubSpot answers 204 also for an unknown id and for a contact that is archived already.
    app.change(caller.actor(version), |account, context| {
        match find(account, &id, None)? {
            Some(id) => model::archive(account, context, id),
            None => Ok(()),
        }
    })?;
    Ok(NO_CONTENT)
}

/// The body of a merge.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MergeInput {
    pub(crate) primary_object_id: Text,
    pub(crate) object_id_to_merge: Text,
}

pub(crate) async fn merge(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    Input(input): Input<MergeInput>,
) -> JsonResult {
    let merged = app.change(caller.actor(version), |account, context| {
        model::merge(
            account,
            context,
            &input.primary_object_id.0,
            &input.object_id_to_merge.0,
        )
    })?;
    let state = app.state();
    Ok(Json(contact_json::read(&state, &merged, &Wanted::default())))
}

/// The body of a deletion for privacy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrivacyInput {
    object_id: Text,
    id_property: Option<String>,
}

pub(crate) async fn delete_for_privacy(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    Input(input): Input<PrivacyInput>,
) -> Result<StatusCode, Rejection> {
    app.change(caller.actor(version), |account, context| {
        model::delete_for_privacy(account, context, &input.object_id.0, input.id_property.as_deref())
    })?;
    Ok(NO_CONTENT)
}

/// The rejection of an unknown id. A record id that is not a number gets a message of its own.
fn not_found(id: &str, id_property: Option<&str>) -> Rejection {
    match id.parse::<ContactId>() {
        Err(_) if id_property.is_none() => Rejection::NotNumeric(id.to_owned()),
        _ => Rejection::NotFound,
    }
}

fn wanted(query: &Query) -> Wanted {
    Wanted {
        properties: query.list("properties"),
        histories: query.list("propertiesWithHistory"),
    }
}

/// The full URL of the next page: the URL of this request with another `after`.
fn next_page_link(headers: &HeaderMap, requested: &Uri, after: &str) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let others = requested.query().unwrap_or_default().split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && name != "after"
    });
    let after = format!("after={after}");
    let query: Vec<&str> = others.chain([after.as_str()]).collect();
    let (host, path) = (host.unwrap_or("api.hubapi.com"), requested.path());
    format!("http://{host}{path}?{}", query.join("&"))
}
