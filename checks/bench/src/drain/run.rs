//! A whole run of `drain`.

use std::time::Duration;

use anyhow::Context;
use testing::http;

use super::{Arguments, Drain, Report, Throughput, single_changes};
use crate::{
    figures::process_usage::UsageMonitor,
    system::{
        database::BenchDatabase,
        gateway::Gateway,
        hubspot_sandbox::HubspotSandbox,
        resolved_versions::ResolvedVersions,
        stack::{HUBSPOT, Stack},
        test_users::{Group, TestUser},
    },
};

/// Longer than the sandbox's window, so that no call of one step counts against the limit of the next.
const WINDOW_PAUSE: Duration = Duration::from_millis(10_500);

/// Runs everything within the time that the arguments allow.
pub async fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let concurrency = arguments
        .concurrency
        .map(|most| ("HUBSPOT_CONCURRENCY", most.to_string()));
    let mut stack = Stack::start(
        http::client(),
        BenchDatabase::create(arguments.postgres).await?,
        concurrency.as_slice(),
    )
    .await?;
    let measured = tokio::time::timeout(arguments.ceiling(), measure(&mut stack, arguments)).await;
    let measured = measured
        .with_context(|| {
            format!(
                "not finished after {} s (--give-up-after)",
                arguments.give_up_after
            )
        })
        .and_then(|measured| measured);
    match measured {
        Ok(report) => {
            stack.stop().await?;
            Ok(report)
        }
        Err(error) => Err(error.context(stack.log_tails())),
    }
}

/// The system that all steps use.
struct DrainRun<'a> {
    stack: &'a mut Stack,
    arguments: &'a Arguments,
    gateway: Gateway,
    sandbox: HubspotSandbox,
    resolved: ResolvedVersions,
}

async fn measure(stack: &mut Stack, arguments: &Arguments) -> anyhow::Result<Report> {
    let mut run = DrainRun {
        gateway: stack.gateway(),
        sandbox: stack.sandbox(),
        resolved: ResolvedVersions::listen(&stack.nats_url()).await?,
        stack,
        arguments,
    };
    run.prepare().await?;
    let idle = run.idle().await?;
    let drain = if arguments.users == 0 {
        None
    } else {
        Some(run.drain().await?)
    };
    Ok(Report {
        idle,
        drain,
        ..Report::about(arguments)
    })
}

impl DrainRun<'_> {
    /// Creates a contact for each user, and links known users by a first delivery.
    async fn prepare(&mut self) -> anyhow::Result<()> {
        self.sandbox.lift_limits().await?;
        print_step("creating contacts");
        self.sandbox.create_contacts(self.all_users()).await?;
        if !self.arguments.unknown {
            print_step("delivering every user once, without limits");
            self.stack.start_service(HUBSPOT).await?;
            self.gateway.change_all(self.all_users(), 1).await?;
            for (group, count) in self.groups() {
                self.resolved.wait_for_all(group.prefix(), count, 1).await?;
            }
            self.stack.stop_service(HUBSPOT).await?;
        }
        let Arguments {
            limit,
            latency_ms,
            jitter_ms,
            ..
        } = *self.arguments;
        self.sandbox.set(limit, latency_ms, jitter_ms).await?;
        tokio::time::sleep(WINDOW_PAUSE).await;
        Ok(())
    }

    async fn idle(&mut self) -> anyhow::Result<Option<single_changes::Idle>> {
        let (count, round) = (self.arguments.single, self.round());
        if count == 0 {
            return Ok(None);
        }
        print_step("single changes while nothing else is delivered");
        self.stack.start_service(HUBSPOT).await?;
        let idle =
            single_changes::measure_while_idle(&self.gateway, &self.sandbox, &self.resolved, count, round)
                .await?;
        self.stack.stop_service(HUBSPOT).await?;
        Ok(idle)
    }

    async fn drain(&mut self) -> anyhow::Result<Drain> {
        let (users, round) = (self.arguments.users, self.round());
        print_step("making the backlog");
        let filled_in = self
            .gateway
            .change_all(Group::Backlog.users(users), round)
            .await?;
        tokio::time::sleep(WINDOW_PAUSE).await;
        self.sandbox.forget_calls().await?;
        print_step("delivering the backlog");
        self.stack.start_service(HUBSPOT).await?;
        let watch = UsageMonitor::begin(self.stack.process_ids());
        let (gateway, resolved) = (&self.gateway, &self.resolved);
        let drained = resolved.wait_for_all(Group::Backlog.prefix(), users, u64::from(round));
        let single =
            single_changes::measure_while_draining(gateway, resolved, self.arguments.single, round, drained)
                .await?;
        let usage = watch.end().await?;
        let calls = self.sandbox.calls().await?;
        let throughput = Throughput::of(&calls, self.arguments).context("a drain without calls")?;
        Ok(Drain {
            filled_per_second: users_per_second(users, filled_in),
            throughput,
            single,
            usage,
        })
    }

    /// The number of the measured round. Known users were delivered in a first round.
    fn round(&self) -> u32 {
        if self.arguments.unknown { 1 } else { 2 }
    }

    fn groups(&self) -> [(Group, usize); 3] {
        let Arguments { users, single, .. } = *self.arguments;
        [
            (Group::Backlog, users),
            (Group::Idle, single),
            (Group::Busy, single),
        ]
    }

    fn all_users(&self) -> impl Iterator<Item = TestUser> + use<> {
        let groups = self.groups();
        groups.into_iter().flat_map(|(group, count)| group.users(count))
    }
}

fn users_per_second(users: usize, elapsed: Duration) -> f64 {
    u32::try_from(users).map_or(f64::INFINITY, f64::from) / elapsed.as_secs_f64()
}

/// Prints to stderr, so that stdout contains only the report.
fn print_step(step: &str) {
    eprintln!("drain: {step} …");
}
