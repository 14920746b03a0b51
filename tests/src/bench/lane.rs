//! The ways a request can take to the mock provider.

use super::client::Target;
use super::meter::Meter;
use clap::ValueEnum;

/// A way to the mock provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum Path {
    /// Straight to the mock.
    Direct,
    /// nginx as a reverse proxy.
    Nginx,
    /// A raw TCP tunnel, both ends.
    Bore,
    /// mcpd, `infer` on a public row.
    Public,
    /// mcpd and mcplocal, `infer` on a virtual row.
    Virtual,
}

impl Path {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 5] = [
        Self::Direct,
        Self::Nginx,
        Self::Bore,
        Self::Public,
        Self::Virtual,
    ];

    /// The name in options and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::Bore => "bore",
            Self::Public => "public",
            Self::Virtual => "virtual",
        }
    }
}

/// A way that stands: where to send, and whose CPU to count.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Which way.
    pub path: Path,
    /// Where chat completions go.
    pub chat: Target,
    /// The processes between the load generator and the mock; none on the direct way.
    pub processes: Vec<u32>,
    /// The mock.
    pub mock: u32,
}

impl Lane {
    /// Reads the processes between the load generator and the mock.
    #[must_use]
    pub fn meter(&self) -> Meter {
        Meter::of(&self.processes)
    }

    /// Reads the mock.
    #[must_use]
    pub fn mock_meter(&self) -> Meter {
        Meter::of(&[self.mock])
    }

    /// A chat completion request; `mock` is the vendor field, as JSON.
    #[must_use]
    pub fn chat_request(&self, stream: bool, mock: &str) -> Vec<u8> {
        self.chat.request(&format!(
            r#"{{"model":"mock","stream":{stream},"messages":[{{"role":"user","content":"Say a few words."}}],"mock":{mock}}}"#
        ))
    }
}
