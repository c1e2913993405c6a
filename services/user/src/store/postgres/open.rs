//! Connects to the server, migrates the tables and checks that commits are durable.

use std::sync::Arc;

use sqlx::{ConnectOptions as _, PgConnection, postgres::PgConnectOptions};

use super::{
    PostgresReader, PostgresWriter,
    error::{is_distrust, is_of_the_server, limited},
    session::{ReadingSessions, Session, SessionError, SessionSettings, Suspicion, detect_pooler},
};
use crate::store::{Fingerprints, OpenError, Opened, Server, Tables, Unfit, UserWriter};

/// The number of connections that write changes; the users are divided among them. One more connection is for deliveries.
/// On two cores, two connections write a third more changes than one, and four hardly more than two: see
/// docs/benchmarks.md.
const CHANGE_WRITERS: usize = 2;
/// The number of connections that read.
const READERS: u32 = 8;

/// Opens the database on the server. The database must exist.
pub(in crate::store) async fn open(server: &Server) -> Result<Opened, OpenError> {
    let failed = |error| open_error(server, error);
    let options = options(server);
    detect_pooler(&options).await.map_err(failed)?;
    let settings = migrate_at(server, &options).await?;
    let suspicion = Suspicion::default();
    let mut writers: Vec<Box<dyn UserWriter>> = Vec::new();
    for _ in 0..=CHANGE_WRITERS {
        let writer = PostgresWriter::connect(options.clone(), settings.clone(), suspicion.clone()).await;
        writers.push(Box::new(writer.map_err(failed)?));
    }
    let readers = |settings, count| ReadingSessions::new(options.clone(), settings, suspicion.clone(), count);
    let counting = readers(settings.clone().for_counting(), 1);
    let reader = PostgresReader::new(readers(settings, READERS), counting);
    Ok(Opened {
        writers,
        reader: Arc::new(reader),
    })
}

/// Checks the server and brings the tables up to date. Services that start at the same time wait for each other.
pub(in crate::store) async fn migrate(server: &Server) -> Result<(), OpenError> {
    let options = options(server);
    detect_pooler(&options)
        .await
        .map_err(|error| open_error(server, error))?;
    migrate_at(server, &options).await.map(drop)
}

/// Does the same, and returns the settings for the sessions that use the tables.
async fn migrate_at(server: &Server, options: &PgConnectOptions) -> Result<SessionSettings, OpenError> {
    let failed = |error| open_error(server, error);
    let settings = SessionSettings::new(&server.settings);
    let mut session = check(options, settings.clone().for_migrations())
        .await
        .map_err(failed)?;
    // `run` does the same, but its bounds keep the compiler from seeing that its future is `Send`.
    sqlx::migrate!("migrations/postgres")
        .run_direct(None, &mut session.connection, false)
        .await?;
    let path = check_tables(&mut session.connection).await.map_err(failed)?;
    session.close().await.map_err(|error| failed(error.into()))?;
    // All sessions use the search path of this one. If it is changed on the server meanwhile, they still use these
    // tables.
    Ok(settings.with("search_path", &path))
}

/// Checks the server, and whether its tables are up to date.
pub(in crate::store) async fn examine(server: &Server) -> Result<Tables, OpenError> {
    let examined = async {
        let options = options(server);
        detect_pooler(&options).await?;
        let mut session = check(&options, SessionSettings::new(&server.settings)).await?;
        let has_tables = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
        let has_tables: bool = limited(has_tables.fetch_one(&mut session.connection)).await?;
        let mut applied = Vec::new();
        if has_tables {
            let versions = sqlx::query_scalar("SELECT version FROM _sqlx_migrations");
            applied = limited(versions.fetch_all(&mut session.connection)).await?;
        }
        session.close().await?;
        Ok(applied)
    };
    let applied = examined.await.map_err(|error| open_error(server, error))?;
    Ok(Tables::compare(&sqlx::migrate!("migrations/postgres"), &applied))
}

/// Reads which server this is, and which one it was when a user service connected last.
pub(in crate::store) async fn read_fingerprints(server: &Server) -> Result<Fingerprints, OpenError> {
    let read = async {
        let options = options(server);
        detect_pooler(&options).await?;
        let mut session = check(&options, SessionSettings::new(&server.settings)).await?;
        let (connection, identity) = session.writing();
        // An earlier version has no such column yet.
        let stored = sqlx::query_scalar("SELECT to_jsonb(lease) ->> 'fingerprint' FROM lease WHERE id = 1");
        let stored = limited(stored.fetch_one(connection)).await?;
        session.close().await?;
        Ok(Fingerprints {
            found: identity.fingerprint.clone(),
            stored,
        })
    };
    read.await.map_err(|error| open_error(server, error))
}

/// How to connect. Parameters that a pooler would refuse or ignore are set as the session's settings instead.
fn options(server: &Server) -> PgConnectOptions {
    // Failed statements are logged once, by the caller.
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
            is_transient: is_of_the_server(&source) && !is_distrust(&source),
            database: server.to_string(),
            source,
        },
    }
}

/// Opens a session, and checks that changes can be written in it.
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

/// Checks that the tables survive a crash of the server, and returns the search path on which they were found.
async fn check_tables(connection: &mut PgConnection) -> Result<String, SessionError> {
    let unlogged = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE oid IN ('users'::regclass, 'lease'::regclass, \
         'idempotency_keys'::regclass) AND relpersistence <> 'p' LIMIT 1",
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
