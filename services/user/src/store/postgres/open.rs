//! Connects, migrates and checks that commits are durable.

use std::sync::Arc;

use sqlx::{ConnectOptions as _, PgConnection, postgres::PgConnectOptions};

use super::{
    PostgresReader, PostgresWriter,
    error::{is_distrust, is_of_the_server, limited},
    pooler::{self, Suspicion},
    reading::ReadingSessions,
    session::{Session, SessionError},
    session_settings::SessionSettings,
};
use crate::store::{OpenError, Opened, Server, Tables, Unfit, UserWriter};

/// How many connections write changes, each those of some users; one more is for deliveries. On two cores, two take a
/// third more changes than one, and four hardly more than two: see docs/benchmarks.md.
const CHANGE_WRITERS: usize = 2;
/// How many connections read.
const READERS: u32 = 8;

/// Opens the database on the server, which must be there already.
pub(in crate::store) async fn open(server: &Server) -> Result<Opened, OpenError> {
    let failed = |error| open_error(server, error);
    let options = options(server);
    pooler::look(&options).await.map_err(failed)?;
    let settings = migrate_at(server, &options).await?;
    let suspicion = Suspicion::default();
    let mut writers: Vec<Box<dyn UserWriter>> = Vec::new();
    for _ in 0..=CHANGE_WRITERS {
        let writer = PostgresWriter::connect(options.clone(), settings.clone(), suspicion.clone()).await;
        writers.push(Box::new(writer.map_err(failed)?));
    }
    let readers = |settings, most| ReadingSessions::new(options.clone(), settings, suspicion.clone(), most);
    let counting = readers(settings.clone().for_counting(), 1);
    let reader = PostgresReader::new(readers(settings, READERS), counting);
    Ok(Opened {
        writers,
        reader: Arc::new(reader),
    })
}

/// Checks the server and brings the tables up to date. Services that start at once wait for each other.
pub(in crate::store) async fn migrate(server: &Server) -> Result<(), OpenError> {
    let options = options(server);
    pooler::look(&options)
        .await
        .map_err(|error| open_error(server, error))?;
    migrate_at(server, &options).await.map(drop)
}

/// The same, and returns the settings for the sessions that use the tables.
async fn migrate_at(server: &Server, options: &PgConnectOptions) -> Result<SessionSettings, OpenError> {
    let failed = |error| open_error(server, error);
    let settings = SessionSettings::new(&server.settings);
    let mut session = check(options, settings.clone().for_migrations())
        .await
        .map_err(failed)?;
    // Not `run`: its bounds keep the compiler from seeing that a task may run the future.
    sqlx::migrate!("migrations/postgres")
        .run_direct(None, &mut session.connection, false)
        .await?;
    let path = check_tables(&mut session.connection).await.map_err(failed)?;
    session.close().await.map_err(|error| failed(error.into()))?;
    // Where somebody changes the path meanwhile, other sessions still go to the same tables.
    Ok(settings.with("search_path", &path))
}

/// Checks the server, and how its tables stand.
pub(in crate::store) async fn examine(server: &Server) -> Result<Tables, OpenError> {
    let examined = async {
        let options = options(server);
        pooler::look(&options).await?;
        let mut session = check(&options, SessionSettings::new(&server.settings)).await?;
        let has_tables = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
        let has_tables: bool = limited(has_tables.fetch_one(&mut session.connection)).await?;
        let mut made = Vec::new();
        if has_tables {
            let versions = sqlx::query_scalar("SELECT version FROM _sqlx_migrations");
            made = limited(versions.fetch_all(&mut session.connection)).await?;
        }
        session.close().await?;
        Ok(made)
    };
    let made = examined.await.map_err(|error| open_error(server, error))?;
    Ok(Tables::of(&sqlx::migrate!("migrations/postgres"), &made))
}

/// How to connect. What a pooler would refuse or ignore is left to the session's settings.
fn options(server: &Server) -> PgConnectOptions {
    // Whoever asked logs what failed, once.
    server
        .connect
        .clone()
        .application_name("hubsync user")
        .extra_float_digits(None)
        .disable_statement_logging()
}

fn open_error(server: &Server, error: SessionError) -> OpenError {
    match error {
        SessionError::Unfit(unfit) => unfit.into(),
        SessionError::Database(source) => OpenError::Open {
            passes: is_of_the_server(&source) && !is_distrust(&source),
            database: server.to_string(),
            source,
        },
    }
}

/// A session at a server to which changes could be written.
async fn check(options: &PgConnectOptions, settings: SessionSettings) -> Result<Session, SessionError> {
    let mut session = Session::open(options, &settings).await?;
    session.begin_writing(&settings).await?;
    session.end().await?;
    let encoding = sqlx::query_scalar("SELECT current_setting('server_encoding')");
    let encoding: String = limited(encoding.fetch_one(&mut session.connection)).await?;
    if encoding != "UTF8" {
        return Err(SessionError::Unfit(Unfit::setting(
            "server_encoding",
            &encoding,
            "UTF8",
        )));
    }
    Ok(session)
}

/// Checks that the tables outlive a crash of the server, and returns the path on which they were found.
async fn check_tables(connection: &mut PgConnection) -> Result<String, SessionError> {
    let unlogged = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE oid IN ('users'::regclass, 'lease'::regclass) \
         AND relpersistence <> 'p' LIMIT 1",
    );
    let unlogged: Option<String> = limited(unlogged.fetch_optional(&mut *connection)).await?;
    if let Some(table) = unlogged {
        let what = format!("the persistence of table {table}");
        let needed = "permanent: ALTER TABLE … SET LOGGED";
        return Err(SessionError::Unfit(Unfit::setting(&what, "unlogged", needed)));
    }
    let path = sqlx::query_scalar("SELECT current_setting('search_path')");
    Ok(limited(path.fetch_one(connection)).await?)
}
