//! `rest-source check`.

use std::path::Path;

use rest_source_codegen::{
    Compiled,
    describe::{self, Fix},
    diagnostic::{Diagnostics, Severity},
};

use crate::{
    args::{Check, Report},
    console::Console,
    error::CommandError,
    file::{self, Access},
    spec,
    spec_files::{self, STDIN},
};

pub(crate) fn run(args: &Check, console: &Console) -> Result<(), CommandError> {
    let mut errors = 0;
    let mut unread = Vec::new();
    let mut paths = Vec::new();
    for argument in &args.specs {
        match spec_files::named_by(argument) {
            Ok(files) => paths.extend(files),
            Err(error) => unread.push(error),
        }
    }
    for path in &paths {
        let read = if args.fix {
            fix(path, console).and_then(|()| spec::read(path))
        } else {
            spec::read_or_stdin(path)
        };
        match read {
            Ok(compiled) => {
                errors += count(&compiled.diagnostics, Severity::Error);
                match args.format {
                    Report::Text => show(console, &compiled),
                    Report::Json => {
                        console.print(&describe::diagnostics_as_json(&compiled.diagnostics))?;
                    }
                }
            }
            // The other specs are still checked.
            Err(error) => unread.push(error),
        }
    }
    match unread.into_iter().reduce(CommandError::and) {
        Some(error) => Err(error),
        None if errors > 0 => Err(CommandError::invalid(Vec::new())),
        None => Ok(()),
    }
}

/// Applies the unambiguous fixes to a spec, and prints each of them.
fn fix(path: &Path, console: &Console) -> Result<(), CommandError> {
    if path == Path::new(STDIN) {
        return Err(CommandError::usage(
            "`--fix` writes to the spec, and stdin is not a file\n  help: give the path of the spec",
        ));
    }
    let shown = spec::shown(path);
    let fixed = describe::fixed(&shown, &spec::text(path)?);
    if fixed.fixes.is_empty() {
        return Ok(());
    }
    file::replace(path, &fixed.text, Access::Unchanged)
        .map_err(|error| CommandError::failed(format!("cannot write `{shown}`: {error}")))?;
    for fix in &fixed.fixes {
        let Fix {
            code,
            line,
            before,
            after,
        } = fix;
        console.say(format_args!(
            "{shown}:{line}: `{before}` is now `{after}` [{code}]"
        ));
    }
    Ok(())
}

/// Counts the diagnostics of a severity, including errors beyond those kept.
fn count(diagnostics: &Diagnostics, severity: Severity) -> usize {
    let kept = diagnostics.iter().filter(|one| one.severity == severity);
    let more = match severity {
        Severity::Error => diagnostics.not_kept(),
        Severity::Warning => 0,
    };
    kept.count() + more
}

fn show(
    console: &Console,
    Compiled {
        connector,
        diagnostics,
        ..
    }: &Compiled,
) {
    for warning in diagnostics.warnings() {
        console.warning(warning + "\n");
    }
    for error in diagnostics.messages() {
        console.error(error + "\n");
    }
    let path = diagnostics.path();
    let warnings = match count(diagnostics, Severity::Warning) {
        0 => String::new(),
        warnings => format!(", {}", plural(warnings, "warning")),
    };
    if let Some(connector) = connector {
        let resources = plural(connector.resources.len(), "resource");
        console.say(format_args!("{path}: {resources}, no error{warnings}"));
    } else {
        let errors = plural(count(diagnostics, Severity::Error), "error");
        console.say(format_args!("{path}: {errors}{warnings}"));
    }
}

fn plural(number: usize, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{s}")
}
