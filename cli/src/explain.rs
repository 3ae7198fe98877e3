//! `rest-source explain`.

use std::fmt::Write as _;

use rest_source_codegen::describe;

use crate::{args::Explain, console::Console, error::CommandError};

/// Prints the page of a diagnostic code, or the list of all codes.
pub(crate) fn run(args: &Explain, console: &Console) -> Result<(), CommandError> {
    let text = match &args.code {
        Some(code) => page(code)?,
        None => list(),
    };
    console.print(&text)?;
    Ok(())
}

fn page(word: &str) -> Result<String, CommandError> {
    let code = word.to_ascii_uppercase();
    describe::explain(&code).ok_or_else(|| {
        let near = describe::codes_like(&code);
        let help = if near.is_empty() {
            "`rest-source explain` lists all codes".to_owned()
        } else {
            format!("did you mean `{}`?", near.join("`, or `"))
        };
        CommandError::usage(format!("unknown code `{word}`\n  help: {help}"))
    })
}

fn list() -> String {
    describe::codes().fold(String::new(), |mut text, (code, title)| {
        let _ = writeln!(text, "{code}  {title}");
        text
    })
}
