//! Why a provider gave no answer, or broke one off.

/// A provider's failure. The texts name host and port at most, never a credential.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The provider can't be reached, or its connection broke.
    #[error(transparent)]
    Upstream(#[from] upstream::Error),
    /// It answered something that its dialect does not allow.
    #[error("the provider's answer can't be read: {0}")]
    Unreadable(String),
    /// It ended its answer before it was complete.
    #[error("the provider broke off in the middle of its answer")]
    CutShort,
    /// The request can't be put into the provider's dialect.
    #[error("{0}")]
    Unsupported(String),
    /// It says no, in its own words.
    #[error("the provider answered {status}: {message}")]
    Refused {
        /// Its HTTP status.
        status: u16,
        /// Its message.
        message: String,
    },
}

impl Error {
    /// Whether the provider never saw the request.
    pub fn is_connect(&self) -> bool {
        match self {
            Self::Upstream(upstream) => upstream.is_connect(),
            Self::Unreadable(_) | Self::CutShort | Self::Unsupported(_) | Self::Refused { .. } => {
                false
            }
        }
    }

    /// Whether the request itself is at fault.
    pub fn is_callers_fault(&self) -> bool {
        match self {
            Self::Unsupported(_) => true,
            Self::Refused { status, .. } => (400..500).contains(status),
            Self::Upstream(_) | Self::Unreadable(_) | Self::CutShort => false,
        }
    }
}
