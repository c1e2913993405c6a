//! The files of the console. The browser package tests what the page does.

use reqwest::Method;

use crate::harness::{Gateway, problem, slug};

#[tokio::test]
async fn the_page_and_everything_it_loads_are_served() {
    let gateway = Gateway::start().await;
    let page = gateway.get("/").await;
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let mut to_look_at = vec![page.text().await.unwrap()];
    let mut seen = Vec::new();
    while let Some(text) = to_look_at.pop() {
        for file in named_files(&text) {
            if seen.contains(&file) {
                continue;
            }
            let response = gateway.get(&file).await;
            assert_eq!(response.status(), 200, "{file}");
            assert_eq!(response.headers()["x-content-type-options"], "nosniff");
            to_look_at.push(response.text().await.unwrap());
            seen.push(file);
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
}

/// The files that a page or a script names.
fn named_files(text: &str) -> Vec<String> {
    let quoted = text.split('"').skip(1).step_by(2);
    let of_page = quoted.clone().filter(|word| word.starts_with("/console/"));
    let of_script = quoted.filter_map(|word| Some(format!("/console/{}", word.strip_prefix("./")?)));
    of_page.map(str::to_owned).chain(of_script).collect()
}

#[tokio::test]
async fn a_browser_with_current_files_gets_304() {
    let gateway = Gateway::start().await;
    let tag = gateway.get("/console/main.js").await.headers()["etag"].clone();
    let again = gateway
        .request(Method::GET, "/console/main.js")
        .header("if-none-match", &tag);
    let again = again.send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(again.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_file_of_no_page_is_not_served() {
    let gateway = Gateway::start().await;
    for file in ["index.html", "..%2Findex.html", "secret.txt"] {
        let response = gateway.get(&format!("/console/{file}")).await;
        assert_eq!(response.status(), 404, "{file}");
        assert_eq!(slug(&problem(response).await), "no-such-path");
    }
}
