//! `rest-source demo`.

mod records;

use std::sync::Arc;

use rest_source_codegen::compile;
use rest_source_mock::{Fault, PlanApi, PlanMock};

use crate::{
    console::Console,
    context::Context,
    error::CommandError,
    interrupt::NetworkCommand,
    mock::{self, unservable},
};

/// The spec of the API: that of the quickstart.
const SPEC: &str = include_str!("demo/media_insights.yaml");

/// The name that the announced commands give to the spec.
const SPEC_NAME: &str = "media_insights.yaml";

/// Serve an example API on this machine, to try the other commands without an account
///
/// The API is that of the quickstart: four resources, paged by offset, behind an API key, with the same records each
/// time. Prints the commands to try, then each request, on stderr. Ends when it is interrupted.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// The port to listen at, on 127.0.0.1; 0 is any free one
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    port: u16,
    /// Print the spec of the API instead, as a file to begin with
    #[arg(long, conflicts_with_all = ["port", "fault"])]
    spec: bool,
    /// A failure, as for `mock`: `429,retry_after=2,after=3` is a wait to look at. Repeatable
    #[arg(long, value_name = "FAULT", value_parser = mock::fault)]
    fault: Vec<Fault>,
}

/// Serves the API until the command is interrupted, or prints its spec.
pub(crate) fn run(args: Demo, context: &Context) -> NetworkCommand {
    let console = context.console.clone();
    let demo = async move {
        if args.spec {
            console.print(SPEC)?;
            return Ok(());
        }
        serve(args, console).await
    };
    NetworkCommand::new(demo, "interrupted: the demo has ended")
}

async fn serve(args: Demo, console: Console) -> Result<(), CommandError> {
    let listener = mock::listen(args.port).await?;
    let api = Arc::new(api(args.fault, listener.address())?);
    announce(&api, &console);
    listener.serve(&api, &console).await
}

fn api(faults: Vec<Fault>, address: &str) -> Result<PlanApi, CommandError> {
    let base_url = format!("http://{address}");
    let compiled = compile(SPEC_NAME, SPEC);
    let Some(connector) = compiled.connector else {
        return Err(CommandError::invalid(compiled.diagnostics.messages()));
    };
    let mut mock = PlanMock::new(&connector.plan)
        .setting("base_url", base_url)
        .served_at(address);
    for (resource, records) in records::all() {
        mock = mock.records(resource, records);
    }
    let mock = faults.into_iter().fold(mock, PlanMock::fault);
    mock.start().map_err(|error| unservable(&error))
}

/// Says what to type in another terminal.
fn announce(api: &PlanApi, console: &Console) {
    let url = api.base_url().trim_end_matches('/');
    let mut lines = vec![
        format!("the example API is served at {url}; in another terminal, try"),
        format!("  rest-source demo --spec > {SPEC_NAME}"),
    ];
    for (name, value) in api.variables() {
        lines.push(format!("  export {name}={value}"));
    }
    lines.push(format!("  export MEDIA_INSIGHTS_BASE_URL={url}"));
    for command in [
        "check media_insights.yaml",
        "fetch media_insights.yaml stories --limit 3",
        "load media_insights.yaml --to sqlite:media.db",
        "status --to sqlite:media.db",
    ] {
        lines.push(format!("  rest-source {command}"));
    }
    lines.push("requests:".to_owned());
    console.say(lines.join("\n"));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn spec_is_that_of_the_quickstart() {
        let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/media_insights.yaml");
        assert_eq!(std::fs::read_to_string(quickstart).unwrap(), SPEC);
    }
}
