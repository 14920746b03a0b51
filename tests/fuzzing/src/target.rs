//! One fuzz target: its kept seeds first, then a number of cases that are the same in every run, or new ones for a time.
//!
//! | environment    | meaning                                                            |
//! |----------------|--------------------------------------------------------------------|
//! | `FUZZ_SECONDS` | batch after batch for so long, and say how many cases ran          |
//! | `FUZZ_TELL`    | say the seed of every batch, for cases that end the process          |
//! | `FUZZ_BATCH`   | play the batch of this seed alone                                   |

use std::cell::Cell;
use std::collections::hash_map::{DefaultHasher, RandomState};
use std::fmt::{Debug, Write};
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestCaseResult, TestError, TestRng, TestRunner,
};

/// No case works for so long, however long it has to wait for a processor.
const LONGEST_CASE: Duration = Duration::from_secs(20);
/// Shrinking ends after this time, in milliseconds: a seed is worth more than the smallest case.
const LONGEST_SHRINKING_MS: u32 = 60_000;

/// Names a target, for its seeds and for whoever reads the result.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The crate's folder.
    pub folder: &'static str,
    /// The module of the target.
    pub module: &'static str,
    /// The target's function.
    pub name: &'static str,
    /// The cases of an ordinary run.
    pub cases: u32,
}

impl Target {
    /// The crate, the module and the function, as the list of tests has them.
    fn title(&self) -> String {
        format!("{}::{}", self.module, self.name)
    }

    /// Where the seeds of its failures are kept; one file per target, so that none replays another's.
    fn seeds(&self) -> PathBuf {
        let inner = self.module.split("::").skip(1);
        let inner = inner.filter(|part| !matches!(*part, "fuzz" | "fuzz_tests" | "tests"));
        let mut path = PathBuf::from(self.folder).join("proptest-regressions");
        path.extend(inner);
        path.join(format!("{}.txt", self.name))
    }
}

/// Runs a target; [`crate::targets`] writes the call.
///
/// # Panics
/// Where a case fails, with the smallest case that was found; its seed is kept then.
pub fn run<S>(target: Target, strategy: &S, test: impl Fn(S::Value) -> TestCaseResult)
where
    S: Strategy,
    S::Value: Debug,
{
    let until = seconds().map(|seconds| now() + Duration::from_secs(seconds));
    let only = std::env::var("FUZZ_BATCH").ok();
    // Leaked, since proptest wants a path that lives on: once per target.
    let path: &'static str = Box::leak(target.seeds().display().to_string().into());
    let watch = Watch::start(target.title());
    let began = now();
    let ran = Cell::new(0u64);
    loop {
        let seed = match (&only, until) {
            (Some(only), _) => parse_seed(only),
            (None, Some(_)) => fresh_seed(),
            (None, None) => seed_of(&target.title()),
        };
        let config = Config {
            cases: target.cases,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(path))),
            max_shrink_time: LONGEST_SHRINKING_MS,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        watch.batch(&seed);
        let result = TestRunner::new_with_rng(config, rng).run(strategy, |case| {
            watch.begin();
            let since = worked();
            let result = test(case);
            let took = worked().saturating_sub(since);
            watch.end();
            ran.set(ran.get() + 1);
            proptest::prop_assert!(took < LONGEST_CASE, "the case worked for {took:?}");
            result
        });
        if let Err(TestError::Fail(why, case)) = &result {
            let title = target.title();
            panic!(
                "{title}: {why}\nthe case: {case:?}\nits seed is kept in {path}; see docs/fuzzing.md"
            );
        }
        if let Err(other) = result {
            panic!("{}: {other}", target.title());
        }
        if only.is_some() || until.is_none_or(|until| now() >= until) {
            break;
        }
    }
    if until.is_some() {
        let secs = now().duration_since(began).as_secs_f64();
        let (title, ran) = (target.title(), ran.get());
        say(&format!(
            "fuzzed {title}: {ran} cases in {secs:.0} s, {:.0} per second, clean",
            ran as f64 / secs
        ));
    }
}

fn seconds() -> Option<u64> {
    std::env::var("FUZZ_SECONDS").ok()?.parse().ok()
}

/// The same in every ordinary run: a test that passed does not fail where nothing was changed.
fn seed_of(title: &str) -> [u8; 32] {
    let mut seed = [0; 32];
    for (n, part) in (0u8..).zip(seed.chunks_mut(8)) {
        let mut hasher = DefaultHasher::new();
        hasher.write(title.as_bytes());
        hasher.write_u8(n);
        part.copy_from_slice(&hasher.finish().to_le_bytes());
    }
    seed
}

/// Of what the standard library seeds its tables with.
fn fresh_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    for part in seed.chunks_mut(8) {
        let random = RandomState::new().build_hasher().finish();
        part.copy_from_slice(&random.to_le_bytes());
    }
    seed
}

fn parse_seed(text: &str) -> [u8; 32] {
    let byte = |at: usize| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.expect("FUZZ_BATCH is 64 hexadecimal digits")
}

/// Tells of a case that does not end: it can't be shrunk, but its batch can be played again.
struct Watch {
    state: Arc<State>,
    began: Instant,
}

struct State {
    /// When the case that runs began, in milliseconds; 0 between two cases.
    since: AtomicU64,
    over: AtomicBool,
    batch: Mutex<String>,
}

impl Watch {
    fn start(title: String) -> Self {
        let state = Arc::new(State {
            since: AtomicU64::new(0),
            over: AtomicBool::new(false),
            batch: Mutex::default(),
        });
        let (began, seen) = (now(), Arc::clone(&state));
        std::thread::spawn(move || {
            while !seen.over.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_secs(1));
                let since = seen.since.load(Ordering::Relaxed);
                let passed = now().duration_since(began).as_millis() as u64;
                if since > 0 && passed.saturating_sub(since) > 3 * LONGEST_CASE.as_millis() as u64 {
                    let batch = seen.batch.lock().map(|batch| batch.clone());
                    say(&format!(
                        "{title}: a case does not end; play it again with FUZZ_BATCH={}",
                        batch.unwrap_or_default()
                    ));
                    std::process::abort();
                }
            }
        });
        Self { state, began }
    }

    fn batch(&self, seed: &[u8]) {
        let mut text = String::new();
        for byte in seed {
            let _ = write!(text, "{byte:02x}");
        }
        if std::env::var_os("FUZZ_TELL").is_some() {
            say(&format!("FUZZ_BATCH={text}"));
        }
        if let Ok(mut batch) = self.state.batch.lock() {
            *batch = text;
        }
    }

    fn begin(&self) {
        let passed = now().duration_since(self.began).as_millis() as u64;
        self.state.since.store(passed.max(1), Ordering::Relaxed);
    }

    fn end(&self) {
        self.state.since.store(0, Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::Relaxed);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a target measures real time, and no runtime is near"
)]
fn now() -> Instant {
    Instant::now()
}

/// What this thread has worked so far.
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[expect(clippy::print_stderr, reason = "the result is what is asked for")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// Writes fuzz targets: ordinary tests in a module `fuzz`, by which `tests/fuzz.sh` finds them.
///
/// Shape: as `proptest!`, without its attributes; `#![cases(N)]` in front changes the cases of an ordinary
/// run, 128. Once per module.
#[macro_export]
macro_rules! targets {
    (#![cases($cases:expr)] $($targets:tt)*) => {
        mod fuzz {
            #[allow(unused_imports, reason = "targets of one crate may name all by paths")]
            use super::*;
            $crate::each_target! { $cases; $($targets)* }
        }
    };
    ($($targets:tt)*) => { $crate::targets! { #![cases(128)] $($targets)* } };
}

/// Writes the tests of [`targets`].
#[doc(hidden)]
#[macro_export]
macro_rules! each_target {
    ($cases:expr; $(
        $(#[doc = $doc:expr])*
        fn $name:ident($($input:pat in $strategy:expr),+ $(,)?) $body:block
    )*) => { $(
        $(#[doc = $doc])*
        #[test]
        fn $name() {
            let target = $crate::Target {
                folder: env!("CARGO_MANIFEST_DIR"),
                module: module_path!(),
                name: stringify!($name),
                cases: $cases,
            };
            $crate::run(target, &($($strategy,)+), |($($input,)+)| {
                $body
                Ok(())
            });
        }
    )* };
}
