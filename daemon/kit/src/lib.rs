//! What both daemons need and no word of the domain: time, chance, lifecycle, backoff, settings,
//! logging.

pub mod backoff;
pub mod clock;
pub mod lifecycle;
pub mod logging;
pub mod open_files;
pub mod random;
pub mod settings;
mod to_its_end;
