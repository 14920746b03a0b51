//! The same bytes, in other pieces.

use proptest::prelude::*;
use proptest::sample::Index;

/// Where bytes are cut.
#[derive(Clone, Debug)]
pub enum Cuts {
    /// At these places.
    At(Vec<Index>),
    /// Into pieces of this size.
    Each(usize),
}

/// Cuts of any kind; into single bytes, too.
pub fn cuts() -> impl Strategy<Value = Cuts> {
    prop_oneof![
        3 => proptest::collection::vec(any::<Index>(), 0..12).prop_map(Cuts::At),
        1 => (1..9usize).prop_map(Cuts::Each),
    ]
}

impl Cuts {
    /// The pieces of `bytes`, in order; some may be empty.
    pub fn of<'a>(&self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        match self {
            Self::Each(size) => bytes.chunks(*size).collect(),
            Self::At(places) => {
                let places = places.iter().map(|place| place.index(bytes.len() + 1));
                let mut at: Vec<usize> = places.chain([0, bytes.len()]).collect();
                at.sort_unstable();
                at.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
            }
        }
    }
}
