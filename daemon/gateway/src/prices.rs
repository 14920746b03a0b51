//! What tokens cost.
//!
//! Money is counted in whole nano-dollars (billionths of a US dollar).

use registry::Row;
use shared::price::PriceSpec;
use shared::usage::Tokens;

use crate::documents::Documents;

/// Nano-dollars per US dollar.
pub const NANO: f64 = 1e9;

/// The price table.
pub type Prices = Documents<PriceSpec>;

impl Prices {
    /// The price that holds for `row`: its own, or its model's. A virtual row has only its own.
    pub fn of(&self, row: &Row) -> Option<PriceSpec> {
        let own = self.find(row.name().as_str());
        let price = own.or_else(|| match row.is_virtual() {
            true => None,
            false => self.find(&row.spec().model),
        });
        price.map(|price| price.spec)
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
