//! What a principal may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A role that an access token carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, including what the other roles may do.
    Admin,
    /// Call LLMs, see the registry, own jobs.
    User,
    /// Register providers and serve their tasks.
    Publisher,
    /// Claim and finish jobs.
    Worker,
}

/// A text that names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role: use admin, user, publisher or worker")]
pub struct UnknownRole(pub String);

impl Role {
    /// Every role, most powerful first.
    pub const ALL: [Self; 4] = [Self::Admin, Self::User, Self::Publisher, Self::Worker];

    /// The role as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
            Self::Publisher => "publisher",
            Self::Worker => "worker",
        }
    }

    /// Whether holding `self` is enough where `needed` is asked for.
    pub fn covers(self, needed: Self) -> bool {
        self == Self::Admin || self == needed
    }
}

/// Whether any of `held` is enough where `needed` is asked for.
pub fn any_covers(held: &[Role], needed: Role) -> bool {
    held.iter().any(|role| role.covers(needed))
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UnknownRole(text.escape_debug().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_admin_covers_the_other_roles() {
        for held in Role::ALL {
            for needed in Role::ALL {
                let expected = held == Role::Admin || held == needed;
                assert_eq!(held.covers(needed), expected, "{held} for {needed}");
            }
        }
    }
}
