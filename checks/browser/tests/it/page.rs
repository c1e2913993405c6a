//! The console as its users see it: texts to read, buttons to press, forms to fill in.

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
    /// Opens the console and waits until it is told how everything stands.
    pub(crate) async fn open(hubsync: &Hubsync) -> Self {
        let browser = Chromium::start().await.unwrap();
        browser.driver.goto(hubsync.console()).await.unwrap();
        let page = Self { browser };
        page.wait_for("#connection", "live").await;
        page.wait_for("#stage-line .figure", "running").await;
        page
    }

    /// Goes to another address, and waits for nothing.
    pub(crate) async fn go(&self, address: &str) {
        self.browser.driver.goto(address).await.unwrap();
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        self.element(selector).await.text().await.unwrap()
    }

    /// Waits until an element's text holds those words.
    pub(crate) async fn wait_for(&self, selector: &str, words: &str) {
        until(&format!("{selector} to say {words:?}"), CEILING, async || {
            let text = match self.browser.driver.find(By::Css(selector)).await {
                // It may be drawn anew between the two.
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

    /// Presses the button whose text begins so.
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

    /// Something that is there only while the page was not loaded anew.
    pub(crate) async fn mark(&self) {
        self.browser.evaluate("window.marked = true").await.unwrap();
    }

    pub(crate) async fn was_not_reloaded(&self) -> bool {
        self.evaluate("return window.marked === true").await == true
    }

    /// As when another tab is looked at, which a browser without a screen does not know.
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

    /// A picture of the whole page.
    pub(crate) async fn photograph(&self, name: &str) {
        let file = screenshots().join(format!("{name}.png"));
        self.browser.driver.screenshot(&file).await.unwrap();
    }

    async fn element(&self, selector: &str) -> WebElement {
        self.browser.driver.find(By::Css(selector)).await.unwrap()
    }

    /// What a script answers.
    pub(crate) async fn evaluate(&self, script: &str) -> Value {
        self.browser.evaluate(script).await.unwrap()
    }

    /// What the browser complained of since this was asked last.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        self.browser.complaints().await.unwrap()
    }

    /// Ends the browser, in whose page nothing must have gone wrong.
    pub(crate) async fn close(self) {
        assert_eq!(self.complaints().await, Vec::<String>::new());
        self.browser.driver.quit().await.unwrap();
    }
}
