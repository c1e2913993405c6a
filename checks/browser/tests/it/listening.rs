//! What the page makes of its stream of events. A stream is played, since a gateway has no reason to say all of this.

use serde_json::{Value, json};
use testing::wait::until;

use crate::{
    hubsync::{CEILING, Hubsync},
    page::Page,
};

/// From now on the page listens to streams that the test plays; `stream` is the latest.
const PLAY: &str = "
    window.streams = 0;
    window.EventSource = class extends EventTarget {
        static CLOSED = 2;
        constructor() {
            super();
            this.readyState = 1;
            window.streams += 1;
            window.stream = this;
        }
        close() { this.readyState = 2; }
        say(name, data, ago = 0) {
            const at = new Date(Date.now() - ago).toISOString();
            this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify({ at, ...data }) }));
        }
    };";
/// The browser gives up the stream, as it does after a 503, seven times; how long the page pauses before each other one.
const GIVE_UP: &str = "
    const real = window.setTimeout;
    const pauses = [];
    window.setTimeout = (act, ms) => {
        if (ms >= 500) pauses.push(ms);
        return real(act, 0);
    };
    const next = async () => {
        const before = window.streams;
        window.stream.readyState = 2;
        window.stream.dispatchEvent(new Event('error'));
        while (window.streams === before) await new Promise((resolve) => real(resolve, 1));
    };
    return (async () => {
        for (let time = 0; time < 7; time += 1) await next();
        window.setTimeout = real;
        return pauses;
    })();";

/// A hundred seconds pass.
const LATER: &str = "
    const real = performance.now.bind(performance);
    performance.now = () => real() + 100_000;";
/// How everything stands, in few words.
const STATUS: &str = "'status', { gateway: { ready: true, checks: [] }, delivery: { workers: 0 } }";

/// A page whose stream the test plays.
async fn played(hubsync: &Hubsync) -> Page {
    let page = Page::open(hubsync).await;
    page.hide().await;
    page.evaluate(PLAY).await;
    page.show().await;
    page
}

async fn say(page: &Page, words: &str) {
    page.evaluate(&format!("window.stream.say({words})")).await;
}

#[tokio::test]
async fn what_was_missed_is_drawn_where_it_was_and_not_as_if_it_happened_now() {
    let hubsync = Hubsync::start().await;
    let page = played(&hubsync).await;
    say(&page, "'hello', { resumed: true }").await;
    say(
        &page,
        "'changes', { accepted: 900, resolved: { confirmed: 900 }, users: [] }, 20_000",
    )
    .await;
    until("the plot to be drawn", CEILING, async || {
        let label = page
            .evaluate("return document.querySelector('#plot').ariaLabel")
            .await;
        match label.as_str() {
            Some(label) if label.contains("at most 900 changes a second") => Ok(()),
            _ => Err(label),
        }
    })
    .await;
    let rates = "return import('/console/plot.js').then(({ rates }) => rates(10))";
    assert_eq!(
        page.evaluate(rates).await,
        json!({ "accepted": 0, "confirmed": 0 })
    );
    page.close().await;
}

#[tokio::test]
async fn what_happens_now_counts_as_now_whatever_becomes_of_the_clocks() {
    let hubsync = Hubsync::start().await;
    let page = played(&hubsync).await;
    say(&page, "'hello', { resumed: true }").await;
    say(&page, STATUS).await;
    // The gateway's clock was set back.
    let changes = "'changes', { accepted: 900, resolved: { confirmed: 900 }, users: [] }, 60_000";
    say(&page, changes).await;
    until("the rates", CEILING, async || {
        let rates = "return import('/console/plot.js').then(({ rates }) => rates(10))";
        let rates = page.evaluate(rates).await;
        if rates == json!({ "accepted": 90, "confirmed": 90 }) {
            Ok(())
        } else {
            Err(rates)
        }
    })
    .await;
    page.close().await;
}

#[tokio::test]
async fn a_gateway_without_a_place_is_asked_more_and_more_seldom() {
    let hubsync = Hubsync::start().await;
    let page = played(&hubsync).await;
    let pauses = page.evaluate(GIVE_UP).await;
    page.wait_for("#banner", "does not answer, or as many watch it as may")
        .await;
    let pauses: Vec<f64> = pauses
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    assert!(pauses[0] <= 1_250.0, "{pauses:?}");
    assert!(pauses[6] >= 22_500.0 && pauses[6] <= 37_500.0, "{pauses:?}");
    say(&page, "'hello', { resumed: true }").await;
    page.wait_for("#connection", "live").await;
    let pauses = page.evaluate(GIVE_UP).await;
    assert!(pauses[0].as_f64().unwrap() <= 1_250.0, "{pauses:?}");
    page.close().await;
}

#[tokio::test]
async fn a_gateway_that_begins_anew_has_the_changes_of_a_database_that_was_restored() {
    let hubsync = Hubsync::start().await;
    let page = played(&hubsync).await;
    let changed = |version: u8| {
        format!(
            "'changes', {{ accepted: 2, resolved: {{}}, users: [{{ userId: 'u', version: {version}, state: 'pending' }}] }}"
        )
    };
    say(&page, "'hello', { resumed: true }").await;
    say(&page, &changed(7)).await;
    page.wait_for_change("u", "7").await;
    say(&page, "'hello', { resumed: false }").await;
    page.wait_for("#recent-empty", "Nothing has changed since").await;
    assert_eq!(page.text("#recent-note").await, "", "what it was some of is gone");
    say(&page, &changed(2)).await;
    page.wait_for_change("u", "2").await;
    page.close().await;
}

#[tokio::test]
async fn a_page_that_was_away_for_long_keeps_the_changes_whose_verdict_it_knows() {
    let hubsync = Hubsync::start().await;
    let page = played(&hubsync).await;
    let seen =
        |users: &str| format!("'changes', {{ accepted: 2, resolved: {{ confirmed: 1 }}, users: [{users}] }}");
    let done = "{ userId: 'done', version: 7, state: 'confirmed' }";
    let open = "{ userId: 'open', version: 3, state: 'pending' }";
    say(&page, "'hello', { resumed: false }").await;
    say(&page, &seen(&format!("{done}, {open}"))).await;
    page.wait_for_change("open", "pending").await;
    say(&page, "'hello', { resumed: false }").await;
    say(&page, &seen("{ userId: 'new', version: 1, state: 'pending' }")).await;
    page.wait_for_change("new", "pending").await;
    page.wait_for_change("done", "confirmed").await;
    let rows = page.text("#recent").await;
    assert!(!rows.contains("open"), "its verdict may have been missed: {rows}");
    // The database was restored.
    say(&page, &seen("{ userId: 'done', version: 6, state: 'pending' }")).await;
    page.wait_for_change("done", "6").await;
    let rows = page.text("#recent").await;
    assert!(!rows.contains("new"), "{rows}");
    page.close().await;
}

#[tokio::test]
async fn the_plot_claims_nothing_of_the_time_in_which_nobody_listened() {
    let hubsync = Hubsync::start().await;
    let page = played(&hubsync).await;
    let heard = async |is_resumed: bool| {
        page.hide().await;
        page.evaluate(LATER).await;
        page.show().await;
        say(&page, &format!("'hello', {{ resumed: {is_resumed} }}")).await;
        say(&page, STATUS).await;
        page.evaluate("return import('/console/plot.js').then(({ draw }) => draw())")
            .await;
        let label = page
            .evaluate("return document.querySelector('#plot').ariaLabel")
            .await;
        let label = label.as_str().unwrap();
        let seconds = label.strip_prefix("no changes in ");
        let seconds = seconds.and_then(|label| label.strip_suffix(" seconds heard of the last five minutes"));
        seconds.expect(label).parse::<u32>().unwrap()
    };
    let seconds = heard(false).await;
    assert!(seconds < 60, "{seconds}");
    let seconds = heard(true).await;
    assert!(seconds > 90, "{seconds}");
    page.close().await;
}

#[tokio::test]
async fn of_many_changes_the_page_says_how_many_it_names_some_of() {
    let hubsync = Hubsync::start().await;
    let page = played(&hubsync).await;
    say(&page, "'hello', { resumed: true }").await;
    let named = "users: [{ userId: 'u', version: 1, state: 'confirmed' }]";
    say(
        &page,
        &format!("'changes', {{ accepted: 1, resolved: {{ confirmed: 1 }}, {named} }}"),
    )
    .await;
    page.wait_for_change("u", "1").await;
    assert_eq!(page.text("#recent-note").await, "", "all of it is named");
    say(
        &page,
        &format!("'changes', {{ accepted: 1_200, resolved: {{ confirmed: 40, failed: 2 }}, {named} }}"),
    )
    .await;
    page.wait_for("#recent-note", "Some of 1,201 changes and 43 verdicts heard of.")
        .await;
    page.close().await;
}
