//! A whole run: starts the system, injects faults, waits until it converges, and checks it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle};

use crate::{
    callers::{
        accepted_changes::{AcceptedChanges, Expected},
        clients::Clients,
        pairs::{ExchangeCounts, Pair},
        test_users::TestUser,
    },
    checks::{Check, CheckContext, Convergence, Counted, Finding, wait_for_convergence},
    injection::{injector::FaultInjector, plan::Plan},
    measurements::Measurements,
    options::{Length, Options},
    report::Report,
    system::{hubspot::Hubspot, stack::Stack},
};

/// The longest time for a run that ends by its number of changes.
const MAX_RUN: Duration = Duration::from_hours(24);
/// Far more than a real account allows, so that the backlog is delivered soon.
const CALLS_IN_TEN_SECONDS: u64 = 1_000;
/// The time for a call that was in progress when the last fault ended.
const LAST_CALL_TIME: Duration = Duration::from_secs(2);
const LATENCY_MS: u64 = 20;
const JITTER_MS: u64 = 40;

/// Runs everything. The report contains the findings; an error means that the harness itself failed.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let stack = Arc::new(Stack::start(options).await?);
    let hubspot = Hubspot::new(stack.http.clone(), stack.sandbox_url());
    hubspot.set_limit(CALLS_IN_TEN_SECONDS).await?;
    let contacts = hubspot
        .create_contacts(&TestUser::all(options.hot, options.cold, options.pairs))
        .await?;
    hubspot.set_latency(LATENCY_MS, JITTER_MS).await?;
    let accepted_changes = Arc::new(AcceptedChanges::default());
    let pairs = Arc::new(Pair::all(options.pairs));
    let clients = Clients::new(
        stack.gateway_urls(),
        hubspot.clone(),
        contacts.clone(),
        Arc::clone(&pairs),
        Arc::clone(&accepted_changes),
        options,
    );
    let injector = FaultInjector::new(
        Arc::clone(&stack),
        hubspot.clone(),
        Arc::clone(&accepted_changes),
        options,
    );
    let run = Run {
        options,
        supervisor: supervise(&stack),
        stack,
        hubspot,
        contacts,
        pairs,
        accepted_changes,
        injector: Arc::new(injector),
        clients,
        findings: Vec::new(),
    };
    run.execute().await
}

/// Restarts services that stop unexpectedly.
fn supervise(stack: &Arc<Stack>) -> JoinHandle<anyhow::Result<()>> {
    let stack = Arc::clone(stack);
    tokio::spawn(async move { stack.supervise_services().await })
}

struct Run<'a> {
    options: &'a Options,
    stack: Arc<Stack>,
    hubspot: Hubspot,
    contacts: BTreeMap<String, String>,
    pairs: Arc<Vec<Pair>>,
    accepted_changes: Arc<AcceptedChanges>,
    injector: Arc<FaultInjector>,
    clients: Clients,
    supervisor: JoinHandle<anyhow::Result<()>>,
    findings: Vec<Finding>,
}

impl Run<'_> {
    async fn execute(mut self) -> anyhow::Result<Report> {
        self.clients.create_first_users(self.options.seed).await;
        let converged = self
            .wait_for_convergence(&self.accepted_changes.expected())
            .await?;
        converged.map_err(anyhow::Error::msg)?;
        let began = Instant::now();
        self.inject_faults().await;
        let injected_for_s = began.elapsed().as_secs_f64();
        tracing::info!("all faults have ended");
        let unanswered = self.clients.stop().await.err();
        self.add_findings(Check::Answers, unanswered.map(|error| error.to_string()));
        self.add_findings(Check::Harness, self.clients.failures());
        let expected = self.accepted_changes.expected();
        let convergence = self.converge(&expected).await?;
        let counted = self.check(&expected).await?;
        let measurements = self.measure().await;
        self.stop_all().await;
        let logs = if self.findings.is_empty() {
            None
        } else {
            Some(self.stack.keep_logs()?)
        };
        Ok(Report {
            seed: self.options.seed,
            injected_for_s,
            accepted: *self.accepted_changes.accepted().borrow(),
            answers: self.clients.answers(),
            faults: self.injector.fault_counts(),
            convergence,
            history: counted.history,
            exchanges: ExchangeCounts::of(&self.pairs),
            pairs: counted.pairs,
            measurements,
            findings: self.findings,
            logs,
        })
    }

    async fn inject_faults(&mut self) {
        let options = self.options;
        self.clients.start(options.seed, options.clients);
        let (stop, stopped) = watch::channel(false);
        let plan = Plan::new(options.seed, options.topology(), &options.families, options.every);
        let injecting = async { self.injector.run_plan(plan, stopped).await };
        let ending = async {
            self.wait_for_length().await;
            // With an empty plan, nothing waits for this.
            let _ = stop.send(true);
        };
        tokio::join!(injecting, ending);
        let failures = self.injector.failures();
        self.add_findings(Check::Harness, failures);
    }

    /// Waits until the run is long enough.
    async fn wait_for_length(&self) {
        match self.options.length {
            Length::For(length) => tokio::time::sleep(length).await,
            Length::Changes(count) => {
                let mut accepted = self.accepted_changes.accepted();
                let wait_for_length = accepted.wait_for(|accepted| *accepted >= count);
                // The time-out ends the run if changes are no longer accepted.
                let _ = tokio::time::timeout(MAX_RUN, wait_for_length).await;
            }
        }
    }

    async fn converge(
        &mut self,
        expected: &BTreeMap<String, Expected>,
    ) -> anyhow::Result<Option<Convergence>> {
        // The services cannot know when HubSpot applies its last late call, so this waits for the latest possible time.
        tokio::time::sleep(self.options.scale.latest_effect + LAST_CALL_TIME).await;
        match self.wait_for_convergence(expected).await? {
            Ok(convergence) => Ok(Some(convergence)),
            Err(remaining) => {
                self.add_findings(Check::Convergence, [remaining]);
                Ok(None)
            }
        }
    }

    async fn wait_for_convergence(
        &self,
        expected: &BTreeMap<String, Expected>,
    ) -> anyhow::Result<Result<Convergence, String>> {
        let may_be_in_conflict: BTreeSet<String> = self
            .pairs
            .iter()
            .filter(|pair| pair.may_be_in_conflict())
            .flat_map(Pair::users)
            .map(TestUser::id)
            .collect();
        let within = self.options.scale.converge_within;
        wait_for_convergence(&self.stack, expected, &may_be_in_conflict, within).await
    }

    async fn check(&mut self, expected: &BTreeMap<String, Expected>) -> anyhow::Result<Counted> {
        let contradictions = self.accepted_changes.contradictions();
        self.add_findings(Check::Answers, contradictions);
        let windows = self.injector.windows();
        let context = CheckContext {
            stack: &self.stack,
            hubspot: &self.hubspot,
            expected,
            contacts: &self.contacts,
            pairs: &self.pairs,
            windows: &windows,
            latest_effect: self.options.scale.latest_effect + self.options.scale.call_timeout,
        };
        let (findings, counted) = context.run_all().await?;
        self.findings.extend(findings);
        Ok(counted)
    }

    async fn measure(&mut self) -> Measurements {
        match Measurements::measure(&self.stack, self.options.measurements, self.options.nats_away).await {
            Ok(measurements) => measurements,
            Err(error) => {
                self.add_findings(Check::Convergence, [format!("{error:#}")]);
                Measurements::default()
            }
        }
    }

    async fn stop_all(&mut self) {
        self.stop_supervisor().await;
        let errors = self.stack.stop().await;
        self.add_findings(Check::Processes, errors);
        let ends = self.stack.unplanned_ends();
        let ends = ends.iter().map(|end| {
            let (name, at, code, tail) = (end.component.name(), end.at, end.code, &end.tail);
            format!("{name} stopped unexpectedly with exit code {code} at {at}:\n{tail}")
        });
        self.add_findings(Check::Processes, ends);
    }

    /// Stops the task that restarts services. If it has ended before, that is a finding.
    async fn stop_supervisor(&mut self) {
        self.supervisor.abort();
        if let Ok(ended) = (&mut self.supervisor).await {
            let why = ended
                .err()
                .map(|error| format!("stopped services were no longer restarted: {error:#}"));
            self.add_findings(Check::Harness, why);
        }
    }

    fn add_findings(&mut self, check: Check, sentences: impl IntoIterator<Item = String>) {
        self.findings.extend(Finding::all(check, sentences));
    }
}
