//! The console as a whole: what it shows, what keys do, and that nothing makes it panic.

mod anything;
mod screens;
mod stage;
mod states;
