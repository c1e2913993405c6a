//! Lists, searches and the lag of search.

use sandbox::{Limits, Sandbox, Settings, Switches};
use serde_json::{Value, json};

use crate::client::{CURRENT, Client, add, predictable_switches, start};

/// Starts a sandbox with a high limit on searches.
async fn searchable() -> (Sandbox, Client) {
    let limits = Limits {
        search_per_second: 1_000,
        ..Limits::default()
    };
    start(Settings {
        limits,
        switches: predictable_switches(),
        ..Settings::default()
    })
    .await
}

async fn found(client: &Client, search: Value) -> Vec<String> {
    let body = client
        .post(&format!("{CURRENT}/search"), search)
        .await
        .expect(200);
    body["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["id"].as_str().unwrap().to_owned())
        .collect()
}

fn filter(name: &str, operator: &str, more: &Value) -> Value {
    let mut filter = json!({ "propertyName": name, "operator": operator });
    filter
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "filterGroups": [{ "filters": [filter] }] })
}

#[tokio::test]
async fn the_list_is_paged() {
    let (hubspot, client) = searchable().await;
    let third = add(&hubspot, "third@example.com");
    let page = client.get(&format!("{CURRENT}?limit=2")).await.expect(200);
    assert_eq!(page["results"][1]["id"], "51");
    let after = page["paging"]["next"]["after"].as_str().unwrap();
    let page = client
        .get(&format!("{CURRENT}?limit=2&after={after}"))
        .await
        .expect(200);
    assert_eq!(page["results"][0]["id"], *third);
    assert!(page.get("paging").is_none(), "the last page has no link");
    client.get(&format!("{CURRENT}?limit=101")).await.expect(400);
    client.get(&format!("{CURRENT}?limit=ten")).await.expect(400);
}

#[tokio::test]
async fn archived_contacts_are_listed_separately() {
    let (hubspot, client) = searchable().await;
    hubspot.archive(51).unwrap();
    assert_eq!(
        client.get(CURRENT).await.expect(200)["results"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let archived = client.get(&format!("{CURRENT}?archived=true")).await.expect(200);
    assert_eq!(archived["results"][0]["id"], "51");
}

#[tokio::test]
async fn every_operator_finds_its_contacts() {
    let (_hubspot, client) = searchable().await;
    for (name, operator, more, expected) in [
        ("email", "EQ", json!({"value": "BH@hubspot.com"}), vec!["51"]),
        ("email", "NEQ", json!({"value": "bh@hubspot.com"}), vec!["1"]),
        ("hs_object_id", "GT", json!({"value": "9"}), vec!["51"]),
        ("hs_object_id", "GTE", json!({"value": "1"}), vec!["1", "51"]),
        ("hs_object_id", "LT", json!({"value": "51"}), vec!["1"]),
        ("hs_object_id", "LTE", json!({"value": "51"}), vec!["1", "51"]),
        (
            "hs_object_id",
            "BETWEEN",
            json!({"value": "2", "highValue": "60"}),
            vec!["51"],
        ),
        ("firstname", "IN", json!({"values": ["brian"]}), vec!["51"]),
        ("firstname", "NOT_IN", json!({"values": ["brian"]}), vec!["1"]),
        ("phone", "HAS_PROPERTY", json!({}), vec![]),
        ("phone", "NOT_HAS_PROPERTY", json!({}), vec!["1", "51"]),
        (
            "lastname",
            "CONTAINS_TOKEN",
            json!({"value": "hallig*"}),
            vec!["51"],
        ),
        (
            "lastname",
            "NOT_CONTAINS_TOKEN",
            json!({"value": "johnson"}),
            vec!["51"],
        ),
    ] {
        assert_eq!(
            found(&client, filter(name, operator, &more)).await,
            expected,
            "{name} {operator}"
        );
    }
}

#[tokio::test]
async fn only_free_text_finds_secondary_addresses() {
    let (hubspot, client) = searchable().await;
    hubspot
        .edit_contact(51, [("email", "x-neal@example.com")])
        .unwrap();
    assert!(
        found(
            &client,
            filter("email", "EQ", &json!({"value": "bh@hubspot.com"}))
        )
        .await
        .is_empty()
    );
    assert_eq!(found(&client, json!({ "query": "bh@hubspot.com" })).await, ["51"]);
    let by_token = filter(
        "hs_additional_emails",
        "CONTAINS_TOKEN",
        &json!({"value": "bh@hubspot.com"}),
    );
    assert_eq!(found(&client, by_token).await, ["51"]);
    let by_token = filter("email", "CONTAINS_TOKEN", &json!({"value": "neal@example.com"}));
    assert_eq!(
        found(&client, by_token).await,
        ["51"],
        "tokens are not the whole address"
    );
}

#[tokio::test]
async fn filter_groups_are_alternatives_and_results_sorted() {
    let (_hubspot, client) = searchable().await;
    let group =
        |name: &str| json!({ "filters": [{ "propertyName": "firstname", "operator": "EQ", "value": name }] });
    let sort = json!([{ "propertyName": "hs_object_id", "direction": "DESCENDING" }]);
    let search = json!({ "filterGroups": [group("Brian"), group("Maria")], "sorts": sort, "limit": 1 });
    let body = client
        .post(&format!("{CURRENT}/search"), search.clone())
        .await
        .expect(200);
    assert_eq!(
        (&body["total"], &body["results"][0]["id"]),
        (&json!(2), &json!("51"))
    );
    let mut next = search;
    next["after"] = body["paging"]["next"]["after"].clone();
    assert_eq!(found(&client, next).await, ["1"]);
}

#[tokio::test]
async fn searches_beyond_the_limits_are_rejected() {
    let (_hubspot, client) = searchable().await;
    let one = json!({ "propertyName": "phone", "operator": "HAS_PROPERTY" });
    let groups = |groups: usize, filters: usize| {
        let group = json!({ "filters": vec![one.clone(); filters] });
        json!({ "filterGroups": vec![group; groups] })
    };
    for search in [
        groups(6, 1),
        groups(1, 7),
        groups(4, 5),
        json!({ "sorts": ["email", "firstname"] }),
        json!({ "limit": 201 }),
        json!({ "limit": 100, "after": "9901" }),
        json!({ "query": "x".repeat(3_000) }),
    ] {
        let body = client
            .post(&format!("{CURRENT}/search"), search.clone())
            .await
            .expect(400);
        assert_eq!(body["category"], "VALIDATION_ERROR", "{search}");
    }
    client
        .post(&format!("{CURRENT}/search"), groups(3, 6))
        .await
        .expect(200);
}

#[tokio::test]
async fn search_lags_and_reads_do_not() {
    let (hubspot, client) = searchable().await;
    hubspot.set_switches(Switches {
        search_lag_ms: 3_600_000,
        ..hubspot.switches()
    });
    client
        .patch(
            &format!("{CURRENT}/51"),
            json!({ "properties": { "firstname": "New" } }),
        )
        .await
        .expect(200);
    add(&hubspot, "new@example.com");
    assert!(
        found(&client, filter("firstname", "EQ", &json!({"value": "New"})))
            .await
            .is_empty()
    );
    assert!(
        found(
            &client,
            filter("email", "EQ", &json!({"value": "new@example.com"}))
        )
        .await
        .is_empty()
    );
    assert_eq!(
        found(&client, filter("firstname", "EQ", &json!({"value": "Brian"}))).await,
        ["51"]
    );
    assert_eq!(
        client.get(&format!("{CURRENT}/51")).await.expect(200)["properties"]["firstname"],
        "New"
    );
}

#[tokio::test]
async fn search_shows_a_write_after_the_lag() {
    let (hubspot, client) = searchable().await;
    hubspot.set_switches(Switches {
        search_lag_ms: 50,
        ..hubspot.switches()
    });
    hubspot.edit_contact(51, [("firstname", "New")]).unwrap();
    let by_new_name = filter("firstname", "EQ", &json!({"value": "New"}));
    for _ in 0..1_000 {
        if found(&client, by_new_name.clone()).await == ["51"] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("search never showed the write");
}
