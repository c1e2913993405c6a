//! The page in light and dark colours, on a phone, by keyboard and with a screen reader.

use serde_json::json;

use crate::{hubsync::Hubsync, page::Page};

/// Finds controls and pictures without a name for screen readers.
const UNNAMED_CONTROLS: &str = "
    const nameOf = (element) => element.getAttribute('aria-label') || element.textContent.trim()
        || [...(element.labels ?? [])].map((label) => label.textContent.trim()).join('') || element.getAttribute('alt');
    return [...document.querySelectorAll('button, input, a, meter, canvas, [role=img]')]
        .filter((element) => !nameOf(element)).map((element) => element.outerHTML);";

/// Finds elements that are wider than the screen.
const TOO_WIDE: &str = "
    return document.documentElement.scrollWidth > document.documentElement.clientWidth
        ? [...document.querySelectorAll('body *')]
            .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth)
            .map((element) => element.tagName + ' ' + element.id)
        : [];";

/// Finds texts with a contrast below 4.5 to 1 to their background (WCAG 2.2, 1.4.3).
const LOW_CONTRAST: &str = "
    const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const light = ([red, green, blue]) => [red, green, blue]
        .map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = channels(getComputedStyle(at).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const faint = [];
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
        const [one, other] = [light(channels(getComputedStyle(element).color)), light(behind(element))];
        const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (contrast < 4.5) faint.push(contrast.toFixed(2) + ' ' + element.outerHTML);
    }
    return faint;";

/// Opens a page and makes it show every kind of content.
async fn busy(hubsync: &Hubsync) -> Page {
    let page = Page::open(hubsync).await;
    hubsync
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    page.wait_for_change("1", "confirmed").await;
    hubsync
        .change(
            "1",
            json!({ "email": "\"bad address\"@example.com", "firstName": "Eva" }),
        )
        .await;
    let nobody = json!({ "email": "nobody@example.com" });
    hubsync
        .change(
            "a-user-with-a-name-as-long-as-they-may-be-64-letters-0123456789",
            nobody,
        )
        .await;
    page.wait_for("#problems", "INVALID_EMAIL").await;
    page.wait_for("#problems", "notFound").await;
    page.send("look-up", &[("userId", "1")]).await;
    page.wait_for("#receipt", "INVALID_EMAIL").await;
    page
}

#[tokio::test]
async fn the_page_is_readable_in_each_colour_scheme_and_size() {
    let hubsync = Hubsync::start().await;
    let page = busy(&hubsync).await;
    for (name, scheme, width, height) in [
        ("light", "light", 1_280, 1_500),
        ("dark", "dark", 1_280, 1_500),
        ("phone", "light", 390, 3_000),
        ("phone-dark", "dark", 360, 3_000),
    ] {
        page.browser.set_appearance(scheme, width, height).await.unwrap();
        assert_eq!(page.evaluate(TOO_WIDE).await, json!([]), "{name}");
        // Colours change in a short transition.
        testing::wait::until(
            "all texts to have enough contrast",
            crate::hubsync::CEILING,
            async || {
                let faint = page.evaluate(LOW_CONTRAST).await;
                if faint == json!([]) { Ok(()) } else { Err(faint) }
            },
        )
        .await;
        page.take_screenshot(name).await;
    }
    page.close().await;
}

#[tokio::test]
async fn every_control_has_a_name_and_a_place_in_the_tab_order() {
    let hubsync = Hubsync::start().await;
    let page = busy(&hubsync).await;
    assert_eq!(page.evaluate(UNNAMED_CONTROLS).await, json!([]));
    let with_tabindex = page
        .evaluate("return document.querySelectorAll('[tabindex]').length")
        .await;
    assert_eq!(with_tabindex, 0, "the tab order is the order of the page");
    page.close().await;
}
