//! Makes changes at a steady rate, however long the answers take.

use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

use super::USERS;
use crate::{
    figures::delays::Delays,
    system::{
        gateway::Gateway,
        test_users::{Group, TestUser},
    },
};

const TICKS_PER_SECOND: u32 = 100;
/// The most unanswered changes. More would mean that this machine is too slow for the rate.
const MAX_UNANSWERED: usize = 2_000;

/// Sends changes at this rate for this time, and returns the delays of the answers.
pub(super) async fn send_at_rate(
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
            let (gateway, user) = (gateway.clone(), user(number));
            out.spawn(change(gateway, user, round * 1_000 + number_of_pass(number)));
            number += 1;
        }
        anyhow::ensure!(
            out.len() < MAX_UNANSWERED,
            "this machine is too slow for the rate"
        );
        while let Some(done) = out.try_join_next() {
            took_ms.push(done??);
        }
    }
    while let Some(done) = out.join_next().await {
        took_ms.push(done??);
    }
    Ok(Delays::of(took_ms))
}

async fn change(gateway: Gateway, user: TestUser, round: u32) -> anyhow::Result<f64> {
    let began = Instant::now();
    gateway.change(user, round).await?;
    Ok(began.elapsed().as_secs_f64() * 1_000.0)
}

/// The users in order, and again from the first.
fn user(number: usize) -> TestUser {
    TestUser {
        group: Group::Busy,
        number: number % USERS,
    }
}

fn number_of_pass(number: usize) -> u32 {
    u32::try_from(number / USERS).unwrap_or(u32::MAX)
}
