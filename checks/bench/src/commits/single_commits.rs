//! The loop for comparison: one statement and one commit for each request, on a pool of connections.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{Arguments, Round, user_id};

/// The least that an update has to write before it is answered: it reads no row and writes no `row_json`.
const UPDATE: &str = "UPDATE users SET version = version + 1, first_name = $2, unsettled = true, \
    updated_at = (extract(epoch FROM clock_timestamp()) * 1000)::int8 WHERE user_id = $1";

pub(super) async fn round(options: &PgConnectOptions, arguments: &Arguments) -> anyhow::Result<Round> {
    let options = options
        .clone()
        .options([("synchronous_commit", "on")])
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(arguments.connections)
        .min_connections(arguments.connections)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    let duration = Duration::from_secs(arguments.seconds);
    let began = Instant::now();
    let callers = (0..arguments.in_flight).map(|_| async {
        let mut delays = Vec::new();
        while began.elapsed() < duration {
            let user = rand::random_range(0..arguments.users);
            let asked = Instant::now();
            let update = sqlx::query(UPDATE).bind(user_id(user));
            update.bind(format!("F{}", delays.len())).execute(&pool).await?;
            delays.push(asked.elapsed().as_secs_f64() * 1_000.0);
        }
        anyhow::Ok(delays)
    });
    let delays: Vec<f64> = try_join_all(callers).await?.into_iter().flatten().collect();
    let round = Round::of(delays.len() as u64, began.elapsed(), delays);
    pool.close().await;
    Ok(round)
}
