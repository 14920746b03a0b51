//! The command line of the bench.

use super::book::Section;
use super::lane::Path;
use super::plan::Plan;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Measure the ways to a mock provider side by side.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub struct Options {
    /// What to do; measures when left out.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to measure.
    #[command(flatten)]
    pub run: RunOptions,
}

/// What the program can do beside measuring.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the mock provider until told to stop
    Mock {
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
}

/// What to measure, and where the programs are.
#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// Ways to measure; `direct` is always among them
    #[arg(long, value_delimiter = ',', value_name = "PATH,…")]
    pub paths: Vec<Path>,
    /// Sections to measure; all when left out
    #[arg(long, value_delimiter = ',', value_name = "SECTION,…")]
    pub sections: Vec<Section>,
    /// Rounds (default 3, or 1 with `--quick`)
    #[arg(long, value_name = "N")]
    pub rounds: Option<usize>,
    /// Short windows, one round
    #[arg(long)]
    pub quick: bool,
    /// Also write the report to this file
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Folder with `mcpd` and `mcplocal` (default: beside this program)
    #[arg(long, value_name = "DIR")]
    pub bin_dir: Option<PathBuf>,
    /// The nginx program
    #[arg(long, value_name = "FILE", default_value = "/usr/sbin/nginx")]
    pub nginx: PathBuf,
    /// The bore program
    #[arg(long, value_name = "FILE", default_value = "bore")]
    pub bore: PathBuf,
    /// The LiteLLM program; without it `litellm` is not measured
    #[arg(long, value_name = "FILE")]
    pub litellm: Option<PathBuf>,
}

impl RunOptions {
    /// The ways to measure, `direct` first: what a way adds is counted from there.
    #[must_use]
    pub fn paths(&self) -> Vec<Path> {
        let wanted = |path: &Path| match path {
            Path::Direct => true,
            Path::Litellm if self.paths.is_empty() => self.litellm.is_some(),
            path => self.paths.is_empty() || self.paths.contains(path),
        };
        Path::ALL.into_iter().filter(wanted).collect()
    }

    /// The sections to measure, in their order.
    #[must_use]
    pub fn sections(&self) -> Vec<Section> {
        let wanted =
            |section: &Section| self.sections.is_empty() || self.sections.contains(section);
        Section::ALL.into_iter().filter(wanted).collect()
    }

    /// The sizes of this run.
    #[must_use]
    pub fn plan(&self) -> Plan {
        match self.quick {
            true => Plan::quick(self.rounds.unwrap_or(1).max(1)),
            false => Plan::full(self.rounds.unwrap_or(3).max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Options::command().debug_assert();
    }

    #[test]
    fn direct_is_always_measured() {
        let options = Options::parse_from(["bench", "--paths", "virtual,nginx", "--quick"]);
        assert_eq!(
            options.run.paths(),
            [Path::Direct, Path::Nginx, Path::Virtual]
        );
        let all = Options::parse_from(["bench"]).run.paths();
        assert!(all.contains(&Path::V1) && !all.contains(&Path::Litellm));
        assert_eq!(
            (options.run.sections().len(), options.run.plan().rounds),
            (8, 1)
        );
    }
}
