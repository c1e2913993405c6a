//! Checks the database of the user service.

use user::store::{Database, OpenError, Tables, examine};

use super::Check;

pub(super) const NAME: &str = "database";

pub(super) async fn check(database: &Database) -> Check {
    match examine(database).await {
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
