//! `rest-source diff`.

mod rust;
mod settings;
mod tables;

use std::{fmt::Write as _, path::Path};

use rest_source_codegen::{
    compile,
    connector::Connector,
    write::{Node, read},
};
use serde::Serialize;

use crate::{
    args::{self, Diff},
    console::Console,
    error::CommandError,
    printable::printable,
    spec::{self, shown},
};

/// What a change asks of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Effect {
    /// Nothing: what was there works as before.
    Compatible,
    /// Code, settings or tables have to be changed, or rows loaded again.
    Breaking,
}

/// What a change is a change of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Area {
    /// The generated Rust.
    Rust,
    /// Secrets and settings.
    Settings,
    /// The tables of destinations.
    Tables,
    /// The states of loads.
    State,
}

impl Area {
    const fn title(self) -> &'static str {
        match self {
            Self::Rust => "generated Rust",
            Self::Settings => "secrets and settings",
            Self::Tables => "tables",
            Self::State => "state",
        }
    }
}

/// One change between two versions of a spec.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Change {
    area: Area,
    effect: Effect,
    /// The change, and what follows from it.
    text: String,
}

impl Change {
    fn new(area: Area, effect: Effect, text: impl Into<String>) -> Self {
        Self {
            area,
            effect,
            text: text.into(),
        }
    }
}

/// Prints what changes from one version of a spec to another.
pub(crate) fn run(args: &Diff, console: &Console) -> Result<(), CommandError> {
    let old = spec::checked(&args.old)?;
    let mut new = spec::checked(&args.new)?;
    if old.plan.name != new.plan.name
        && let (None, None) = (own_name(&args.old)?, own_name(&args.new)?)
        && let Some(same) = compile(&shown(&args.old), &spec::text(&args.new)?).connector
    {
        console.say(format_args!(
            "note: both specs are compared as `{}`, the name of the old file: neither has a `name`",
            old.plan.name
        ));
        new = same;
    }
    let changes = changes(&old, &new)?;
    let text = match args.format {
        args::Changes::Text => text(&changes),
        args::Changes::Json => json(&changes)?,
    };
    console.print(&text)?;
    let breaks = |change: &&Change| change.effect == Effect::Breaking;
    let breaking = changes.iter().filter(breaks).count();
    if args.deny_breaking && breaking > 0 {
        let s = if breaking == 1 { "" } else { "s" };
        let message = format!("{breaking} breaking change{s}");
        return Err(CommandError::invalid(vec![message]));
    }
    Ok(())
}

/// The name that a spec gives its source. Without one it is that of the file.
fn own_name(path: &Path) -> Result<Option<Node>, CommandError> {
    let spec = read(&spec::text(path)?).ok();
    Ok(spec.and_then(|spec| spec.get("name").cloned()))
}

fn changes(old: &Connector, new: &Connector) -> Result<Vec<Change>, CommandError> {
    let mut changes = rust::changes(old, new)?;
    changes.extend(settings::changes(&old.plan, &new.plan));
    changes.extend(tables::changes(&old.plan, &new.plan));
    Ok(changes)
}

fn text(changes: &[Change]) -> String {
    let Some(worst) = changes.iter().map(|change| change.effect).max() else {
        return "no change for generated code, settings, tables and state\n".to_owned();
    };
    let mut text = String::new();
    for area in [Area::Rust, Area::Settings, Area::Tables, Area::State] {
        let of_area = changes.iter().filter(|change| change.area == area);
        for (at, change) in of_area.enumerate() {
            if at == 0 {
                let _ = writeln!(text, "{}:", area.title());
            }
            let effect = match change.effect {
                Effect::Compatible => "compatible",
                Effect::Breaking => "breaking  ",
            };
            let _ = writeln!(text, "  {effect}  {}", printable(&change.text, &[]));
        }
    }
    let verdict = match worst {
        Effect::Breaking => {
            "a breaking change: in SemVer a new major version, or before 1.0 a new minor one"
        }
        Effect::Compatible => {
            "a compatible change: in SemVer a new minor version, or before 1.0 a new patch"
        }
    };
    let _ = writeln!(text, "{verdict}");
    text
}

fn json(changes: &[Change]) -> Result<String, CommandError> {
    let lines = changes.iter().map(serde_json::to_string);
    let lines: Result<Vec<String>, _> = lines.collect();
    let lines = lines.map_err(|error| CommandError::failed(error.to_string()))?;
    Ok(lines.iter().flat_map(|line| [line, "\n"]).collect())
}
