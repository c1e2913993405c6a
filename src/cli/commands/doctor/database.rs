//! Checks the database of the user service.

use user::store::{Database, Fingerprints, OpenError, Tables, examine, read_fingerprints};

use super::Check;

pub(super) const NAME: &str = "database";
const FAIL_OVER: &str = "database fail-over";

pub(super) async fn check(database: &Database) -> Vec<Check> {
    let tables = examine(database).await;
    let has_tables = matches!(tables, Ok(Tables::UpToDate));
    let mut checks = vec![check_tables(database, tables)];
    if has_tables {
        checks.push(check_fail_over(database).await);
    }
    checks
}

fn check_tables(database: &Database, tables: Result<Tables, OpenError>) -> Check {
    match tables {
        Ok(Tables::UpToDate) => usable(database, "commits are durable, and the tables are up to date"),
        Ok(Tables::Absent) => usable(
            database,
            "there are no tables yet; the user service creates them when it starts",
        ),
        Ok(Tables::Behind(migrations)) => Check::warning(
            NAME,
            &format!("{database}: {migrations} migration(s) are pending"),
            "start this version of the user service, which applies them, or run it with migrate",
        ),
        Ok(Tables::Ahead) => Check::failed(
            NAME,
            &format!("{database}: a later version of hubsync has changed the tables"),
            "run that version, or name another database in USER_DATABASE_URL",
        ),
        Err(error) => Check::failed(NAME, &error.to_string(), fix(&error)),
    }
}

/// Whether the user service notices that another database server has taken over, which may have lost commits.
async fn check_fail_over(database: &Database) -> Check {
    if matches!(database, Database::Sqlite(_)) {
        return Check::ok(
            FAIL_OVER,
            "a restored file looks like any other; after restoring one, run the user service with raise-version-floor",
        );
    }
    match read_fingerprints(database).await {
        Ok(Fingerprints { found: None, .. }) => Check::warning(
            FAIL_OVER,
            "the server does not tell its timeline, so the user service does not notice when another one takes over",
            "let its role execute pg_walfile_name and pg_current_wal_insert_lsn; or stop the user services after each \
             fail-over that may have lost commits, and run one with raise-version-floor",
        ),
        Ok(Fingerprints {
            found: Some(found),
            stored: Some(stored),
        }) if found != stored => Check::warning(
            FAIL_OVER,
            &format!(
                "another server has taken over ({stored} before, {found} now); commits may have been lost"
            ),
            "start the user service: it raises the version floor when it connects; then run hubsync drift",
        ),
        Ok(Fingerprints {
            found: Some(found), ..
        }) => Check::ok(
            FAIL_OVER,
            &format!(
                "the user service notices another server by its system identifier and timeline, now {found}"
            ),
        ),
        Err(error) => Check::failed(FAIL_OVER, &error.to_string(), fix(&error)),
    }
}

fn usable(database: &Database, detail: &str) -> Check {
    Check::ok(NAME, &format!("{database}: {detail}"))
}

fn fix(error: &OpenError) -> &'static str {
    match error {
        OpenError::Open { .. } => "start the server, or set USER_DATABASE_URL to its address and credentials",
        OpenError::Folder { .. } => "make the folder writable, or set USER_DATABASE_URL to another",
        OpenError::Migrate(_) => {
            "compare the migrations in the table _sqlx_migrations with those of this version"
        }
        OpenError::Unfit { .. } => {
            "change the setting that the message names; with it, accepted changes could be lost"
        }
    }
}
