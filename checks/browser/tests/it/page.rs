//! The console as people use it: texts to read, buttons to press, forms to fill in.

use browser::Chromium;
use serde_json::Value;
use testing::wait::until;
use thirtyfour::{By, WebElement};

use crate::hubsync::{CEILING, Hubsync, screenshots};

/// The open page.
pub(crate) struct Page {
    pub(crate) browser: Chromium,
}

impl Page {
    /// Opens the console and waits until it shows the status.
    pub(crate) async fn open(hubsync: &Hubsync) -> Self {
        let browser = Chromium::start().await.unwrap();
        browser.driver.goto(hubsync.console()).await.unwrap();
        let page = Self { browser };
        page.wait_for("#connection", "live").await;
        page.wait_for("#stage-delivery .figure", "running").await;
        page
    }

    /// Goes to another address without waiting for anything.
    pub(crate) async fn navigate(&self, address: &str) {
        self.browser.driver.goto(address).await.unwrap();
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        self.element(selector).await.text().await.unwrap()
    }

    /// Waits until an element's text contains those words.
    pub(crate) async fn wait_for(&self, selector: &str, words: &str) {
        until(&format!("{selector} to say {words:?}"), CEILING, async || {
            let text = match self.browser.driver.find(By::Css(selector)).await {
                // The page may replace the element between the two calls.
                Ok(element) => element.text().await.map_err(|error| error.to_string())?,
                Err(error) => return Err(error.to_string()),
            };
            if text.contains(words) { Ok(()) } else { Err(text) }
        })
        .await;
    }

    /// Waits until the latest changes list this user with `cell` as its version or its state.
    pub(crate) async fn wait_for_change(&self, user: &str, cell: &str) {
        until(&format!("{user} to be {cell} in the list"), CEILING, async || {
            let rows = self.text("#recent").await;
            // Whole cells are compared: a time such as 22:36:53 contains nearly every version.
            let is_listed = rows.lines().any(|row| {
                let mut cells = row.split_whitespace();
                cells.next() == Some(user) && cells.any(|shown| shown == cell)
            });
            if is_listed { Ok(()) } else { Err(rows) }
        })
        .await;
    }

    /// Presses the button whose text starts with this text.
    pub(crate) async fn press(&self, within: &str, text: &str) {
        let path = format!("//*[@id='{within}']//button[starts-with(normalize-space(), '{text}')]");
        self.browser
            .driver
            .find(By::XPath(path))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
    }

    /// Fills in the fields of a form, and sends it.
    pub(crate) async fn send(&self, form: &str, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            let field = self.element(&format!("#{form} [name={name}]")).await;
            field.clear().await.unwrap();
            field.send_keys(*value).await.unwrap();
        }
        self.element(&format!("#{form} button"))
            .await
            .click()
            .await
            .unwrap();
    }

    /// Sets a mark that is gone when the page is loaded again.
    pub(crate) async fn mark(&self) {
        self.browser.evaluate("window.marked = true").await.unwrap();
    }

    pub(crate) async fn was_not_reloaded(&self) -> bool {
        self.evaluate("return window.marked === true").await == true
    }

    /// Hides the page, as if the user looked at another tab. A headless browser cannot do that itself.
    pub(crate) async fn hide(&self) {
        self.set_visibility("hidden").await;
    }

    pub(crate) async fn show(&self) {
        self.set_visibility("visible").await;
    }

    async fn set_visibility(&self, state: &str) {
        let script = format!(
            "Object.defineProperty(document, 'visibilityState', {{ value: '{state}', configurable: true }});
            document.dispatchEvent(new Event('visibilitychange'));"
        );
        self.evaluate(&script).await;
    }

    /// Takes a screenshot of the page.
    pub(crate) async fn take_screenshot(&self, name: &str) {
        let file = screenshots().join(format!("{name}.png"));
        self.browser.driver.screenshot(&file).await.unwrap();
    }

    async fn element(&self, selector: &str) -> WebElement {
        self.browser.driver.find(By::Css(selector)).await.unwrap()
    }

    /// Runs a script and returns its result.
    pub(crate) async fn evaluate(&self, script: &str) -> Value {
        self.browser.evaluate(script).await.unwrap()
    }

    /// The errors and warnings in the browser's log since the last call.
    pub(crate) async fn log_errors(&self) -> Vec<String> {
        self.browser.log_errors().await.unwrap()
    }

    /// Closes the browser, and checks that its log has no errors or warnings.
    pub(crate) async fn close(self) {
        assert_eq!(self.log_errors().await, Vec::<String>::new());
        self.browser.driver.quit().await.unwrap();
    }
}
