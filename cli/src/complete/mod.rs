//! Shell completion: static scripts made from the command line's definition, whose dynamic slots
//! call `mcpctl __complete KIND PREFIX`.

mod bash;
mod fish;
mod model;
pub(crate) mod names;
mod powershell;
pub(crate) mod script;
mod zsh;
