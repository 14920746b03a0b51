//! The text of a credential: `mcp_<role>_<id>_<secret>_<check>`.
//!
//! The id finds the row, the secret proves the right, the check catches a cut paste before any
//! lookup and lets a scanner recognise a leaked one. Making one needs randomness and storing one
//! needs a hash: both live with the server.

use crate::role::Role;

/// Characters of the public id (10 bytes in base 32).
pub const ID_CHARS: usize = 16;
/// Characters of the secret (32 bytes in base64url without padding).
pub const SECRET_CHARS: usize = 43;
/// Characters of the check value (CRC-32 in hexadecimal).
const CHECK_CHARS: usize = 8;

/// A credential taken apart. Borrowed, so that no copy of the secret is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessToken<'a> {
    /// The first role it was made for; for the reader only, the row decides.
    pub role: Role,
    /// The public id, [`ID_CHARS`] long.
    pub id: &'a str,
    /// The secret, [`SECRET_CHARS`] long.
    pub secret: &'a str,
}

impl std::fmt::Debug for AccessToken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "mcp_{}_{}_***", self.role, self.id)
    }
}

/// A text that is no credential of ours. Says nothing about the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an mcpctl access token (mcp_<role>_...): was it cut while copying?")]
pub struct NotAnAccessToken;

/// Takes a credential apart and checks its check value.
pub fn parse(text: &str) -> Result<AccessToken<'_>, NotAnAccessToken> {
    let body_len = text
        .len()
        .checked_sub(CHECK_CHARS + 1)
        .ok_or(NotAnAccessToken)?;
    let (body, check) = text.split_at_checked(body_len).ok_or(NotAnAccessToken)?;
    if check.strip_prefix('_') != Some(&*check_of(body)) {
        return Err(NotAnAccessToken);
    }
    let rest = body.strip_prefix("mcp_").ok_or(NotAnAccessToken)?;
    let (role, rest) = rest.split_once('_').ok_or(NotAnAccessToken)?;
    let (id, secret) = rest.split_once('_').ok_or(NotAnAccessToken)?;
    let role = role.parse().map_err(|_| NotAnAccessToken)?;
    if id.len() != ID_CHARS || secret.len() != SECRET_CHARS {
        return Err(NotAnAccessToken);
    }
    Ok(AccessToken { role, id, secret })
}

/// Puts a credential together.
///
/// Shape: `id` and `secret` must have [`ID_CHARS`] and [`SECRET_CHARS`] characters.
pub fn format(role: Role, id: &str, secret: &str) -> String {
    let body = format!("mcp_{role}_{id}_{secret}");
    let check = check_of(&body);
    format!("{body}_{check}")
}

fn check_of(body: &str) -> String {
    format!("{:08x}", crc32(body.as_bytes()))
}

/// CRC-32 (IEEE 802.3, reflected), bit by bit: a credential is 80 bytes long.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc = (crc >> 1) ^ (0xEDB8_8320 & 0u32.wrapping_sub(carry));
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_is_the_standard_crc() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_credential_survives_its_text_form_and_a_cut_one_is_refused() {
        let secret = "s_".repeat(21) + "x";
        let text = format(Role::Publisher, "abcdefghijklmnop", &secret);
        let token = parse(&text).unwrap();
        assert_eq!((token.role, token.secret), (Role::Publisher, &*secret));
        for end in 0..text.len() {
            assert_eq!(parse(&text[..end]), Err(NotAnAccessToken));
        }
        assert!(!format!("{token:?}").contains(&secret));
    }
}
