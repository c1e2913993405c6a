//! The migrations of both databases, which are part of the program.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

/// The migrations in a folder, each with its number and the rest of its file's name.
///
/// `sqlx::migrate!` would need no list, but the crate of sqlx's macros compiles both drivers, with SQLite, a second time.
macro_rules! migrations {
    ($folder:literal, $($number:literal $name:literal),+ $(,)?) => {
        &[$((
            $number,
            $name,
            include_str!(concat!("../../migrations/", $folder, "/", $number, "_", $name, ".sql")),
        )),+]
    };
}

/// The number of a migration, its name, and its statements.
type Known = [(&'static str, &'static str, &'static str)];

const SQLITE: &Known = migrations!(
    "sqlite",
    "0001" "users_and_lease",
    "0002" "pause",
    "0003" "state",
    "0004" "idempotency_keys",
    "0005" "problems_before_pending",
    "0006" "version_floor",
    "0007" "refused_tokens",
    "0008" "late_writes",
);

const POSTGRES: &Known = migrations!(
    "postgres",
    "0001" "users_and_lease",
    "0002" "state",
    "0003" "idempotency_keys",
    "0004" "problems_before_pending",
    "0005" "version_floor",
    "0006" "refused_tokens",
    "0007" "late_writes",
);

/// The migrations of SQLite.
pub(super) fn sqlite() -> Migrator {
    migrator(SQLITE)
}

/// The migrations of PostgreSQL.
pub(super) fn postgres() -> Migrator {
    migrator(POSTGRES)
}

fn migrator(known: &'static Known) -> Migrator {
    let migration = |(number, name, statements): &(&str, &str, &'static str)| {
        let number = number
            .parse()
            .expect("a number: a test compares the list with the folder");
        // The description as sqlx makes it from a file's name. Databases store it, and nothing reads it.
        let description = Cow::Owned(name.replace('_', " "));
        Migration::new(
            number,
            description,
            MigrationType::Simple,
            statements.into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(known.iter().map(migration).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests may panic")]
mod tests {
    use std::path::Path;

    use super::*;

    /// A migration as sqlx compares it with an applied one, with what it stores of it.
    type Stored = (i64, String, Vec<u8>, String, bool);

    fn stored(migrator: &Migrator) -> Vec<Stored> {
        let stored = migrator.iter().map(|migration| {
            let Migration {
                version,
                description,
                checksum,
                sql,
                no_tx,
                ..
            } = migration;
            let sql = sql.as_str().to_owned();
            (*version, description.to_string(), checksum.to_vec(), sql, *no_tx)
        });
        stored.collect()
    }

    /// The migrations of a folder, as sqlx reads them.
    async fn of_folder(database: &str) -> Vec<Stored> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(database);
        stored(&Migrator::new(folder).await.unwrap())
    }

    #[tokio::test]
    async fn each_list_has_the_migrations_of_its_folder() {
        assert_eq!(stored(&sqlite()), of_folder("sqlite").await);
        assert_eq!(stored(&postgres()), of_folder("postgres").await);
    }
}
