//! `mcpctl api-resources`: the types, their short forms and their kinds.

use serde_json::{Value, json};

use crate::args::Format;
use crate::args::resources::ApiResources;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::{Output, table};
use crate::resource::Resource;

pub(super) fn run(args: &ApiResources, output: &Output) -> Result<Exit> {
    match output.format {
        Format::Json | Format::Yaml => {
            let each = Resource::ALL.map(|resource| {
                json!({"name": resource.plural(), "singular": resource.singular(),
                    "shortNames": resource.aliases(), "kind": resource.kind(),
                    "apiVersion": resource.api_version()})
            });
            output.document(&Value::from(each.to_vec()))?;
        }
        Format::Name => {
            for resource in Resource::ALL {
                output.line(resource.plural())?;
            }
        }
        Format::Table | Format::Wide => {
            let rows = Resource::ALL.map(|resource| {
                vec![
                    resource.plural().into(),
                    resource.aliases().join(","),
                    resource.api_version().into(),
                    resource.kind().into(),
                ]
            });
            let headers = ["NAME", "SHORTNAMES", "APIVERSION", "KIND"];
            let headers = (!args.no_headers).then_some(&headers[..]);
            output.data(&table::render(headers, &rows, output.width()))?;
        }
    }
    Ok(Exit::Done)
}
