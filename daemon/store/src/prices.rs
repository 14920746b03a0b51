//! Prices: what tokens of an LLM or of a model cost. Past costs don't change with them: what a
//! request cost is kept with its [usage](crate::usage).

use shared::price::{KIND, PriceSpec, PriceStatus};

use crate::documents::{Documents, Kept, Table, table};

/// Prices that may exist at once.
pub const MAX_PRICES: usize = 10_000;

/// The prices of a store.
pub type Prices<'a> = Documents<'a, PriceSpec>;

impl Kept for PriceSpec {
    type Status = PriceStatus;
    const TABLE: Table = table!("prices", "price", "a", KIND, MAX_PRICES);
}
