//! The price resource: what tokens of an LLM cost.
//!
//! A price is named after an LLM or after a model id; the LLM's own wins. A virtual LLM costs
//! nothing unless it has a price under its own name.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::{BadDocument, Document, spread};

/// The resource's kind in its envelope.
pub const KIND: &str = "Price";

/// A price as it travels; its name is an LLM's name or a model id.
pub type Price = Document<PriceSpec, PriceStatus>;

/// US dollars per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceSpec {
    /// Tokens of the prompt.
    pub input: f64,
    /// Tokens of the answer, those of its reasoning included.
    #[serde(default)]
    pub output: f64,
    /// Tokens of the prompt that the provider had cached. Default: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
}

/// Nothing is seen of a price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceStatus {}

/// Why a JSON value is no price.
#[derive(Debug, thiserror::Error)]
pub enum BadPrice {
    /// The document's outer shape is wrong.
    #[error(transparent)]
    Document(#[from] BadDocument),
    /// A field is missing or of the wrong type.
    #[error("not a valid price: {0}")]
    Field(#[from] serde_json::Error),
    /// A number that is no price.
    #[error("`{0}` must be US dollars per million tokens, from 0 to 1,000,000")]
    Number(&'static str),
}

/// The highest price, in US dollars per million tokens.
const MAX_USD: f64 = 1_000_000.0;

/// Reads a price in either form that a writer may send, and checks it.
///
/// Errors: [`BadPrice`], with a sentence that names the field.
pub fn parse(value: Value) -> Result<Price, BadPrice> {
    let price: Price = serde_json::from_value(spread(value, KIND, &["status"])?)?;
    let spec = &price.spec;
    for (name, usd) in [
        ("input", spec.input),
        ("output", spec.output),
        ("cachedInput", spec.cached_input.unwrap_or(0.0)),
    ] {
        if !(0.0..=MAX_USD).contains(&usd) {
            return Err(BadPrice::Number(name));
        }
    }
    Ok(price)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_price_is_read_and_nonsense_refused() {
        let price = parse(json!({"kind": "Price", "name": "gpt-4o", "input": 2.5, "output": 10}));
        assert_eq!(price.unwrap().spec.output, 10.0);
        let why = |value| parse(value).unwrap_err().to_string();
        assert!(why(json!({"name": "m", "input": -1})).contains("`input`"));
        assert!(why(json!({"name": "m", "output": 1})).contains("input"));
        assert!(why(json!({"name": "m", "input": 1, "ouput": 1})).contains("ouput"));
    }
}
