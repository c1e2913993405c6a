//! A whole run: start, break, let things be well, check.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle};

use crate::{
    breaker::Breaker,
    checks::{Check, Finding, History, Rest, Scene, wait_for_rest},
    clients::Clients,
    hubspot::Hubspot,
    ledger::{Expected, Ledger},
    measures::Measures,
    options::{Length, Options},
    people::Person,
    plan::Plan,
    report::Report,
    stack::Stack,
};

/// Changes accepted without a fault for so long are as good as an infinite run.
const LONGEST: Duration = Duration::from_hours(24);
/// A lot more than a plan for a small account, so that the backlog of a flood drains soon.
const CALLS_IN_TEN_SECONDS: u64 = 1_000;
/// A call that was on its way when things became well.
const AFTER_THE_LATEST: Duration = Duration::from_secs(2);
const LATENCY_MS: u64 = 20;
const JITTER_MS: u64 = 40;

/// Runs everything. The report says what was found; an error is one of the harness itself.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let stack = Arc::new(Stack::start(options).await?);
    let hubspot = Hubspot::new(stack.http.clone(), stack.sandbox_url());
    hubspot.set_limit(CALLS_IN_TEN_SECONDS).await?;
    let contacts = hubspot
        .create_contacts(&Person::all(options.hot, options.cold))
        .await?;
    hubspot.set_latency(LATENCY_MS, JITTER_MS).await?;
    let ledger = Arc::new(Ledger::default());
    let clients = Clients::new(
        stack.http.clone(),
        stack.gateway_urls(),
        Arc::clone(&ledger),
        options,
    );
    let breaker = Breaker::new(Arc::clone(&stack), hubspot.clone(), Arc::clone(&ledger), options);
    let run = Run {
        options,
        looked_after: look_after(&stack),
        stack,
        hubspot,
        contacts,
        ledger,
        breaker: Arc::new(breaker),
        clients,
        findings: Vec::new(),
    };
    run.go().await
}

/// Services that end by themselves are started again.
fn look_after(stack: &Arc<Stack>) -> JoinHandle<anyhow::Result<()>> {
    let stack = Arc::clone(stack);
    tokio::spawn(async move { stack.look_after_services().await })
}

struct Run<'a> {
    options: &'a Options,
    stack: Arc<Stack>,
    hubspot: Hubspot,
    contacts: BTreeMap<String, String>,
    ledger: Arc<Ledger>,
    breaker: Arc<Breaker>,
    clients: Clients,
    looked_after: JoinHandle<anyhow::Result<()>>,
    findings: Vec<Finding>,
}

impl Run<'_> {
    async fn go(mut self) -> anyhow::Result<Report> {
        self.clients.introduce(self.options.seed).await;
        let within = self.options.scale.rest_within;
        let introduced = wait_for_rest(&self.stack, &self.ledger.expected(), within).await?;
        introduced.map_err(anyhow::Error::msg)?;
        let began = Instant::now();
        self.break_things().await;
        let broken_for_s = began.elapsed().as_secs_f64();
        tracing::info!("things are well");
        let unanswered = self.clients.stop().await.err();
        self.find(Check::Answers, unanswered.map(|error| error.to_string()));
        let expected = self.ledger.expected();
        let rest = self.rest(&expected).await?;
        let history = self.check(&expected).await?;
        let measures = self.measure().await;
        self.end().await;
        let well = self.findings.is_empty();
        let logs = if well { None } else { Some(self.stack.keep_logs()?) };
        Ok(Report {
            seed: self.options.seed,
            broken_for_s,
            accepted: *self.ledger.accepted().borrow(),
            answers: self.clients.answers(),
            faults: self.breaker.tallies(),
            rest,
            history,
            measures,
            findings: self.findings,
            logs,
        })
    }

    async fn break_things(&mut self) {
        let options = self.options;
        self.clients.start(options.seed, options.clients);
        let (stop, stopped) = watch::channel(false);
        let plan = Plan::new(options.seed, options.cast(), &options.families, options.every);
        let breaking = async { self.breaker.carry_out(plan, stopped).await };
        let ending = async {
            self.enough().await;
            // Nobody listens where the plan is empty.
            let _ = stop.send(true);
        };
        tokio::join!(breaking, ending);
        let failures = self.breaker.failures();
        self.find(Check::Harness, failures);
    }

    /// Waits until the run is long enough.
    async fn enough(&self) {
        match self.options.length {
            Length::For(length) => tokio::time::sleep(length).await,
            Length::Changes(count) => {
                let mut accepted = self.ledger.accepted();
                let enough = accepted.wait_for(|accepted| *accepted >= count);
                // Ended by its length, so that it ends at all.
                let _ = tokio::time::timeout(LONGEST, enough).await;
            }
        }
    }

    async fn rest(&mut self, expected: &BTreeMap<String, Expected>) -> anyhow::Result<Option<Rest>> {
        // What HubSpot carries out last is none of the services' doing, so that they cannot be asked for it.
        tokio::time::sleep(self.options.scale.latest_effect + AFTER_THE_LATEST).await;
        let within = self.options.scale.rest_within;
        match wait_for_rest(&self.stack, expected, within).await? {
            Ok(rest) => Ok(Some(rest)),
            Err(restless) => {
                self.find(Check::Rest, [restless]);
                Ok(None)
            }
        }
    }

    async fn check(&mut self, expected: &BTreeMap<String, Expected>) -> anyhow::Result<History> {
        let contradictions = self.ledger.contradictions();
        self.find(Check::Answers, contradictions);
        let windows = self.breaker.windows();
        let scene = Scene {
            stack: &self.stack,
            hubspot: &self.hubspot,
            expected,
            contacts: &self.contacts,
            windows: &windows,
            latest_effect: self.options.scale.latest_effect + self.options.scale.call_timeout,
        };
        let (findings, history) = scene.look().await?;
        self.findings.extend(findings);
        Ok(history)
    }

    async fn measure(&mut self) -> Measures {
        match Measures::take(&self.stack, self.options.measures, self.options.nats_away).await {
            Ok(measures) => measures,
            Err(error) => {
                self.find(Check::Rest, [format!("{error:#}")]);
                Measures::default()
            }
        }
    }

    async fn end(&mut self) {
        self.stop_looking_after().await;
        let wrong = self.stack.stop().await;
        self.find(Check::Processes, wrong);
        let ends = self.stack.unplanned_ends();
        let ends = ends.iter().map(|end| {
            let (name, at, code, tail) = (end.part.name(), end.at, end.code, &end.tail);
            format!("{name} ended by itself with {code} at {at}:\n{tail}")
        });
        self.find(Check::Processes, ends);
    }

    /// It never ends by itself.
    async fn stop_looking_after(&mut self) {
        self.looked_after.abort();
        if let Ok(ended) = (&mut self.looked_after).await {
            let why = ended
                .err()
                .map(|error| format!("services were no longer looked after: {error:#}"));
            self.find(Check::Harness, why);
        }
    }

    fn find(&mut self, check: Check, sentences: impl IntoIterator<Item = String>) {
        self.findings.extend(Finding::all(check, sentences));
    }
}
