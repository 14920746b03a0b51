//! What tokens cost: the price table in memory, written through to the store.
//!
//! Money is counted in whole nano-dollars (billionths of a US dollar).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use registry::Row;
use shared::name::Name;
use shared::price::{Price, PriceSpec};
use shared::timestamp::Timestamp;
use shared::usage::Tokens;
use store::{Store, StoreError};

/// Nano-dollars per US dollar.
pub const NANO: f64 = 1e9;

/// The price table. Cheap to clone; clones are the same table.
#[derive(Clone)]
pub struct Prices(Arc<Inner>);

struct Inner {
    store: Store,
    by_name: RwLock<HashMap<Name, Price>>,
    /// Held by every change, so that memory and store see one order.
    writing: tokio::sync::Mutex<()>,
}

impl Prices {
    /// Loads the table.
    pub async fn load(store: Store) -> Result<Self, StoreError> {
        let prices = store.prices().list().await?;
        let named = |price: Price| (price.metadata.name.clone(), price);
        Ok(Self(Arc::new(Inner {
            by_name: RwLock::new(prices.into_iter().map(named).collect()),
            writing: tokio::sync::Mutex::default(),
            store,
        })))
    }

    /// The price that holds for `row`: its own, or its model's. A virtual row has only its own.
    pub fn of(&self, row: &Row) -> Option<PriceSpec> {
        let by_name = self.read();
        if by_name.is_empty() {
            return None;
        }
        let of = |name: &Name| by_name.get(name).map(|price| price.spec);
        of(row.name()).or_else(|| {
            let model = (!row.is_virtual()).then(|| row.spec().model.parse().ok())?;
            of(&model?)
        })
    }

    /// Every price, ordered by name.
    pub fn list(&self) -> Vec<Price> {
        let mut prices: Vec<_> = self.read().values().cloned().collect();
        prices.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        prices
    }

    /// The price named `name`.
    pub fn find(&self, name: &str) -> Option<Price> {
        let name: Name = name.parse().ok()?;
        self.read().get(&name).cloned()
    }

    /// Adds a price.
    ///
    /// Errors: [`StoreError::Conflict`] where the name has one.
    pub async fn create(&self, price: &Price, now: Timestamp) -> Result<Price, StoreError> {
        let _writing = self.0.writing.lock().await;
        let price = self.0.store.prices().insert(price, now).await?;
        Ok(self.put(price))
    }

    /// Changes a price.
    ///
    /// Errors: [`StoreError::NotFound`], [`StoreError::Stale`].
    pub async fn replace(
        &self,
        price: &Price,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Price, StoreError> {
        let _writing = self.0.writing.lock().await;
        let price = self.0.store.prices().replace(price, expected, now).await?;
        Ok(self.put(price))
    }

    /// Deletes a price.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn delete(&self, name: &Name) -> Result<Price, StoreError> {
        let _writing = self.0.writing.lock().await;
        let price = self.0.store.prices().delete(name).await?;
        self.write().remove(name);
        Ok(price)
    }

    fn put(&self, price: Price) -> Price {
        let name = price.metadata.name.clone();
        self.write().insert(name, price.clone());
        price
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<Name, Price>> {
        let by_name = self.0.by_name.read();
        by_name.unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<Name, Price>> {
        let by_name = self.0.by_name.write();
        by_name.unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `tokens` cost, in nano-dollars, rounded to the nearest.
pub(crate) fn cost_nano_usd(price: &PriceSpec, tokens: &Tokens) -> i64 {
    let cached = tokens.cached.min(tokens.input);
    let uncached = tokens.input - cached;
    let per_million = uncached as f64 * price.input
        + cached as f64 * price.cached_input.unwrap_or(price.input)
        + tokens.output as f64 * price.output;
    // Dollars per million tokens are a thousand nano-dollars per token. Saturates.
    (per_million * 1000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_exact_to_the_nano_dollar() {
        let price = PriceSpec {
            input: 2.5,
            output: 10.0,
            cached_input: Some(1.25),
        };
        let tokens = Tokens {
            input: 1000,
            output: 100,
            cached: 400,
            reasoning: 50,
        };
        // 600 * 2500 + 400 * 1250 + 100 * 10000 nano-dollars.
        assert_eq!(cost_nano_usd(&price, &tokens), 3_000_000);
        assert_eq!(cost_nano_usd(&price, &Tokens::default()), 0);
    }
}
