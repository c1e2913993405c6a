//! The batch endpoints.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use rand::seq::SliceRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::{App, State as AppState},
    http::{
        pipeline::call_facts::Caller,
        request::{
            json_body::{Input, Inputs, NO_CONTENT, Named, NamedWrite, NewWrite, check_associations},
            parameters::Query,
        },
        response::{
            batch_error::error_entry,
            contact_json::{self, Wanted},
        },
    },
    model::{
        self, Account, ApiVersion, BatchOutcome, BatchResult, Context, Rejection, WriteInput, timestamp,
    },
    settings::PartialStatus,
};

/// The operation of the model that a batch write calls.
type BatchOperation = fn(&mut Account, &Context<'_>, &[WriteInput]) -> Result<BatchOutcome, Rejection>;

pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    Input(input): Input<Inputs<NewWrite>>,
) -> Result<Response, Rejection> {
    let inputs: Vec<NewWrite> = input.into_iter().collect();
    check_associations(&app, inputs.iter().all(NewWrite::has_associations))?;
    let inputs: Vec<WriteInput> = inputs.into_iter().map(WriteInput::from).collect();
    write(
        &app,
        version,
        &caller,
        &inputs,
        model::batch_create,
        StatusCode::CREATED,
    )
}

pub(crate) async fn update(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    Input(input): Input<Inputs<NamedWrite>>,
) -> Result<Response, Rejection> {
    let inputs: Vec<WriteInput> = input.into_iter().map(WriteInput::from).collect();
    write(
        &app,
        version,
        &caller,
        &inputs,
        model::batch_update,
        StatusCode::OK,
    )
}

pub(crate) async fn upsert(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    Input(input): Input<Inputs<NamedWrite>>,
) -> Result<Response, Rejection> {
    let inputs: Vec<WriteInput> = input.into_iter().map(WriteInput::from).collect();
    write(
        &app,
        version,
        &caller,
        &inputs,
        model::batch_upsert,
        StatusCode::OK,
    )
}

pub(crate) async fn archive(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    Input(input): Input<Inputs<Named>>,
) -> Result<StatusCode, Rejection> {
    let ids: Vec<String> = input.into_iter().map(|input| input.id.0).collect();
    app.change(caller.actor(version), |account, context| {
        model::batch_archive(account, context, &ids)
    })?;
    Ok(NO_CONTENT)
}

/// The body of a batch read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadInput {
    #[serde(flatten)]
    ids: Inputs<Named>,
    id_property: Option<String>,
    #[serde(default)]
    properties: Vec<String>,
    #[serde(default)]
    properties_with_history: Vec<String>,
}

pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Extension(version): Extension<ApiVersion>,
    Extension(caller): Extension<Caller>,
    query: Query,
    Input(input): Input<ReadInput>,
) -> Result<Response, Rejection> {
    let ids: Vec<String> = input.ids.into_iter().map(|input| input.id.0).collect();
    let wanted = Wanted {
        properties: input.properties,
        histories: input.properties_with_history,
    };
    let now = app.clock.now();
    let state = &mut *app.state();
    let outcome = {
        let context = state.context(caller.actor(version), now);
        let with_history = !wanted.histories.is_empty();
        let id_property = input.id_property.as_deref();
        model::batch_read(
            &state.account,
            &context,
            &ids,
            id_property,
            query.flag("archived")?,
            with_history,
        )?
    };
    let to_json =
        |state: &AppState, result: &BatchResult| contact_json::read(state, &result.contact, &wanted);
    Ok(batch_response(
        state,
        &timestamp(now),
        &outcome,
        StatusCode::OK,
        to_json,
    ))
}

fn write(
    app: &App,
    version: ApiVersion,
    caller: &Caller,
    inputs: &[WriteInput],
    operation: BatchOperation,
    success: StatusCode,
) -> Result<Response, Rejection> {
    if app.state().switches.empty_success {
        return Ok(empty_success(app));
    }
    let outcome = app.change(caller.actor(version), |account, context| {
        operation(account, context, inputs)
    })?;
    let now = timestamp(app.clock.now());
    Ok(batch_response(
        &mut app.state(),
        &now,
        &outcome,
        success,
        written_json,
    ))
}

fn written_json(state: &AppState, result: &BatchResult) -> Value {
    let mut object = contact_json::written(state, &result.contact, result.written.iter().map(String::as_str));
    let trace_id = result.trace_id.as_ref();
    if let Some(trace_id) = trace_id.filter(|_| state.switches.trace_ids_in_results) {
        object["objectWriteTraceId"] = trace_id.clone().into();
    }
    if let Some(is_new) = result.is_new {
        object["new"] = is_new.into();
    }
    object
}

/// A 2xx with an empty list of results.
pub(crate) fn empty_success(app: &App) -> Response {
    let now = timestamp(app.clock.now());
    Json(json!({ "status": "COMPLETE", "results": [], "startedAt": now, "completedAt": now, "requestedAt": now }))
        .into_response()
}

fn batch_response(
    state: &mut AppState,
    now: &str,
    outcome: &BatchOutcome,
    success: StatusCode,
    to_json: impl Fn(&AppState, &BatchResult) -> Value,
) -> Response {
    let mut results: Vec<Value> = outcome
        .results
        .iter()
        .map(|result| to_json(state, result))
        .collect();
    if state.switches.shuffle_results {
        results.shuffle(&mut state.random);
    }
    let mut body = json!({
        "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now, "requestedAt": now,
    });
    if !outcome.errors.is_empty() {
        body["numErrors"] = outcome.errors.len().into();
        body["errors"] = outcome
            .errors
            .iter()
            .map(|error| error_entry(state, error))
            .collect();
    }
    (status(state, outcome, success), Json(body)).into_response()
}

fn status(state: &AppState, outcome: &BatchOutcome, success: StatusCode) -> StatusCode {
    let is_partial =
        !outcome.errors.is_empty() && state.switches.partial_status == PartialStatus::MultiStatus;
    let is_multi_status_success = outcome.has_traces && state.switches.multi_status_on_success;
    if is_partial || is_multi_status_success {
        StatusCode::MULTI_STATUS
    } else {
        success
    }
}
