//! Quantities as they stand in table cells. The live console writes them alike, so they have a
//! crate of their own.

pub(crate) use ::quantity::{latency, left, money, rate};
