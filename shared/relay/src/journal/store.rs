//! What the journal needs of a store: three calls.

use std::error::Error;

use tokio::time::Instant;

use super::bucket_claim::Added;
use super::row::{Row, SeenRow, Wanted};

/// Why a store did not do what was asked, or did not say whether it has.
pub type StoreError = Box<dyn Error + Send + Sync>;

/// Where the rows of the journal are. A row is known by its bucket's key and its number.
pub trait Store: Send + Sync {
    /// Reads the rows of a bucket from a number on, every page of them, as of now; of each row only what is wanted.
    fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        until: Instant,
    ) -> impl Future<Output = Result<Vec<SeenRow>, StoreError>> + Send;

    /// Adds a row if none has its number. It may be tried again, as the same row.
    ///
    /// # Errors
    /// Where the store did not answer: then the row may be there, now or later.
    fn add(
        &self,
        bucket: &str,
        row: &Row,
        until: Instant,
    ) -> impl Future<Output = Result<Added, StoreError>> + Send;

    /// Writes a row over whatever has its number. Only its owner does.
    fn write(
        &self,
        bucket: &str,
        row: &Row,
        until: Instant,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
