//! Making a credential and proving one. Pure: chance comes in as an argument.
//!
//! The secret part is 256 random bits, so one round of SHA-256 is enough to store: there is
//! nothing to guess that a slow hash would protect.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::random::{Random, base32};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use shared::access_token;
use shared::role::Role;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Random bytes behind the public id: 16 characters of base 32.
const ID_BYTES: usize = 10;
/// Random bytes behind the secret part: 43 characters of base64url.
const SECRET_BYTES: usize = 32;

/// A new credential: the text for its bearer, and what is stored of it.
#[derive(Debug)]
pub struct Minted {
    /// The public part.
    pub id: String,
    /// `mcp_<role>_<id>_<secret>_<check>`: to be shown once.
    pub text: SecretString,
    /// What proves it later.
    pub hash: SecretHash,
}

/// Makes a credential that is labelled with `role`.
pub fn mint(role: Role, random: &dyn Random) -> Minted {
    let id = base32(random, ID_BYTES);
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    random.fill(&mut *bytes);
    let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
    Minted {
        text: access_token::format(role, &id, &secret).into(),
        hash: SecretHash::of(&secret),
        id,
    }
}

/// SHA-256 of a credential's secret part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of the secret part `secret`.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Whether `secret` is the one. Takes the same time whether it is or not.
    pub fn proves(&self, secret: &str) -> bool {
        self.0.ct_eq(&Self::of(secret).0).into()
    }

    /// A stored hash; `None` where it has another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// As it is stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use kit::random::SeededRandom;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_minted_credential_reads_back_and_proves_itself() {
        let minted = mint(Role::Publisher, &*SeededRandom::new(3));
        let text = minted.text.expose_secret();
        let token = access_token::parse(text).unwrap();
        assert_eq!((token.role, token.id), (Role::Publisher, &*minted.id));
        assert!(minted.hash.proves(token.secret));
        assert!(!minted.hash.proves(&token.secret[1..]));
        assert!(!minted.hash.proves(""));
    }

    #[test]
    fn nothing_that_is_printed_repeats_the_secret() {
        let minted = mint(Role::Admin, &*SeededRandom::new(4));
        let secret = access_token::parse(minted.text.expose_secret())
            .unwrap()
            .secret;
        assert!(!format!("{minted:?}").contains(secret));
    }
}
