//! The link to the server: registers, holds the channel, proves it, comes back.
pub mod machine;
