//! The stores on which a test of the store runs: the one in memory, and the database that `TEST_DATABASE` names.

use testing::database::TestDatabase;
use user::store::{self, Opened, memory::MemoryStore};

/// Writers of the store in memory, as many as PostgreSQL has.
const WRITERS: usize = 3;

/// Where a test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreKind {
    Memory,
    /// SQLite, or PostgreSQL if `TEST_DATABASE` says so.
    Database,
}

/// A store that a test can open several times.
pub(crate) enum TestStore {
    Memory(MemoryStore),
    Database(Box<TestDatabase>),
}

impl StoreKind {
    /// An empty store.
    pub(crate) async fn fresh(self) -> TestStore {
        match self {
            Self::Memory => TestStore::Memory(MemoryStore::default()),
            Self::Database => TestStore::Database(Box::new(TestDatabase::fresh().await)),
        }
    }

    /// Whether several transactions can be open at a time. A database file has one writer.
    pub(crate) fn has_several_writers(self) -> bool {
        self == Self::Memory || TestDatabase::is_postgres()
    }
}

impl TestStore {
    pub(crate) async fn open(&self) -> Opened {
        match self {
            Self::Memory(store) => store.open(WRITERS),
            Self::Database(database) => store::open(&database.url().parse().unwrap()).await.unwrap(),
        }
    }
}

/// Makes a test of each named function for each kind of store.
macro_rules! on_each_store {
    ($($test:ident),+ $(,)?) => {
        mod in_memory {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test($crate::stores::StoreKind::Memory).await;
                }
            )+
        }

        mod on_the_database {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test($crate::stores::StoreKind::Database).await;
                }
            )+
        }
    };
}
pub(crate) use on_each_store;
