//! The details of the account.
//! <https://developers.hubspot.com/docs/api-reference/latest/account/account-information/guide>

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::app::App;

/// The name of the sandbox on its pages and in its health.
pub(crate) const NAME: &str = "HubSpot sandbox (not HubSpot)";

pub(crate) async fn show(State(app): State<Arc<App>>) -> Json<Value> {
    let offset = app.utc_offset_hours;
    Json(json!({
        "portalId": app.state().account.stored.portal_id,
        "accountType": "SANDBOX",
        "timeZone": time_zone(offset),
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": format!("{offset:+03}:00"),
        "utcOffsetMilliseconds": i64::from(offset) * 3_600_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }))
}

/// The name of the time zone. In the `Etc/GMT` names of the tz database the sign is reversed.
fn time_zone(offset: i8) -> String {
    if offset == 0 {
        "UTC".to_owned()
    } else {
        format!("Etc/GMT{:+}", -i16::from(offset))
    }
}
