//! Sealing values: AES-256-GCM-SIV (RFC 8452) under a key derived from the master key by
//! HKDF-SHA256 (RFC 5869), one per purpose.
//!
//! What is sealed is bound to its place by the associated data: table, row, field and key id. A
//! value that was moved to another row or field does not open. The nonce is random; should one
//! ever repeat, this mode gives away only that two values are equal.

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use hkdf::Hkdf;
use kit::random::Random;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::master_key::MasterKey;

/// Says what a derived key is for; another purpose takes another text.
const VALUES_PURPOSE: &[u8] = b"mcpctl/v1/secret values";
/// The key's public name is derived like a key of its own.
const KEY_ID_PURPOSE: &[u8] = b"mcpctl/v1/key id";
/// The length of a nonce, in bytes.
const NONCE_BYTES: usize = 12;

/// Where a sealed value stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The table.
    pub(crate) table: &'a str,
    /// The row's id, which never changes.
    pub(crate) row: &'a str,
    /// The field within the row.
    pub(crate) field: &'a str,
}

/// A sealed value, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) key_id: String,
    pub(crate) nonce: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
}

/// Seals and opens with one master key.
pub(crate) struct Sealer {
    cipher: Aes256GcmSiv,
    key_id: String,
}

impl Sealer {
    pub(crate) fn new(master: &MasterKey) -> Self {
        let key = derive::<32>(master, VALUES_PURPOSE);
        let id = derive::<8>(master, KEY_ID_PURPOSE);
        Self {
            cipher: Aes256GcmSiv::new((&*key).into()),
            key_id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// The master key's public name: 16 hexadecimal digits that tell nothing about it.
    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(crate) fn seal(&self, place: Place<'_>, value: &[u8], random: &dyn Random) -> Sealed {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let aad = associated_data(place, &self.key_id);
        let payload = Payload {
            msg: value,
            aad: &aad,
        };
        let bytes = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .expect("a value is far below the cipher's limit of 64 GiB");
        Sealed {
            key_id: self.key_id.clone(),
            nonce: nonce.into(),
            bytes,
        }
    }

    /// The value, where it was sealed by this key for this very place.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let nonce: [u8; NONCE_BYTES] = sealed.nonce.as_slice().try_into().ok()?;
        let aad = associated_data(place, &sealed.key_id);
        let payload = Payload {
            msg: &sealed.bytes,
            aad: &aad,
        };
        let value = self.cipher.decrypt(&Nonce::from(nonce), payload).ok()?;
        Some(Zeroizing::new(value))
    }
}

fn derive<const LENGTH: usize>(master: &MasterKey, purpose: &[u8]) -> Zeroizing<[u8; LENGTH]> {
    let mut key = Zeroizing::new([0; LENGTH]);
    Hkdf::<Sha256>::new(None, master.expose())
        .expand(purpose, key.as_mut_slice())
        .expect("HKDF-SHA256 gives up to 8160 bytes");
    key
}

/// The place as bytes. Each part has its length in front, so that no two places look alike.
fn associated_data(place: Place<'_>, key_id: &str) -> Vec<u8> {
    let mut data = Vec::new();
    for part in [place.table, place.row, place.field, key_id] {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part.as_bytes());
    }
    data
}

#[cfg(test)]
mod tests {
    use kit::random::SeededRandom;

    use super::*;

    const HERE: Place<'_> = Place {
        table: "secrets",
        row: "1",
        field: "api-key",
    };

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&MasterKey::from_bytes([byte; 32]))
    }

    #[test]
    fn a_value_opens_in_its_place_and_nowhere_else() {
        let (sealer, random) = (sealer(1), SeededRandom::new(1));
        let sealed = sealer.seal(HERE, b"sk-1", &*random);
        assert_eq!(**sealer.open(HERE, &sealed).unwrap(), *b"sk-1");
        let elsewhere = [
            Place { row: "2", ..HERE },
            Place {
                field: "other",
                ..HERE
            },
            Place {
                table: "tokens",
                ..HERE
            },
            // The same letters, split at another point.
            Place {
                row: "1a",
                field: "pi-key",
                ..HERE
            },
        ];
        for place in elsewhere {
            assert!(sealer.open(place, &sealed).is_none(), "{place:?}");
        }
    }

    #[test]
    fn another_key_or_a_changed_byte_does_not_open() {
        let random = SeededRandom::new(2);
        let sealed = sealer(1).seal(HERE, b"sk-1", &*random);
        assert!(sealer(2).open(HERE, &sealed).is_none());
        for at in 0..sealed.bytes.len() {
            let mut changed = sealed.clone();
            changed.bytes[at] ^= 1;
            assert!(sealer(1).open(HERE, &changed).is_none());
        }
        let mut relabelled = sealed;
        relabelled.key_id = sealer(2).key_id().into();
        assert!(sealer(1).open(HERE, &relabelled).is_none());
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time() {
        let (sealer, random) = (sealer(1), SeededRandom::new(3));
        let seal = || sealer.seal(HERE, b"sk-1", &*random).bytes;
        assert_ne!(seal(), seal());
    }

    #[test]
    fn what_was_sealed_by_the_first_release_still_opens() {
        // Written once and never changed: rows out there look like this.
        let sealer = sealer(7);
        let sealed = Sealed {
            key_id: "b28e0dc9b7cfabc4".into(),
            nonce: hex("91727e708e59fcc5208c1e45"),
            bytes: hex("9a9a9e01a5aef1fb5fe3144175314ce41dc5945c"),
        };
        assert_eq!(sealer.key_id(), sealed.key_id);
        assert_eq!(**sealer.open(HERE, &sealed).unwrap(), *b"sk-1");
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits = text.as_bytes().chunks(2);
        let text = digits.map(|pair| std::str::from_utf8(pair).unwrap());
        text.map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    }
}
