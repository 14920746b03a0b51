//! Markdown that arrives in pieces becomes lines of a terminal.
//!
//! ```text
//!  piece -> clean -> block (what a line is) -> inline (styles) -> wrap -> finished lines
//!                      |  |                                          \-> the unfinished rest
//!                      |  table (held until it ends)
//!                      code (a line at a time, highlighted)
//! ```
//!
//! Finished lines never change again and are printed once; only the unfinished rest is painted
//! anew with each piece. What can't be told yet (an emphasis that may still be closed) is settled
//! after a bounded distance, so that a piece costs the same however long the answer is.
//!
//! Pure: no terminal is touched and no size asked for; the caller writes.
//!
//! What differs from CommonMark, since it shows what language models write: a line end is a line
//! end, emphasis does not reach over it, and a list under a number may be indented by two.

mod block;
mod clean;
mod code;
mod entity;
mod highlight;
mod inline;
mod list;
mod row;
mod stream;
mod style;
mod table;
mod wrap;

pub use code::{CodeBlock, code_blocks};
pub use row::{Line, width_of};
pub use stream::{Paint, Stream};
pub use style::Theme;
