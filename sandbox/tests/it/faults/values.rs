//! Values that a contact does not keep, and properties that responses do not show.

use sandbox::{Fault, KeptForm};
use serde_json::json;

use crate::client::{CURRENT, batch, first_name, named, start_predictable};

#[tokio::test]
async fn a_contact_keeps_another_form_and_the_response_shows_it() {
    let (hubspot, client) = start_predictable().await;
    for (form, kept) in [
        (KeptForm::Trimmed, "Ada  Maria"),
        (KeptForm::Collapsed, "Ada Maria"),
        (KeptForm::Folded, " ada  maria "),
        (KeptForm::Replaced, KeptForm::REPLACEMENT),
    ] {
        hubspot.clear_faults();
        hubspot.add_fault(Fault::keep(form).for_property("firstname"));
        let inputs = json!([named("51", " Ada  Maria ")]);
        let results = batch(&client, "update", inputs).await.expect(200)["results"].clone();
        assert_eq!(results[0]["properties"]["firstname"], kept);
        assert_eq!(first_name(&hubspot, "51").as_deref(), Some(kept));
    }
}

#[tokio::test]
async fn only_the_named_contact_and_property_are_concerned() {
    let (hubspot, client) = start_predictable().await;
    let fault = Fault::keep(KeptForm::Folded)
        .for_property("firstname")
        .for_contact(51);
    hubspot.add_fault(fault);
    let both = json!([
        { "id": "1", "properties": { "firstname": "Maria", "lastname": "Johnson" } },
        { "id": "51", "properties": { "firstname": "Brian", "lastname": "Halligan" } },
    ]);
    batch(&client, "update", both).await.expect(200);
    assert_eq!(first_name(&hubspot, "1").as_deref(), Some("Maria"));
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("brian"));
    let last_name = hubspot
        .contact("51")
        .and_then(|contact| contact.value("lastname"));
    assert_eq!(last_name.as_deref(), Some("Halligan"));
    // A single write names its contact in the path.
    let body = json!({ "properties": { "firstname": "Brian" } });
    let written = client.patch(&format!("{CURRENT}/51"), body).await.expect(200);
    assert_eq!(written["properties"]["firstname"], "brian");
}

#[tokio::test]
async fn a_hidden_property_is_written_and_shown_nowhere() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::hide("firstname"));
    let written = batch(&client, "update", json!([named("51", "Ada")]))
        .await
        .expect(200);
    let read = json!({ "inputs": [{ "id": "51" }], "properties": ["firstname", "lastname"], "propertiesWithHistory": [] });
    let read = client
        .post(&format!("{CURRENT}/batch/read"), read)
        .await
        .expect(200);
    let single = client.get(&format!("{CURRENT}/51")).await.expect(200);
    for contact in [&written["results"][0], &read["results"][0], &single] {
        assert!(contact["properties"].get("firstname").is_none(), "{contact}");
        assert!(contact["properties"].get("hs_object_id").is_some(), "{contact}");
    }
    assert_eq!(first_name(&hubspot, "51").as_deref(), Some("Ada"));
    assert!(
        client
            .get(&format!("{CURRENT}/999999"))
            .await
            .expect(404)
            .is_object()
    );
}

#[tokio::test]
async fn a_property_can_be_hidden_in_writes_alone() {
    let (hubspot, client) = start_predictable().await;
    hubspot.add_fault(Fault::hide("firstname").on_path("batch/update"));
    let written = batch(&client, "update", json!([named("51", "Ada")]))
        .await
        .expect(200);
    assert!(written["results"][0]["properties"].get("firstname").is_none());
    let read = client.get(&format!("{CURRENT}/51")).await.expect(200);
    assert_eq!(read["properties"]["firstname"], "Ada");
}
