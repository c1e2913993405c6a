//! The users' database.

use user::store::{Database, OpenError, Tables, examine};

use super::Check;

pub(super) const NAME: &str = "database";

pub(super) async fn check(database: &Database) -> Check {
    match examine(database).await {
        Ok(Tables::UpToDate) => found(
            database,
            "its commits are durable, its tables as this version wants them",
        ),
        Ok(Tables::Absent) => found(
            database,
            "it has no tables yet; the user service makes them at its start",
        ),
        Ok(Tables::Behind(migrations)) => Check::warning(
            NAME,
            &format!("{database}: {migrations} migration(s) are to be made yet"),
            "start the user service of this version, which makes them, or run it with migrate",
        ),
        Ok(Tables::Ahead) => Check::failed(
            NAME,
            &format!("{database}: a later version of hubsync has changed its tables"),
            "run that version, or name another database in USER_DATABASE_URL",
        ),
        Err(error) => Check::failed(NAME, &error.to_string(), mend(&error)),
    }
}

fn found(database: &Database, what: &str) -> Check {
    Check::ok(NAME, &format!("{database}: {what}"))
}

fn mend(error: &OpenError) -> &'static str {
    match error {
        OpenError::Open { .. } => {
            "start the server, or set USER_DATABASE_URL to where it is and as whom to ask it"
        }
        OpenError::Folder { .. } => "make the folder writable, or set USER_DATABASE_URL to another",
        OpenError::Migrate(_) => "look at the migrations that were made, in _sqlx_migrations",
        OpenError::Unfit { .. } => "change what it names; what is accepted could be lost otherwise",
    }
}
