//! An operator raises the version floor, because the database was restored in a way that the service does not notice.

use crate::{
    rules::{self, RuleTiming},
    store::{self, Database, OpenError, StoreError},
};

/// Why the version floor was not raised.
#[derive(Debug, thiserror::Error)]
pub enum RaiseVersionFloorError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database did not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Raises the version floor and returns it. No user service may run meanwhile: it would go on below the floor until it connects again.
pub async fn raise_version_floor(
    database: &Database,
    timing: &RuleTiming,
) -> Result<u64, RaiseVersionFloorError> {
    let mut opened = store::open(database).await?;
    let writer = opened.writers.first_mut().expect("every database has a writer");
    let (mut transaction, _) = writer.begin(&[]).await?;
    let mut lease = transaction.lease().await?;
    rules::raise_version_floor(&mut lease, None, transaction.now(), timing);
    transaction.save_lease(&lease).await?;
    transaction.commit().await?;
    opened.close().await?;
    Ok(lease.version_floor)
}
