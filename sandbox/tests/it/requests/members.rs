//! The members of requests and responses: queries, links, trace ids, associations.

use std::collections::BTreeSet;

use sandbox::{Sandbox, Switches};

use serde_json::{Value, json};

use crate::client::{CURRENT, V3, add, batch, named, new, properties, start_predictable, traced};

/// Changes one switch.
pub(crate) fn switch(hubspot: &Sandbox, change: impl FnOnce(&mut Switches)) {
    let mut switches = hubspot.switches();
    change(&mut switches);
    hubspot.set_switches(switches);
}

/// The names of the members of an object.
pub(crate) fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn query_booleans_are_accepted_in_any_case() {
    let (hubspot, client) = start_predictable().await;
    hubspot.archive(51).unwrap();
    let read = json!({ "inputs": [{ "id": "51" }] });
    for (text, status) in [
        ("true", 200),
        ("True", 200),
        ("TRUE", 200),
        ("false", 404),
        ("False", 404),
        ("", 404),
    ] {
        let query = format!("archived={text}");
        client.get(&format!("{V3}/51?{query}")).await.expect(status);
        let list = client.get(&format!("{V3}?{query}")).await.expect(200);
        assert_eq!(list["results"][0]["archived"], status == 200, "{text}");
        let several = if status == 200 { 200 } else { 207 };
        let path = format!("{V3}/batch/read?{query}");
        client.post(&path, read.clone()).await.expect(several);
    }
    for text in ["1", "yes", "truee"] {
        for path in [
            format!("{V3}/51?archived={text}"),
            format!("{V3}?archived={text}"),
        ] {
            assert_eq!(
                client.get(&path).await.expect(400)["category"],
                "VALIDATION_ERROR"
            );
        }
        let path = format!("{V3}/batch/read?archived={text}");
        client.post(&path, read.clone()).await.expect(400);
    }
}

#[tokio::test]
async fn the_link_to_the_next_page_can_be_followed() {
    let (hubspot, client) = start_predictable().await;
    for number in 0..5 {
        add(&hubspot, &format!("{number}@example.com"));
    }
    let url = hubspot.url();
    for base in [V3, "/crm/objects/2026-03/0-1", CURRENT] {
        let mut path = format!("{base}?properties=email,firstname&after=0&limit=2&archived=False");
        let mut seen = Vec::new();
        loop {
            let page = client.get(&path).await.expect(200);
            for result in page["results"].as_array().unwrap() {
                assert!(result["properties"].as_object().unwrap().contains_key("email"));
                seen.push(result["id"].as_str().unwrap().to_owned());
            }
            let Some(link) = page["paging"]["next"]["link"].as_str() else {
                break;
            };
            let after = page["paging"]["next"]["after"].as_str().unwrap();
            let expected =
                format!("{url}{base}?properties=email,firstname&limit=2&archived=False&after={after}");
            assert_eq!(link, expected);
            path = link.strip_prefix(&url).unwrap().to_owned();
        }
        let all: Vec<String> = hubspot
            .contacts()
            .iter()
            .map(|contact| contact.id.to_string())
            .collect();
        assert_eq!(seen, all);
    }
}

#[tokio::test]
async fn only_upserts_say_whether_a_contact_is_new() {
    let (_hubspot, client) = start_predictable().await;
    let upsert = |id: &str| json!([{ "id": id, "idProperty": "email", "properties": {} }]);
    let created = batch(&client, "create", json!([new("a@example.com")]))
        .await
        .expect(201);
    let updated = batch(&client, "update", json!([named("51", "x")]))
        .await
        .expect(200);
    let read = batch(&client, "read", json!([{ "id": "51" }])).await.expect(200);
    for body in [created, updated, read] {
        assert!(body["results"][0].get("new").is_none(), "{body}");
    }
    for (id, is_new) in [("bh@hubspot.com", false), ("b@example.com", true)] {
        let body = batch(&client, "upsert", upsert(id)).await.expect(200);
        assert_eq!(body["results"][0]["new"], is_new);
    }
}

#[tokio::test]
async fn results_have_trace_ids_by_switch() {
    let (hubspot, client) = start_predictable().await;
    for is_on in [false, true] {
        switch(&hubspot, |switches| switches.trace_ids_in_results = is_on);
        let upsert = json!({ "id": "bh@hubspot.com", "idProperty": "email", "properties": {} });
        for (call, input) in [
            ("update", named("51", "x")),
            ("create", new(&format!("{is_on}@example.com"))),
            ("upsert", upsert),
        ] {
            let response = batch(&client, call, json!([traced("t-1", input)])).await;
            let trace_id = response.json()["results"][0].get("objectWriteTraceId").cloned();
            assert_eq!(trace_id, is_on.then(|| json!("t-1")), "{call}");
        }
        let body = batch(&client, "update", json!([traced("t-9", named("999", "x"))]))
            .await
            .expect(207);
        assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["t-9"]));
    }
}

#[tokio::test]
async fn responses_have_exactly_hubspots_members() {
    let (hubspot, client) = start_predictable().await;
    let object = ["archived", "createdAt", "id", "properties", "updatedAt", "url"].into();
    let created = client
        .post(V3, properties(json!({ "firstname": "x" })))
        .await
        .expect(201);
    let written = client
        .patch(&format!("{V3}/51"), properties(json!({ "firstname": "x" })))
        .await
        .expect(200);
    let read = client.get(&format!("{V3}/51")).await.expect(200);
    let listed = client.get(V3).await.expect(200)["results"][0].clone();
    let found = client.post(&format!("{V3}/search"), json!({})).await.expect(200);
    let batched = batch(&client, "update", json!([named("51", "x")]))
        .await
        .expect(200);
    let merge = json!({ "primaryObjectId": "51", "objectIdToMerge": "1" });
    let merged = client.post(&format!("{V3}/merge"), merge).await.expect(200);
    for response in [
        &created,
        &written,
        &read,
        &listed,
        &found["results"][0],
        &batched["results"][0],
        &merged,
    ] {
        assert_eq!(names(response), object, "{response}");
    }
    assert_eq!(names(&found), ["results", "total"].into());
    assert_eq!(
        names(&batched),
        ["completedAt", "requestedAt", "results", "startedAt", "status"].into()
    );
    hubspot.archive(merged["id"].as_str().unwrap()).unwrap();
    let archived = client.get(&format!("{V3}?archived=true")).await.expect(200);
    let with_time = object.iter().copied().chain(["archivedAt"]).collect();
    assert_eq!(names(&archived["results"][0]), with_time);
    let details = client.get("/account-info/v3/details").await.expect(200);
    let members = [
        "accountType",
        "additionalCurrencies",
        "companyCurrency",
        "dataHostingLocation",
        "portalId",
        "timeZone",
        "uiDomain",
        "utcOffset",
        "utcOffsetMilliseconds",
    ];
    assert_eq!(names(&details), members.into());
}

#[tokio::test]
async fn creates_need_associations_by_switch() {
    let (hubspot, client) = start_predictable().await;
    let with =
        |associations: Value| json!({ "properties": { "firstname": "x" }, "associations": associations });
    let without = json!({ "properties": { "firstname": "x" } });
    batch(&client, "create", json!([without])).await.expect(201);
    switch(&hubspot, |switches| switches.associations_required = true);
    let body = batch(&client, "create", json!([with(json!([])), without]))
        .await
        .expect(400);
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .ends_with("Some required fields were not set: [associations]")
    );
    client.post(CURRENT, without).await.expect(400);
    let company = json!([{ "to": { "id": "9" }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279 }] }]);
    for associations in [json!([]), company] {
        batch(&client, "create", json!([with(associations.clone())]))
            .await
            .expect(201);
        client.post(CURRENT, with(associations)).await.expect(201);
    }
    for associations in [
        json!({}),
        json!([{}]),
        json!([{ "to": "9", "types": [] }]),
        json!("none"),
    ] {
        batch(&client, "create", json!([with(associations.clone())]))
            .await
            .expect(400);
        client.post(CURRENT, with(associations)).await.expect(400);
    }
}

#[tokio::test]
async fn values_beyond_65536_characters_are_rejected() {
    let (hubspot, client) = start_predictable().await;
    for letter in ["x", "é", "🦀"] {
        let longest = letter.repeat(65_536);
        client
            .patch(
                &format!("{CURRENT}/51"),
                properties(json!({ "firstname": longest })),
            )
            .await
            .expect(200);
        let longer = format!("{longest}x");
        let body = client
            .patch(
                &format!("{CURRENT}/51"),
                properties(json!({ "firstname": longer })),
            )
            .await
            .expect(400);
        assert_eq!(body["category"], "VALIDATION_ERROR");
        assert_eq!(body["errors"][0]["context"]["propertyName"], json!(["firstname"]));
        assert!(body.to_string().len() < 2_000, "the value is not quoted back");
        assert_eq!(hubspot.contact(51).unwrap().value("firstname"), Some(longest));
    }
}

#[tokio::test]
async fn a_530_is_answered_in_html() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault("times=1,answer=530".parse().unwrap());
    let response = client.get(V3).await;
    assert_eq!(response.status, 530);
    assert!(response.text.contains("<html>"));
}

#[tokio::test]
async fn a_url_that_is_too_long_is_rejected() {
    let (_hubspot, client) = start_predictable().await;
    let response = client
        .get(&format!("{V3}?properties={}", "x".repeat(16_200)))
        .await;
    assert_eq!(response.status, 414);
    client
        .get(&format!("{V3}?properties={}", "x".repeat(16_000)))
        .await
        .expect(200);
}
