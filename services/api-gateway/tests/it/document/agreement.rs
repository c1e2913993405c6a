//! The document has the same paths, methods, problems and enum values as the gateway.

use std::collections::BTreeSet;

use contracts::{
    DeliveryStatus, Field, FindingKind, LinkOrigin, MAX_COMPARED, MAX_LISTED, MAX_PROBLEM_COUNTS, SyncState,
    UserId,
};
use reqwest::{Method, StatusCode};
use serde::Deserializer;
use serde::de::{DeserializeOwned, Error, Visitor};
use serde_json::{Value, json};

use super::spec::{Spec, items, members};
use crate::harness::Gateway;

/// Files that pages load are not part of the API.
const FILES: [&str; 2] = ["/console/{file}", "/docs/docs.css"];
/// Problems that every path can have, even one that does not exist.
const ANYWHERE: [&str; 5] = [
    "no-such-path",
    "method-not-allowed",
    "internal",
    "unknown-host",
    "foreign-origin",
];

/// The paths in the source of the routes: a router cannot list its paths.
fn routed_paths() -> BTreeSet<String> {
    let routes = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/routes.rs"))
        .split("#[cfg(test)]")
        .next()
        .unwrap();
    let metrics = include_str!("../../../../../shared/runtime/src/metrics.rs");
    let calls = [routes, metrics]
        .into_iter()
        .flat_map(|text| text.split("route(").skip(1));
    let paths = calls.map(|call| {
        let path = call
            .trim_start()
            .strip_prefix('"')
            .expect("a path is written out");
        path.split('"').next().unwrap().to_owned()
    });
    paths.filter(|path| !FILES.contains(&path.as_str())).collect()
}

#[test]
fn the_document_has_exactly_the_paths_of_the_router() {
    let spec = Spec::read();
    let documented: BTreeSet<_> = members(&spec.0["paths"])
        .map(|(path, _)| path.to_owned())
        .collect();
    assert_eq!(documented, routed_paths());
}

#[tokio::test]
async fn every_path_has_exactly_the_methods_of_the_document() {
    let spec = Spec::read();
    let gateway = Gateway::start().await;
    for (path, _) in members(&spec.0["paths"]) {
        // A user may have the id "import", so that path also has the methods of a user.
        let matching = spec.operations().into_iter().filter(|operation| {
            operation.path == path || (path == "/users/import" && operation.path == "/users/{userId}")
        });
        let mut documented: BTreeSet<_> = matching
            .map(|operation| operation.method.to_uppercase())
            .collect();
        if documented.contains("GET") {
            documented.insert("HEAD".to_owned());
        }
        let made_up = Method::from_bytes(b"MAKEUP").unwrap();
        let request = gateway.request(made_up, &path.replace("{userId}", "1"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 405, "{path}");
        let allowed = response.headers()["allow"].to_str().unwrap().split(',');
        let allowed: BTreeSet<_> = allowed.map(|method| method.trim().to_owned()).collect();
        assert_eq!(allowed, documented, "{path}");
    }
}

/// The rows of the table in `error.rs`: the name of the status, the slug and the title.
fn problems() -> BTreeSet<(String, String, String)> {
    let rows = include_str!("../../../src/response/error.rs")
        .split("(S::")
        .skip(1);
    let problems = rows.map(|row| {
        let (status, row) = row.split_once(',').unwrap();
        let mut texts = row.split('"').skip(1).step_by(2).map(str::to_owned);
        (status.to_owned(), texts.next().unwrap(), texts.next().unwrap())
    });
    problems.collect()
}

fn status_name(status: &Value) -> String {
    let status = u16::try_from(status.as_u64().unwrap()).unwrap();
    let reason = StatusCode::from_u16(status).unwrap().canonical_reason().unwrap();
    reason.to_uppercase().replace(' ', "_")
}

#[test]
fn the_document_has_exactly_the_problems_of_the_gateway() {
    let spec = Spec::read();
    let documented = items(&spec.0["x-problems"]).map(|problem| {
        let text = |name: &str| problem[name].as_str().unwrap().to_owned();
        assert!(!text("fix").is_empty());
        (status_name(&problem["status"]), text("slug"), text("title"))
    });
    assert_eq!(documented.collect::<BTreeSet<_>>(), problems());
}

#[test]
fn operations_list_problems_under_their_status() {
    let spec = Spec::read();
    let table: BTreeSet<_> = items(&spec.0["x-problems"])
        .map(|problem| {
            (
                problem["status"].as_u64().unwrap(),
                problem["slug"].as_str().unwrap(),
            )
        })
        .collect();
    let mut start_with_host = BTreeSet::new();
    for operation in spec.operations() {
        for (status, response) in spec.responses(operation) {
            let problem = &response["content"]["application/problem+json"];
            for urn in items(&problem["schema"]["properties"]["type"]["enum"]) {
                let slug = urn
                    .as_str()
                    .unwrap()
                    .strip_prefix("urn:hubsync:problem:")
                    .unwrap();
                assert!(
                    table.contains(&(u64::from(status), slug)),
                    "{}: {status} {slug}",
                    operation.id
                );
                start_with_host.insert(slug);
            }
            if let Some(example) = problem.get("example") {
                assert_eq!(example["status"], status, "{}", operation.id);
                let title = items(&spec.0["x-problems"]).find(|row| row["title"] == example["title"]);
                let urn = format!("urn:hubsync:problem:{}", title.unwrap()["slug"].as_str().unwrap());
                assert_eq!(example["type"], urn);
            }
        }
    }
    let left_out: Vec<_> = table
        .iter()
        .filter(|(_, slug)| !start_with_host.contains(slug))
        .collect();
    assert!(
        left_out.iter().all(|(_, slug)| ANYWHERE.contains(slug)),
        "{left_out:?}"
    );
}

/// Ends the parsing of an enum with the list of its values as the error. Parsing an unknown value would not do, since an enum may
/// have a variant for those.
struct ListValues;

impl<'de> Deserializer<'de> for ListValues {
    type Error = serde::de::value::Error;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        values: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom(values.join(" ")))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Self::Error> {
        panic!("the type is not an enum");
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The values of an enum in JSON, in the order of the code.
fn words<T: DeserializeOwned>() -> Vec<String> {
    let values = T::deserialize(ListValues).err().unwrap().to_string();
    values.split(' ').map(str::to_owned).collect()
}

#[test]
fn every_enum_of_a_contract_is_in_the_document_in_its_order() {
    let spec = Spec::read();
    let documented = |name: &str| spec.0["components"]["schemas"][name]["enum"].clone();
    assert_eq!(documented("LinkOrigin"), json!(words::<LinkOrigin>()));
    assert_eq!(documented("Field"), json!(Field::BUILT_IN.map(Field::name)));
    assert_eq!(documented("SyncState"), json!(words::<SyncState>()));
    assert_eq!(documented("FindingKind"), json!(words::<FindingKind>()));
    // A worker on standby never gives the status of delivery.
    let mut states = words::<DeliveryStatus>();
    states.retain(|state| state != "standby");
    assert_eq!(documented("DeliveryStatus"), json!(states));
}

#[test]
fn the_limits_in_the_document_are_those_of_the_contracts() {
    let spec = Spec::read();
    let schemas = &spec.0["components"]["schemas"];
    assert_eq!(schemas["UserId"]["maxLength"], UserId::MAX_CHARS);
    assert_eq!(
        schemas["Retry"]["oneOf"][0]["properties"]["users"]["maxItems"],
        MAX_LISTED
    );
    assert_eq!(
        schemas["UsersListed"]["properties"]["users"]["maxItems"],
        MAX_LISTED
    );
    assert_eq!(
        schemas["UsersSummary"]["properties"]["problems"]["maxItems"],
        MAX_PROBLEM_COUNTS
    );
    assert_eq!(
        schemas["Resync"]["oneOf"][0]["properties"]["users"]["maxItems"],
        MAX_LISTED
    );
    for name in ["Drift", "DryRun"] {
        let start_with_host = &schemas[name]["oneOf"][0]["properties"]["users"];
        assert_eq!(start_with_host["maxItems"], MAX_COMPARED, "{name}");
    }
    let fields: Vec<_> = Field::BUILT_IN.into_iter().map(Field::name).collect();
    for name in ["UserChange", "UserMergePatch"] {
        let members: Vec<_> = members(&schemas[name]["properties"])
            .map(|(name, _)| name)
            .collect();
        assert_eq!(members, fields, "{name}");
    }
}
