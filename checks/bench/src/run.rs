//! A whole run, step by step.

use std::time::Duration;

use anyhow::Context;
use testing::http;

use crate::{
    arguments::Arguments,
    disk::Disk,
    gateway::Gateway,
    hubspot_sandbox::HubspotSandbox,
    lone,
    people::{Group, Person},
    report::{Drain, Report},
    settlements::Settlements,
    stack::{HUBSPOT, Stack},
    throughput::Throughput,
    usage::Watch,
};

/// Longer than the sandbox's window, so that no call of one step counts in the next.
const WINDOW_PASSES: Duration = Duration::from_millis(10_500);

/// Runs everything within the time that the arguments allow.
pub async fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let concurrency = arguments
        .concurrency
        .map(|most| ("HUBSPOT_CONCURRENCY", most.to_string()));
    let mut stack = Stack::start(
        http::client(),
        Disk::make(arguments.postgres).await?,
        concurrency.as_slice(),
    )
    .await?;
    let measured = tokio::time::timeout(arguments.ceiling(), measure(&mut stack, arguments)).await;
    let measured = measured
        .with_context(|| format!("given up after {} s", arguments.give_up_after))
        .and_then(|measured| measured);
    match measured {
        Ok(report) => {
            stack.stop().await?;
            Ok(report)
        }
        Err(error) => Err(error.context(stack.tails())),
    }
}

/// What each step works with.
struct Scene<'a> {
    stack: &'a mut Stack,
    arguments: &'a Arguments,
    gateway: Gateway,
    sandbox: HubspotSandbox,
    settlements: Settlements,
}

async fn measure(stack: &mut Stack, arguments: &Arguments) -> anyhow::Result<Report> {
    let mut scene = Scene {
        gateway: stack.gateway(),
        sandbox: stack.sandbox(),
        settlements: Settlements::listen(&stack.nats_url()).await?,
        stack,
        arguments,
    };
    scene.prepare().await?;
    let idle = scene.idle().await?;
    let drain = if arguments.users == 0 {
        None
    } else {
        Some(scene.drain().await?)
    };
    Ok(Report {
        idle,
        drain,
        ..Report::about(arguments)
    })
}

impl Scene<'_> {
    /// A contact for everybody; for known users also the link to it.
    async fn prepare(&mut self) -> anyhow::Result<()> {
        self.sandbox.lift_limits().await?;
        tell("contacts are created");
        self.sandbox.create_contacts(self.everybody()).await?;
        if !self.arguments.unknown {
            tell("everybody is delivered once, without limits");
            self.stack.start_service(HUBSPOT).await?;
            self.gateway.flood(self.everybody(), 1).await?;
            for (group, count) in self.groups() {
                self.settlements.wait_for_all(group.prefix(), count, 1).await?;
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
        tokio::time::sleep(WINDOW_PASSES).await;
        Ok(())
    }

    async fn idle(&mut self) -> anyhow::Result<Option<lone::Idle>> {
        let (count, round) = (self.arguments.lone, self.round());
        if count == 0 {
            return Ok(None);
        }
        tell("lone changes on an idle line");
        self.stack.start_service(HUBSPOT).await?;
        let idle =
            lone::on_an_idle_line(&self.gateway, &self.sandbox, &self.settlements, count, round).await?;
        self.stack.stop_service(HUBSPOT).await?;
        Ok(idle)
    }

    async fn drain(&mut self) -> anyhow::Result<Drain> {
        let (users, round) = (self.arguments.users, self.round());
        tell("the backlog is filled");
        let filled_in = self.gateway.flood(Group::Backlog.people(users), round).await?;
        tokio::time::sleep(WINDOW_PASSES).await;
        self.sandbox.forget_calls().await?;
        tell("it drains");
        self.stack.start_service(HUBSPOT).await?;
        let watch = Watch::begin(self.stack.process_ids());
        let (gateway, settlements) = (&self.gateway, &self.settlements);
        let drained = settlements.wait_for_all(Group::Backlog.prefix(), users, u64::from(round));
        let lone = lone::while_it_drains(gateway, settlements, self.arguments.lone, round, drained).await?;
        let usage = watch.end().await?;
        let calls = self.sandbox.calls().await?;
        let throughput = Throughput::of(&calls, self.arguments).context("a drain without calls")?;
        Ok(Drain {
            filled_per_second: people_per_second(users, filled_in),
            throughput,
            lone,
            usage,
        })
    }

    /// Known users have been through a first round.
    fn round(&self) -> u32 {
        if self.arguments.unknown { 1 } else { 2 }
    }

    fn groups(&self) -> [(Group, usize); 3] {
        let Arguments { users, lone, .. } = *self.arguments;
        [(Group::Backlog, users), (Group::Idle, lone), (Group::Busy, lone)]
    }

    fn everybody(&self) -> impl Iterator<Item = Person> + use<> {
        let groups = self.groups();
        groups.into_iter().flat_map(|(group, count)| group.people(count))
    }
}

fn people_per_second(users: usize, took: Duration) -> f64 {
    u32::try_from(users).map_or(f64::INFINITY, f64::from) / took.as_secs_f64()
}

/// For whoever waits; the figures alone go to standard output.
fn tell(step: &str) {
    eprintln!("drain: {step} …");
}
