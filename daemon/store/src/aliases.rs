//! Aliases: one name in front of several LLMs. What an alias leads to is the gateway's to say.

use shared::alias::{AliasSpec, AliasStatus, KIND};

use crate::documents::{Documents, Kept, Table, table};

/// Aliases that may exist at once.
pub const MAX_ALIASES: usize = 10_000;

/// The aliases of a store.
pub type Aliases<'a> = Documents<'a, AliasSpec>;

impl Kept for AliasSpec {
    type Status = AliasStatus;
    const TABLE: Table = table!("aliases", "alias", "an", KIND, MAX_ALIASES);
}
