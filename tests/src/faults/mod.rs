//! Faults that come by chance that can be repeated: the same seed gives the same faults, in the same order, at the same
//! moments. What such a moment meets is chance.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use system_tests::cluster::{Mcpd, Mcplocal};
//! # use system_tests::{faults, proxy::Proxy};
//! # async fn example(proxy: Proxy, mut mcpd: Mcpd, mut local: Mcplocal) {
//! let seed = faults::Seed::chosen();
//! let mut target = faults::Target { network: &proxy, server: &mut mcpd, publisher: &mut local };
//! for fault in faults::Plan::new(seed.number()).within(Duration::from_secs(60)) {
//!     target.meet(&fault).await;
//! }
//! # }
//! ```
//! [`Plan`] is pure; [`Target::meet`] waits for a fault's moment, makes it happen and undoes it. The network is the
//! [`crate::proxy::Proxy`] between the publisher and the server.

mod plan;
mod seed;
mod target;

pub use plan::{Fault, Plan, What};
pub use seed::{SEED_VARIABLE, Seed};
pub use target::Target;
