//! Chance as an argument: for secrets, ids and jitter.

use std::sync::{Arc, Mutex, PoisonError};

/// A source of random numbers.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// A number from 0 (inclusive) to 1 (exclusive).
    fn unit(&self) -> f64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        // 53 bits are what an f64 holds exactly.
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A source that is handed around.
pub type SharedRandom = Arc<dyn Random>;

/// The operating system's generator: fit for secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A repeatable source for tests.
#[derive(Debug)]
pub struct SeededRandom(Mutex<fastrand::Rng>);

impl SeededRandom {
    /// The source that `seed` stands for.
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(fastrand::Rng::with_seed(seed))))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill(bytes);
    }
}

/// `bytes` random bytes in lower-case base 32 (RFC 4648 letters and digits, no padding).
///
/// Shape: `bytes * 8 / 5` characters for a multiple of 5.
pub fn base32(random: &dyn Random, bytes: usize) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut buffer = vec![0; bytes];
    random.fill(&mut buffer);
    let (mut text, mut bits, mut held) = (String::with_capacity(bytes * 8 / 5), 0u32, 0u32);
    for byte in buffer {
        bits = (bits << 8) | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_number_stays_below_one() {
        let random = SeededRandom::new(7);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.unit())));
    }

    #[test]
    fn base32_has_the_promised_length() {
        let id = base32(&*SeededRandom::new(7), 10);
        assert_eq!(id.len(), 16);
        assert!(
            id.bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        );
    }
}
