//! What is taken out of a JSON value: values by a path, text by a template, cells of columns; and
//! which values are meant: by their labels, by their fields, and in which order.
//!
//! It knows no server and no terminal. The grammar is kubectl's: people type it from memory. The
//! path inside is RFC 9535's, so that filters and slices mean what the standard says.
//!
//! ```text
//! {range .items[*]}{.metadata.name}{"\n"}{end}     Template
//! NAME:.metadata.name,PHASE:.status.phase          Columns
//! team=docs,tier in (fast, heavy),!old             Selector
//! status.phase=active,spec.kind!=virtual           FieldSelector
//! .status.inFlight                                 Path, also the key of an order
//! ```

mod bad_expression;
mod columns;
mod dialect;
mod fields;
mod order;
mod path;
mod selector;
mod template;

pub use bad_expression::BadExpression;
pub use columns::Columns;
pub use fields::FieldSelector;
pub use order::sort_by;
pub use path::{Path, text};
pub use selector::Selector;
pub use template::Template;
