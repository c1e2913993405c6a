//! Changes at a steady pace, whatever the answers take.

use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

use super::USERS;
use crate::{
    delays::Delays,
    gateway::Gateway,
    people::{Group, Person},
};

const TICKS_PER_SECOND: u32 = 100;
/// More that are not answered yet would say that the pace is too much for this machine.
const MOST_OUT: usize = 2_000;

/// Sends so many changes a second for so long, and says how long the answers took.
pub(super) async fn flow(
    gateway: &Gateway,
    rate: u32,
    length: Duration,
    round: u32,
) -> anyhow::Result<Option<Delays>> {
    let mut ticks = interval(Duration::from_secs(1) / TICKS_PER_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut out = JoinSet::new();
    let mut took_ms = Vec::new();
    let until = Instant::now() + length;
    let mut number = 0;
    let mut due = 0;
    while Instant::now() < until {
        ticks.tick().await;
        due += rate;
        while due >= TICKS_PER_SECOND {
            due -= TICKS_PER_SECOND;
            let (gateway, person) = (gateway.clone(), person(number));
            out.spawn(change(gateway, person, round * 1_000 + number_of_pass(number)));
            number += 1;
        }
        anyhow::ensure!(out.len() < MOST_OUT, "the pace is too much for this machine");
        while let Some(done) = out.try_join_next() {
            took_ms.push(done??);
        }
    }
    while let Some(done) = out.join_next().await {
        took_ms.push(done??);
    }
    Ok(Delays::of(took_ms))
}

async fn change(gateway: Gateway, person: Person, round: u32) -> anyhow::Result<f64> {
    let began = Instant::now();
    gateway.change(person, round).await?;
    Ok(began.elapsed().as_secs_f64() * 1_000.0)
}

/// One user after the other, and again from the first.
fn person(number: usize) -> Person {
    Person {
        group: Group::Busy,
        number: number % USERS,
    }
}

fn number_of_pass(number: usize) -> u32 {
    u32::try_from(number / USERS).unwrap_or(u32::MAX)
}
