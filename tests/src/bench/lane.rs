//! The ways a request can take to the mock provider.

use super::client::Target;
use super::meter::Meter;
use clap::ValueEnum;

/// How many times fewer requests a slow way gets.
const SLOWER: u32 = 400;

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
    /// mcpd's data plane: `/v1/chat/completions` on a public row, with accounting and a token that has limits.
    V1,
    /// LiteLLM's proxy.
    Litellm,
}

impl Path {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 7] = [
        Self::Direct,
        Self::Nginx,
        Self::Bore,
        Self::Public,
        Self::Virtual,
        Self::V1,
        Self::Litellm,
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
            Self::V1 => "v1",
            Self::Litellm => "litellm",
        }
    }

    /// Whether it is so much slower than the others that it gets fewer requests, in the first round only.
    #[must_use]
    pub fn is_slow(self) -> bool {
        self == Self::Litellm
    }
}

/// A way that stands: where to send, and whose CPU to count.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Which way.
    pub path: Path,
    /// The model that a request names there.
    pub model: &'static str,
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

    /// `count` requests or tokens, or what a slow way can do in the same time.
    #[must_use]
    pub fn bounded_by_speed<N: From<u32> + Ord + std::ops::Div<Output = N>>(&self, count: N) -> N {
        if self.path.is_slow() {
            (count / N::from(SLOWER)).max(N::from(1))
        } else {
            count
        }
    }

    /// A chat completion request; `mock` is the vendor field, as JSON.
    #[must_use]
    pub fn chat_request(&self, stream: bool, mock: &str) -> Vec<u8> {
        let model = self.model;
        self.chat.request(&format!(
            r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"Say a few words."}}],"mock":{mock}}}"#
        ))
    }
}
