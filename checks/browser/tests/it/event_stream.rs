//! How the page handles its event stream. The tests play the stream, since a real gateway would not send these events.

use serde_json::{Value, json};
use testing::wait::until;

use crate::{
    hubsync::{CEILING, Hubsync},
    page::Page,
};

/// Replaces `EventSource`, so that the page listens to streams that the test plays. `stream` is the latest one.
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
/// The browser gives up the stream seven times, as it does after a 503. Returns the pauses before each new stream.
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

/// Moves the page's clock on by a hundred seconds.
const LATER: &str = "
    const real = performance.now.bind(performance);
    performance.now = () => real() + 100_000;";
/// A short status.
const STATUS: &str = "'status', { gateway: { ready: true, checks: [] }, delivery: { workers: 0 } }";

/// Opens a page whose stream the test plays.
async fn open_with_played_stream(hubsync: &Hubsync) -> Page {
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
async fn missed_changes_are_drawn_at_their_own_time() {
    let hubsync = Hubsync::start().await;
    let page = open_with_played_stream(&hubsync).await;
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
async fn new_changes_count_as_now_although_the_clock_was_set() {
    let hubsync = Hubsync::start().await;
    let page = open_with_played_stream(&hubsync).await;
    say(&page, "'hello', { resumed: true }").await;
    say(&page, STATUS).await;
    // The gateway's clock was set back by a minute.
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
async fn the_pause_grows_while_the_gateway_answers_503() {
    let hubsync = Hubsync::start().await;
    let page = open_with_played_stream(&hubsync).await;
    let pauses = page.evaluate(GIVE_UP).await;
    page.wait_for("#banner", "does not answer, or too many browsers watch it")
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
async fn after_a_new_start_a_restored_database_is_shown() {
    let hubsync = Hubsync::start().await;
    let page = open_with_played_stream(&hubsync).await;
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
    assert_eq!(page.text("#recent-note").await, "", "the earlier counts are gone");
    say(&page, &changed(2)).await;
    page.wait_for_change("u", "2").await;
    page.close().await;
}

#[tokio::test]
async fn after_a_gap_changes_with_a_known_result_stay() {
    let hubsync = Hubsync::start().await;
    let page = open_with_played_stream(&hubsync).await;
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
    assert!(!rows.contains("open"), "its result may have been missed: {rows}");
    // The database was restored.
    say(&page, &seen("{ userId: 'done', version: 6, state: 'pending' }")).await;
    page.wait_for_change("done", "6").await;
    let rows = page.text("#recent").await;
    assert!(!rows.contains("new"), "{rows}");
    page.close().await;
}

#[tokio::test]
async fn the_plot_leaves_out_the_time_without_a_connection() {
    let hubsync = Hubsync::start().await;
    let page = open_with_played_stream(&hubsync).await;
    let known_seconds = async |is_resumed: bool| {
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
        let seconds = seconds.and_then(|label| label.strip_suffix(" known seconds of the last five minutes"));
        seconds.expect(label).parse::<u32>().unwrap()
    };
    let seconds = known_seconds(false).await;
    assert!(seconds < 60, "{seconds}");
    let seconds = known_seconds(true).await;
    assert!(seconds > 90, "{seconds}");
    page.close().await;
}

#[tokio::test]
async fn the_page_says_how_many_changes_it_does_not_name() {
    let hubsync = Hubsync::start().await;
    let page = open_with_played_stream(&hubsync).await;
    say(&page, "'hello', { resumed: true }").await;
    let named = "users: [{ userId: 'u', version: 1, state: 'confirmed' }]";
    say(
        &page,
        &format!("'changes', {{ accepted: 1, resolved: {{ confirmed: 1 }}, {named} }}"),
    )
    .await;
    page.wait_for_change("u", "1").await;
    assert_eq!(page.text("#recent-note").await, "", "all users are named");
    say(
        &page,
        &format!("'changes', {{ accepted: 1_200, resolved: {{ confirmed: 40, failed: 2 }}, {named} }}"),
    )
    .await;
    page.wait_for("#recent-note", "Showing some of 1,201 changes and 43 results.")
        .await;
    page.close().await;
}
