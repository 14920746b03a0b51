//! `mcpctl api-resources`: the types, their short forms and their kinds.

use serde_json::{Value, json};

use super::jobs::ids::WORDS as JOBS;
use crate::args::Format;
use crate::args::resources::ApiResources;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::{Output, table};
use crate::resource::Resource;

/// Jobs have `/v1`'s own body, and no envelope.
const JOB_KIND: &str = "Job";
const JOB_API: &str = "v1";

pub(super) fn run(args: &ApiResources, output: &Output) -> Result<Exit> {
    match output.format {
        Format::Json | Format::Yaml => {
            let each = Resource::ALL.map(|resource| {
                json!({"name": resource.plural(), "singular": resource.singular(),
                    "shortNames": resource.aliases(), "kind": resource.kind(),
                    "apiVersion": shared::API_VERSION})
            });
            let job = json!({"name": JOBS[0], "singular": JOBS[1], "shortNames": [JOBS[2]],
                "kind": JOB_KIND, "apiVersion": JOB_API});
            let each: Vec<Value> = each.into_iter().chain([job]).collect();
            output.document(&Value::from(each))?;
        }
        Format::Name => {
            for resource in Resource::ALL {
                output.line(resource.plural())?;
            }
            output.line(JOBS[0])?;
        }
        Format::Table | Format::Wide => {
            let rows = Resource::ALL.map(|resource| {
                vec![
                    resource.plural().into(),
                    resource.aliases().join(","),
                    shared::API_VERSION.into(),
                    resource.kind().into(),
                ]
            });
            let job = [JOBS[0], JOBS[2], JOB_API, JOB_KIND].map(String::from);
            let rows: Vec<_> = rows.into_iter().chain([job.to_vec()]).collect();
            let headers = ["NAME", "SHORTNAMES", "APIVERSION", "KIND"];
            let headers = (!args.no_headers).then_some(&headers[..]);
            output.data(&table::render(headers, &rows, output.width()))?;
        }
    }
    Ok(Exit::Done)
}
