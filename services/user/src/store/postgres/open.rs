//! Connects, migrates and checks that commits are durable.

use std::{sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    PostgresReader, PostgresWriter,
    error::{is_distrust, is_of_the_server, limited},
};
use crate::store::{Database, OpenError, Opened, Tables, UserWriter};

/// How many connections write changes, each those of some users; one more is for deliveries. On two cores, two take a
/// third more changes than one, and four hardly more than two: see docs/benchmarks.md.
const CHANGE_WRITERS: usize = 2;
/// How many connections read.
const READERS: u32 = 8;
/// How long a read waits for one of them, new ones included: callers are to be told in time that there is none.
const READER_LIMIT: Duration = Duration::from_millis(500);
/// How long counting may take, in milliseconds. Nobody waits for it; see [`super::read::COUNTING_LIMIT`].
const COUNTING_LIMIT_MS: &str = "30000";
/// Below what the client waits for an answer, in milliseconds. The server ends what takes longer, so that no lock
/// outlives its caller; and callers are to be told in time that somebody else keeps the rows.
const SETTINGS: [(&str, &str); 6] = [
    ("synchronous_commit", "on"),
    ("statement_timeout", "2000"),
    // Longer than a commit takes on a disk that stalls, shorter than the gateway's first try.
    ("lock_timeout", "900"),
    ("idle_in_transaction_session_timeout", "10000"),
    // Every statement searches an index. A plan that was made while the table was empty would read all of it for as
    // long as the connection lives.
    ("enable_seqscan", "off"),
    // Compiling a statement takes longer than any of ours runs, seconds where the machine is busy.
    ("jit", "off"),
];

/// Opens the database on the server, which must be there already.
pub(in crate::store) async fn open(options: &PgConnectOptions) -> Result<Opened, OpenError> {
    migrate(options).await?;
    let options = named(options).options(SETTINGS);
    let mut writers: Vec<Box<dyn UserWriter>> = Vec::new();
    for _ in 0..=CHANGE_WRITERS {
        let writer = PostgresWriter::connect(options.clone()).await;
        writers.push(Box::new(writer.map_err(|source| open_error(&options, source))?));
    }
    let readers = PgPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(READER_LIMIT)
        .connect_lazy_with(options.clone());
    let counting = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(READER_LIMIT)
        .connect_lazy_with(options.options([("statement_timeout", COUNTING_LIMIT_MS)]));
    Ok(Opened {
        writers,
        reader: Arc::new(PostgresReader::new(readers, counting)),
    })
}

/// Checks the server and brings the tables up to date. Services that start at once wait for each other.
pub(in crate::store) async fn migrate(options: &PgConnectOptions) -> Result<(), OpenError> {
    // Without the limits of the others: a migration may take as long as it takes.
    let options = named(options);
    let failed = |source| open_error(&options, source);
    let mut connection = limited(PgConnection::connect_with(&options))
        .await
        .map_err(failed)?;
    check(&mut connection, failed).await?;
    // Not `run`: its bounds keep the compiler from seeing that a task may run the future.
    sqlx::migrate!("migrations/postgres")
        .run_direct(None, &mut connection, false)
        .await?;
    limited(connection.close()).await.map_err(failed)
}

/// Checks the server, and how its tables stand.
pub(in crate::store) async fn examine(options: &PgConnectOptions) -> Result<Tables, OpenError> {
    let options = named(options);
    let failed = |source| open_error(&options, source);
    let mut connection = limited(PgConnection::connect_with(&options))
        .await
        .map_err(failed)?;
    check(&mut connection, failed).await?;
    let has_tables = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
    let has_tables: bool = limited(has_tables.fetch_one(&mut connection))
        .await
        .map_err(failed)?;
    let mut made = Vec::new();
    if has_tables {
        let versions = sqlx::query_scalar("SELECT version FROM _sqlx_migrations");
        made = limited(versions.fetch_all(&mut connection))
            .await
            .map_err(failed)?;
    }
    limited(connection.close()).await.map_err(failed)?;
    Ok(Tables::of(&sqlx::migrate!("migrations/postgres"), &made))
}

fn named(options: &PgConnectOptions) -> PgConnectOptions {
    // Whoever asked logs what failed, once.
    options
        .clone()
        .application_name("hubsync user")
        .disable_statement_logging()
}

fn open_error(options: &PgConnectOptions, source: sqlx::Error) -> OpenError {
    OpenError::Open {
        passes: is_of_the_server(&source) && !is_distrust(&source),
        database: Database::Postgres(Box::new(options.clone())).to_string(),
        source,
    }
}

/// What the server must be set to.
async fn check(
    connection: &mut PgConnection,
    open_error: impl Fn(sqlx::Error) -> OpenError,
) -> Result<(), OpenError> {
    let needed = [
        ("fsync", "on"),
        ("server_encoding", "UTF8"),
        ("transaction_read_only", "off"),
    ];
    for (setting, needed) in needed {
        let found = sqlx::query_scalar("SELECT current_setting($1)").bind(setting);
        let found: String = limited(found.fetch_one(&mut *connection))
            .await
            .map_err(&open_error)?;
        if found != needed {
            return Err(OpenError::Unfit {
                setting,
                found,
                needed,
            });
        }
    }
    Ok(())
}
