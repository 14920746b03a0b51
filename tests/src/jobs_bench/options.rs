//! The command line of the jobs' bench.

use super::book::{Lane, Section};
use super::plan::Plan;
use clap::Parser;
use std::path::PathBuf;

/// Measure ways to run durable jobs side by side.
#[derive(Debug, Clone, Parser)]
#[command(name = "jobs-bench", version)]
pub struct Options {
    /// Ways to measure; all that are installed when left out
    #[arg(long, value_delimiter = ',', value_name = "LANE,…")]
    pub lanes: Vec<Lane>,
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
    /// Folder with `mcpd` (default: beside this program)
    #[arg(long, value_name = "DIR")]
    pub bin_dir: Option<PathBuf>,
    /// Folder with `initdb` and `postgres` (default: found on PATH, or where Debian has them)
    #[arg(long, value_name = "DIR")]
    pub postgres: Option<PathBuf>,
    /// Folder whose `node_modules` has graphile-worker; without it that way is not measured
    #[arg(long, value_name = "DIR")]
    pub graphile: Option<PathBuf>,
}

impl Options {
    /// The ways to measure. The floor is always among them: the ratios are taken to it.
    #[must_use]
    pub fn lanes(&self) -> Vec<Lane> {
        let wanted = |lane: &Lane| match lane {
            Lane::Raw => true,
            Lane::Graphile | Lane::GraphileBatched if self.graphile.is_none() => false,
            lane => self.lanes.is_empty() || self.lanes.contains(lane),
        };
        Lane::ALL.into_iter().filter(wanted).collect()
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
    fn the_floor_is_always_measured_and_graphile_only_where_it_is() {
        let options = Options::parse_from(["jobs-bench", "--lanes", "sqlite"]);
        assert_eq!(options.lanes(), [Lane::Raw, Lane::Sqlite]);
        let all = Options::parse_from(["jobs-bench", "--quick"]);
        assert!(!all.lanes().contains(&Lane::Graphile));
        assert_eq!((all.sections().len(), all.plan().rounds), (4, 1));
    }
}
