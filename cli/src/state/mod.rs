//! `rest-source state`: shows and changes the states in a destination, or in a file of `fetch --state`.

mod args;
mod document;
mod show;

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

use rest_source::{State, plan::ResourcePlan};
use rest_source_load::{Destination, LockHolder, ResourceKey, ResourceLocks, StoredState};

pub(crate) use args::StateCommand;
use args::{Export, Import, PlaceOrFile, Reset, Rows, Set, Show};

use crate::{
    context::Context, destination, error::CommandError, interrupt::NetworkCommand,
    lock::LockOptions, report::check_replaceable, spec, state_file, status::check_exists,
};

pub(crate) fn run(command: StateCommand, context: &Context) -> NetworkCommand {
    let context = context.clone();
    let done = async move {
        match command {
            StateCommand::Show(args) => show(args, &context).await,
            StateCommand::Reset(args) => reset(args, &context).await,
            StateCommand::Set(args) => set(args, &context).await,
            StateCommand::Export(args) => export(args, &context).await,
            StateCommand::Import(args) => import(args, &context).await,
        }
    };
    NetworkCommand::new(done, "interrupted")
}

/// The states of a destination that exists.
struct Store {
    destination: Box<dyn Destination>,
    states: Vec<StoredState>,
}

impl Store {
    async fn open(
        to: destination::To,
        schema: Option<&String>,
        lock: &LockOptions,
        context: &Context,
    ) -> Result<Self, CommandError> {
        let to = destination::resolve(to, context)?;
        check_exists(&to)?;
        let destination = lock.open(&to, schema, context).await?;
        let states = destination.states().await?;
        Ok(Self {
            destination,
            states,
        })
    }

    /// Locks these resources, and reads their states again: a load may have changed them before.
    async fn lock(
        &mut self,
        keys: Vec<ResourceKey>,
        options: &LockOptions,
        context: &Context,
    ) -> Result<ResourceLocks, CommandError> {
        if options.no_lock {
            return Ok(ResourceLocks::default());
        }
        let holder = LockHolder::of_process(context.now());
        let mut waiting = options.waiting(&context.console);
        let locks = ResourceLocks::lock(&*self.destination, keys, &holder, &mut waiting).await?;
        self.states = self.destination.states().await?;
        Ok(locks)
    }

    /// The keys of a resource.
    fn find(
        &self,
        resource: &str,
        source: Option<&str>,
        settings: Option<&str>,
    ) -> Result<ResourceKey, CommandError> {
        let matches = |key: &&ResourceKey| {
            key.resource == resource
                && source.is_none_or(|source| key.source == source)
                && settings.is_none_or(|settings| shown_settings(&key.part) == settings)
        };
        let keys = || self.states.iter().map(|stored| &stored.key);
        let found: Vec<&ResourceKey> = keys().filter(matches).collect();
        match found[..] {
            [key] => Ok(key.clone()),
            [] => Err(self.not_found(resource, source, settings)),
            _ => {
                let of = found.iter().map(|key| match shown_settings(&key.part) {
                    settings if settings.is_empty() => format!("--source {}", key.source),
                    settings => format!("--source {} --settings '{settings}'", key.source),
                });
                let of: Vec<String> = of.collect();
                Err(CommandError::usage(format!(
                    "several states of `{resource}` are stored here\n  help: choose one by `{}`",
                    of.join("` or `")
                )))
            }
        }
    }

    /// The error of a resource whose state is not stored, with those that are.
    fn not_found(
        &self,
        resource: &str,
        source: Option<&str>,
        settings: Option<&str>,
    ) -> CommandError {
        let of = source.map_or_else(String::new, |source| format!(" of the source `{source}`"));
        let with = settings.map_or_else(String::new, |settings| {
            format!(" with the settings `{settings}`")
        });
        let keys = || self.states.iter().map(|stored| &stored.key);
        let same = keys().filter(|key| key.resource == resource);
        let same: Vec<String> = same
            .map(|key| match shown_settings(&key.part) {
                settings if settings.is_empty() => format!("the source `{}`", key.source),
                settings => format!("the source `{}` with the settings `{settings}`", key.source),
            })
            .collect();
        let mut names: Vec<&str> = keys().map(|key| key.resource.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let help = match (&same[..], &names[..]) {
            (_, []) => "the destination has no states".to_owned(),
            ([], names) => format!("it has states of `{}`", names.join("`, `")),
            // A source with a table prefix is `SOURCE/PREFIX`.
            (same, _) => format!("it has that of {}", same.join(", and of ")),
        };
        CommandError::usage(format!(
            "no state of `{resource}`{of}{with} is stored here\n  help: {help}; `rest-source state show` lists them"
        ))
    }

    fn get(&self, key: &ResourceKey) -> Option<&StoredState> {
        self.states.iter().find(|stored| stored.key == *key)
    }
}

/// The settings of rows as one line.
fn shown_settings(part: &str) -> String {
    part.replace('\n', ", ")
}

async fn show(args: Show, context: &Context) -> Result<(), CommandError> {
    let Show {
        place,
        source,
        resource,
        format,
    } = args;
    let states = if let Some(path) = &place.file {
        vec![of_file(path)?]
    } else {
        let lock = LockOptions::default();
        let mut states = open(place, &lock, context).await?.states;
        document::retain(&mut states, source.as_deref(), &resource);
        states
    };
    if states.is_empty() && format == args::Format::Text {
        context.console.say("no state is stored");
        return Ok(());
    }
    context.console.print(&match format {
        args::Format::Text => show::table(&states, context.now()),
        args::Format::Json => show::json_text(&states),
    })?;
    Ok(())
}

async fn open(
    place: PlaceOrFile,
    lock: &LockOptions,
    context: &Context,
) -> Result<Store, CommandError> {
    let context = context.with_sources(&place.secrets).await?;
    let Some(to) = place.to else {
        return Err(CommandError::usage(
            "name a destination by `--to`, or a file by `--file`",
        ));
    };
    Store::open(to, place.schema.as_ref(), lock, &context).await
}

/// The state of a file.
fn of_file(path: &Path) -> Result<StoredState, CommandError> {
    let state = read_file(path)?;
    let key = ResourceKey {
        source: path.display().to_string(),
        resource: state.resource().to_owned(),
        part: String::new(),
    };
    Ok(StoredState::new(key, Some(state.to_json()), None))
}

fn read_file(path: &Path) -> Result<State, CommandError> {
    state_file::read(path)?
        .ok_or_else(|| CommandError::usage(format!("there is no file `{}`", path.display())))
}

/// The state that is stored, of a resource that has one.
fn parse(stored: &StoredState) -> Result<State, CommandError> {
    match &stored.state {
        Some(text) => Ok(State::from_json(text)?),
        None => Err(CommandError::usage(format!(
            "no state of `{}` is stored: its next load starts at the beginning\n  \
             help: if it is `incremental`, `load --since` loads it from a value on",
            stored.key.resource
        ))),
    }
}

async fn reset(args: Reset, context: &Context) -> Result<(), CommandError> {
    let Reset {
        resource,
        place,
        source,
        rows,
        yes,
        lock,
    } = args;
    if let Some(path) = &place.file {
        return reset_file(path, rows.partition, yes, context).await;
    }
    let Some(resource) = resource else {
        return Err(CommandError::usage("name the resource"));
    };
    let mut store = open(place, &lock, context).await?;
    let key = store.find(&resource, source.as_deref(), rows.settings.as_deref())?;
    let what = match &rows.partition {
        Some(partition) => format!("the partition `{partition}` of `{resource}`"),
        None => format!("`{resource}`"),
    };
    let question = format!(
        "reset the state of {what} of `{}`, to load it from the start?",
        key.source
    );
    confirm(question, yes, context).await?;
    let locks = store.lock(vec![key.clone()], &lock, context).await?;
    let Some(stored) = store.get(&key) else {
        return Err(CommandError::usage(format!("the state of {what} is gone")));
    };
    let state = match &rows.partition {
        Some(partition) => Some(parse(stored)?.without_partition(partition)?.to_json()),
        None => None,
    };
    let changed = StoredState::new(key, state, stored.request.clone());
    let done = store.destination.store_state(&changed).await;
    locks.release().await;
    done?;
    context.console.say(format_args!(
        "the next load of {what} starts at the beginning"
    ));
    Ok(())
}

async fn reset_file(
    path: &Path,
    partition: Option<String>,
    yes: bool,
    context: &Context,
) -> Result<(), CommandError> {
    let shown = path.display();
    if let Some(partition) = partition {
        let state = read_file(path)?.without_partition(&partition)?;
        confirm(
            format!("reset the partition `{partition}` in `{shown}`?"),
            yes,
            context,
        )
        .await?;
        return state_file::write(path, &state);
    }
    if !path.exists() {
        return Err(CommandError::usage(format!("there is no file `{shown}`")));
    }
    // Only a state is deleted.
    read_file(path)?;
    confirm(format!("delete the state file `{shown}`?"), yes, context).await?;
    fs::remove_file(path)
        .map_err(|error| CommandError::failed(format!("cannot delete `{shown}`: {error}")))?;
    context.console.say(format_args!(
        "the next fetch with `{shown}` starts at the beginning"
    ));
    Ok(())
}

async fn set(args: Set, context: &Context) -> Result<(), CommandError> {
    let plan = spec::open(&args.spec)?.plan;
    let resource = spec::resource(&plan, Some(&args.resource))?;
    let Rows {
        settings,
        partition,
    } = args.rows;
    let change = |state: &State, resource: &ResourcePlan| {
        let changed = state.at_cursor(resource, &args.value, partition.as_deref())?;
        let (from, to) = (state.cursor(), changed.cursor());
        context
            .console
            .say(format_args!("`{}`: {from} -> {to}", resource.name));
        Ok::<_, CommandError>(changed)
    };
    if let Some(path) = &args.place.file {
        let state = read_file(path)?;
        return state_file::write(path, &change(&state, &resource)?);
    }
    let scope = match args.table_prefix.as_deref() {
        None | Some("") => plan.name.to_string(),
        Some(prefix) => format!("{}/{prefix}", plan.name),
    };
    let mut store = open(args.place, &args.lock, context).await?;
    let key = store.find(&resource.name, Some(&scope), settings.as_deref())?;
    let locks = store.lock(vec![key.clone()], &args.lock, context).await?;
    let Some(stored) = store.get(&key) else {
        return Err(CommandError::usage(format!(
            "the state of `{}` is gone",
            resource.name
        )));
    };
    let state = change(&parse(stored)?, &resource)?;
    let changed = StoredState::new(key, Some(state.to_json()), stored.request.clone());
    let done = store.destination.store_state(&changed).await;
    locks.release().await;
    Ok(done?)
}

async fn export(args: Export, context: &Context) -> Result<(), CommandError> {
    if let Some(path) = &args.output {
        check_replaceable(path, "exported states", |start| {
            document::MARKS.iter().all(|mark| start.contains(mark))
        })?;
    }
    let with_sources = context.with_sources(&args.place.secrets).await?;
    let lock = LockOptions::default();
    let store = Store::open(
        args.place.to,
        args.place.schema.as_ref(),
        &lock,
        &with_sources,
    )
    .await?;
    let mut states = store.states;
    document::retain(&mut states, args.source.as_deref(), &args.resource);
    let text = document::write(&states, context.now())?;
    let Some(path) = &args.output else {
        context.console.print(&text)?;
        return Ok(());
    };
    crate::file::replace(path, &text, crate::file::Access::OwnerOnly).map_err(|error| {
        CommandError::failed(format!("cannot write `{}`: {error}", path.display()))
    })?;
    let s = if states.len() == 1 { "" } else { "s" };
    context
        .console
        .say(format_args!("{} state{s} exported", states.len()));
    Ok(())
}

async fn import(args: Import, context: &Context) -> Result<(), CommandError> {
    let (shown, text) = spec::text_or_stdin(&args.document)?;
    let states = document::read(&shown, &text)?;
    let with_sources = context.with_sources(&args.place.secrets).await?;
    let (to, schema) = (args.place.to, args.place.schema);
    let mut store = Store::open(to, schema.as_ref(), &args.lock, &with_sources).await?;
    let count = states.len();
    let s = if count == 1 { "" } else { "s" };
    let replaced = states
        .iter()
        .filter(|one| store.get(&one.key).is_some())
        .count();
    let question = format!("store {count} state{s}, {replaced} of them in place of another one?");
    confirm(question, args.yes, context).await?;
    let keys = states.iter().map(|stored| stored.key.clone()).collect();
    let locks = store.lock(keys, &args.lock, context).await?;
    let done = store.destination.store_states(&states).await;
    locks.release().await;
    done?;
    context
        .console
        .say(format_args!("{count} state{s} imported"));
    Ok(())
}

/// Asks on the terminal, unless the answer was given.
async fn confirm(question: String, yes: bool, context: &Context) -> Result<(), CommandError> {
    if yes {
        return Ok(());
    }
    if context.console.is_captured() || !io::stdin().is_terminal() {
        return Err(CommandError::usage(format!(
            "{question}\n  help: there is no terminal to ask on: answer by `--yes`"
        )));
    }
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        let asked = write!(io::stderr(), "{question} [y/N] ").and_then(|()| io::stderr().flush());
        asked
            .and_then(|()| io::stdin().read_line(&mut answer))
            .map(|_| answer)
    });
    match answer.await {
        Ok(Ok(answer)) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
        _ => Err(CommandError::usage("nothing was changed")),
    }
}
