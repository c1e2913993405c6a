//! The calls about one contact, and the list.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{OriginalUri, State},
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    call::Caller,
    input::{Input, NO_CONTENT, NewWrite, PropertiesInput, check_associations},
    link::next_page,
    object::{self, Wanted},
    query::Query,
    record_id::RecordId,
};
use crate::{
    app::App,
    model::{self, ApiVersion, ContactId, Refusal, Text, WriteInput, find},
};

const MOST_PER_PAGE: u64 = 100;

type Answer = Result<Json<Value>, Refusal>;

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    query: Query,
) -> Answer {
    let limit = query.number("limit", 10)?;
    if !(1..=MOST_PER_PAGE).contains(&limit) {
        return Err(Refusal::InvalidParameter(format!(
            "limit must be between 1 and {MOST_PER_PAGE}"
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
        .map(|contact| object::read(&state.account, contact, &wanted))
        .collect();
    let mut answer = json!({ "results": results });
    if let Some(next) = page.next {
        let link = next_page(&headers, &uri, &next.to_string());
        answer["paging"] = json!({ "next": { "after": next, "link": link } });
    }
    Ok(Json(answer))
}

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    Input(input): Input<NewWrite>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    check_associations(&app, input.has_associations())?;
    let values = WriteInput::from(input).properties;
    let contact = app.change(caller.actor(version), |account, context| {
        model::create(account, context, &values, None)
    })?;
    let state = app.state();
    let answer = object::written(&state.account, &contact, values.keys().map(String::as_str));
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    RecordId(id): RecordId,
    query: Query,
) -> Answer {
    let state = app.state();
    let context = state.context(caller.actor(version), app.clock.now());
    let contact = model::read(
        &state.account,
        &context,
        &id,
        query.get("idProperty"),
        query.flag("archived")?,
    )?;
    let contact = contact.ok_or_else(|| missing(&id, query.get("idProperty")))?;
    Ok(Json(object::read(&state.account, contact, &wanted(&query))))
}

pub(crate) async fn update(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    RecordId(id): RecordId,
    query: Query,
    Input(input): Input<PropertiesInput>,
) -> Answer {
    let values = input.into_values();
    let contact = app.change(caller.actor(version), |account, context| {
        let id_property = query.get("idProperty");
        let id = find(account, &id, id_property)?.ok_or_else(|| missing(&id, id_property))?;
        model::update(account, context, id, &values, None)
    })?;
    let state = app.state();
    Ok(Json(object::written(
        &state.account,
        &contact,
        values.keys().map(String::as_str),
    )))
}

pub(crate) async fn archive(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    RecordId(id): RecordId,
) -> Result<StatusCode, Refusal> {
    // An unknown id, or one archived already, makes no difference.
    app.change(caller.actor(version), |account, context| {
        match find(account, &id, None)? {
            Some(id) => model::archive(account, context, id),
            None => Ok(()),
        }
    })?;
    Ok(NO_CONTENT)
}

/// The two contacts of a merge.
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
) -> Answer {
    let merged = app.change(caller.actor(version), |account, context| {
        model::merge(
            account,
            context,
            &input.primary_object_id.0,
            &input.object_id_to_merge.0,
        )
    })?;
    let state = app.state();
    Ok(Json(object::read(&state.account, &merged, &Wanted::default())))
}

/// The contact to delete for privacy.
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
) -> Result<StatusCode, Refusal> {
    app.change(caller.actor(version), |account, context| {
        model::delete_for_privacy(account, context, &input.object_id.0, input.id_property.as_deref())
    })?;
    Ok(NO_CONTENT)
}

/// A record id that is no number is answered in other words than one that is unknown.
fn missing(id: &str, id_property: Option<&str>) -> Refusal {
    match id.parse::<ContactId>() {
        Err(_) if id_property.is_none() => Refusal::NotNumeric(id.to_owned()),
        _ => Refusal::NotFound,
    }
}

fn wanted(query: &Query) -> Wanted {
    Wanted {
        properties: query.list("properties"),
        histories: query.list("propertiesWithHistory"),
    }
}
