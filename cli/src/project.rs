//! `rest-source run`: loads the sources of a project file.

use std::path::{Path, PathBuf};

#[cfg(feature = "sql")]
use rest_source::Client;
use rest_source::{RunBudget, plan::SourcePlan};
use rest_source_codegen::project::{self, Project, ProjectDestination, ProjectSource};
use rest_source_load::Destination;

#[cfg(feature = "sql")]
use crate::refresh_token_file::RefreshTokenFile;
use crate::{
    args::{Connection, SourceAccess},
    console::Console,
    context::Context,
    destination::{self, To},
    error::CommandError,
    interrupt::{NetworkCommand, TokenRequests},
    load::reported,
    lock::LockOptions,
    logs::LogOptions,
    report::{ReportOptions, RunReport},
    several::{Job, Opened, report, run_all},
    source_load::{self, BaseLoadOptions, LoadOptions, SourceLoad, SourceSpec},
    spec,
    variables::SecretSources,
};

/// Load the sources of a project file
///
/// The file lists sources, each with its spec, settings, the variables of its secrets and its options, and the
/// destinations that they are loaded into. Sources are loaded at the same time; a failure of one leaves the others. The
/// report of all follows at the end. The exit code is 0 if all are loaded, and otherwise the lowest one of a source.
#[derive(Debug, clap::Args)]
pub(crate) struct ProjectArgs {
    /// The project file. Its paths are relative to its folder
    #[arg(default_value = "rest-source.yaml")]
    pub(crate) project: PathBuf,
    /// A source to load, instead of all. Repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Check everything that needs no request, and list what would be loaded: specs, settings, secrets and destinations.
    /// Sends no request to an API, and leaves nothing in a destination
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) lock: LockOptions,
    #[command(flatten)]
    pub(crate) secrets: SecretSources,
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
    #[command(flatten)]
    pub(crate) logs: LogOptions,
}

/// Loads the sources of a project.
///
/// # Errors
///
/// If its report cannot be written to where the arguments say.
pub(crate) fn run(args: ProjectArgs, context: &Context) -> Result<NetworkCommand, CommandError> {
    let reports = args.reports.clone();
    reported("run", &reports, context, |context, requests, report| {
        load(args, context, requests, report)
    })
}

async fn load(
    args: ProjectArgs,
    context: Context,
    token_requests: TokenRequests,
    run: RunReport,
) -> Result<(), CommandError> {
    let file = ProjectFile::read(&args.project)?;
    let chosen = file.choose(&args.only)?;
    let of_all = context.with_sources(&args.secrets).await?;
    let opening = Opening {
        file: &file,
        secrets: &args.secrets,
        lock: &args.lock,
        of_all: &of_all,
        context: &context,
        token_requests: &token_requests,
        run: &run,
    };
    let databases = file.databases(&of_all);
    let mut sources = Vec::new();
    for source in chosen {
        let load = opening.open(source).await;
        let destination = file.position(&source.destination);
        sources.push(Opened {
            name: source.name.clone(),
            destination,
            database: databases.get(destination).copied().unwrap_or(destination),
            load: load.map_err(|error| error.at(&file.place(source.line))),
        });
    }
    Opened::check_tables(&mut sources);
    let destinations = file.destinations(&sources, &args, &of_all).await;
    if args.dry_run {
        return file
            .list(sources, &destinations, &context.console, &run)
            .await;
    }
    let jobs = sources.into_iter().map(|source| {
        let (destinations, run) = (&destinations, &run);
        Job::new(source.name, async move {
            let load = source.load.inspect_err(|error| run.add_error(error))?;
            match destinations.get(source.destination) {
                Some(Ok(Some(opened))) => load.load(&**opened).await,
                Some(Err(error)) => {
                    run.add_error(error);
                    Err(error.clone())
                }
                _ => Err(CommandError::usage("its destination is not open")),
            }
        })
    });
    let at_once = usize::try_from(file.project.concurrency).unwrap_or(usize::MAX);
    let outcomes = run_all(jobs.collect(), at_once).await;
    report(outcomes, &context.console)
}

/// A destination: open, not opened by a dry run, or why it could not be opened.
type OpenDestination = Result<Option<Box<dyn Destination>>, CommandError>;

/// A valid project file.
pub(crate) struct ProjectFile {
    path: PathBuf,
    project: Project,
}

impl ProjectFile {
    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let text = spec::text(path)
            .map_err(|error| error.with_help("name the project file: `rest-source run FILE`"))?;
        let (project, diagnostics) = project::read(&spec::shown(path), &text);
        match project {
            Some(project) => Ok(Self {
                path: path.to_owned(),
                project,
            }),
            None => Err(CommandError::invalid(diagnostics.messages())),
        }
    }

    /// The names of its sources.
    #[cfg(feature = "sql")]
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.project
            .sources
            .iter()
            .map(|source| source.name.as_str())
    }

    /// Connects the source of this name, to read it. Sends no request.
    #[cfg(feature = "sql")]
    pub(crate) async fn connect(
        &self,
        name: &str,
        secrets: &SecretSources,
        context: &Context,
        requests: &TokenRequests,
    ) -> Result<(Client, RefreshTokenFile), CommandError> {
        let source = self.choose(&[name.to_owned()])?[0];
        let connected = async {
            let plan = spec::open(&self.resolve(&source.spec))?.plan;
            let of_all = context.with_sources(secrets).await?;
            let own = self
                .context(source, &plan, secrets, &of_all, context)
                .await?;
            let SourceSpec { access, budget, .. } =
                self.source_spec(source, LockOptions::default(), LoadOptions::default());
            let token_file =
                RefreshTokenFile::new(&plan, access.token_file, &own, requests.clone())?;
            let (settings, connection) = (access.config, &access.connection);
            let client =
                spec::connect(&plan, settings, &token_file, connection, budget, None, &own)?;
            Ok((client, token_file))
        };
        connected
            .await
            .map_err(|error: CommandError| error.at(&self.place(source.line)))
    }

    /// A path of the file, which is relative to its folder.
    fn resolve(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    /// A line of the file, for messages.
    fn place(&self, line: usize) -> String {
        format!("{}:{line}: ", spec::shown(&self.path))
    }

    /// The sources of these names, or all of them.
    fn choose(&self, only: &[String]) -> Result<Vec<&ProjectSource>, CommandError> {
        let all = &self.project.sources;
        for name in only {
            if !all.iter().any(|source| source.name == *name) {
                let names: Vec<&str> = all.iter().map(|source| source.name.as_str()).collect();
                return Err(CommandError::usage(format!(
                    "`{}` has no source `{name}`\n  help: its sources are `{}`",
                    spec::shown(&self.path),
                    names.join("`, `")
                )));
            }
        }
        let chosen = |source: &&ProjectSource| only.is_empty() || only.contains(&source.name);
        Ok(all.iter().filter(chosen).collect())
    }

    fn options(&self, source: &ProjectSource) -> LoadOptions {
        let destination = self
            .destination(source)
            .and_then(|one| one.table_prefix.clone());
        LoadOptions {
            base: BaseLoadOptions {
                table_prefix: source.table_prefix.clone().or(destination),
                stamp_rows: source.stamp_rows,
                adopt: source.adopt,
                resource: source.resources.clone(),
                full_refresh: source.full_refresh,
                keep_state: source.keep_state,
                ..BaseLoadOptions::default()
            },
            keep_rejects: source.keep_rejects,
            resume: source.resume,
            ..LoadOptions::default()
        }
    }

    /// The context of a source: with the values of its own files, and of the variables that the project names.
    async fn context(
        &self,
        source: &ProjectSource,
        plan: &SourcePlan,
        secrets: &SecretSources,
        of_all: &Context,
        context: &Context,
    ) -> Result<Context, CommandError> {
        let own = match &source.env_file {
            Some(path) => {
                let mut own = SecretSources::clone(secrets);
                own.env_file.push(self.resolve(path));
                context.with_sources(&own).await?
            }
            None => Context::clone(of_all),
        };
        with_secrets(source, plan, own)
    }

    /// What a source is connected with.
    fn source_spec(
        &self,
        source: &ProjectSource,
        lock: LockOptions,
        options: LoadOptions,
    ) -> SourceSpec {
        let path = |path: &Option<String>| path.as_ref().map(|path| self.resolve(path));
        let budget = RunBudget::new();
        let budget = match source.max_requests {
            Some(requests) => budget.max_requests(requests),
            None => budget,
        };
        SourceSpec {
            access: SourceAccess {
                config: source.settings.clone().into_iter().collect(),
                token_file: path(&source.token_file),
                connection: Connection {
                    base_url: source.base_url.clone(),
                    client_certificate: path(&source.client_certificate),
                    ca_file: path(&source.ca_file),
                    ..Connection::default()
                },
                ..SourceAccess::default()
            },
            budget: match source.max_time {
                Some(time) => budget.max_time(time),
                None => budget,
            },
            lock,
            options,
        }
    }

    fn destination(&self, source: &ProjectSource) -> Option<&ProjectDestination> {
        self.project
            .destinations
            .get(self.position(&source.destination))
    }

    /// The position of a destination in the file.
    fn position(&self, name: &str) -> usize {
        let mut names = self.project.destinations.iter().map(|one| &one.name);
        names.position(|one| one == name).unwrap_or(usize::MAX)
    }

    /// Of each destination, the first one that is the same database: two names of one would each have their own lock.
    fn databases(&self, context: &Context) -> Vec<usize> {
        let destinations = self.project.destinations.iter();
        let all: Vec<_> = destinations
            .map(|one| {
                (
                    To::of_project(&one.to, self.folder(), context).ok(),
                    &one.schema,
                )
            })
            .collect();
        let first = |at: usize| {
            let (to, schema) = &all[at];
            let is_same = |(other, of): &(Option<To>, _)| match (to, other) {
                (Some(to), Some(other)) => to.is_same(other) && of == schema,
                _ => false,
            };
            all.iter().position(is_same).unwrap_or(at)
        };
        (0..all.len()).map(first).collect()
    }

    /// The folder of the file, to which its paths are relative.
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Opens the destinations of the sources, or checks them without a write.
    async fn destinations(
        &self,
        sources: &[Opened],
        args: &ProjectArgs,
        context: &Context,
    ) -> Vec<OpenDestination> {
        let mut opened = Vec::new();
        for (at, destination) in self.project.destinations.iter().enumerate() {
            let is_used = |source: &Opened| source.destination == at && source.load.is_ok();
            if !sources.iter().any(is_used) {
                opened.push(Ok(None));
                continue;
            }
            let folder = self.folder();
            let schema = destination.schema.clone();
            let done = match To::of_project(&destination.to, folder, context) {
                Err(error) => Err(error),
                Ok(to) if args.dry_run => {
                    match destination::check(to.clone(), schema.clone(), context).await {
                        Ok(_) => destination::open_unchanged(to, schema, context).await,
                        Err(error) => Err(error),
                    }
                }
                Ok(to) => {
                    let opened = args.lock.open(&to, schema.as_ref(), context).await;
                    opened.map(Some)
                }
            };
            opened.push(done.map_err(|error| error.at(&self.place(destination.line))));
        }
        opened
    }

    /// Prints what would be loaded.
    async fn list(
        &self,
        sources: Vec<Opened>,
        destinations: &[OpenDestination],
        console: &Console,
        run: &RunReport,
    ) -> Result<(), CommandError> {
        let mut exits = Vec::new();
        for source in sources {
            let into = self.project.destinations.get(source.destination);
            let into = into.map_or("", |destination| &destination.name);
            console.say(format_args!("{} -> {into}:", source.name));
            let error = match (source.load, destinations.get(source.destination)) {
                (Err(error), _) => error,
                (Ok(_), Some(Err(error))) => error.clone(),
                (Ok(load), opened) => {
                    let opened = match opened {
                        Some(Ok(Some(opened))) => Some(&**opened),
                        _ => None,
                    };
                    match list_resources(&load, opened, console).await {
                        Ok(()) => continue,
                        Err(error) => error,
                    }
                }
            };
            exits.push(error.exit());
            run.add_error(&error);
            error.report(console);
        }
        match exits.into_iter().min() {
            Some(exit) => Err(CommandError::reported(exit)),
            None => Ok(()),
        }
    }
}

/// Prints what would be loaded, and what would be done to the tables of a destination that is open. The error says which loads
/// would be refused.
async fn list_resources(
    load: &SourceLoad,
    opened: Option<&dyn Destination>,
    console: &Console,
) -> Result<(), CommandError> {
    let previews = match opened {
        Some(destination) => load.preview(destination).await?,
        None => Vec::new(),
    };
    let mut refused = Vec::new();
    for resource in load.resources() {
        let (how, table) = (load.writing(resource), load.table(resource));
        console.say(format_args!("  {}: {how} `{table}`", resource.name));
        let preview = previews.iter().find(|one| one.resource == resource.name);
        match preview.map(|one| &one.tables) {
            None => {}
            Some(Ok(tables)) => {
                for one in tables {
                    console.say(format_args!("    table `{}`: {}", one.table, one.change));
                    for note in &one.notes {
                        console.say(format_args!("    note: {note}"));
                    }
                }
            }
            Some(Err(error)) => refused.push(CommandError::from(error.clone())),
        }
    }
    match refused.into_iter().reduce(CommandError::and) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// What the sources of a project are opened with.
struct Opening<'a> {
    file: &'a ProjectFile,
    secrets: &'a SecretSources,
    lock: &'a LockOptions,
    /// The context with the values that all sources share.
    of_all: &'a Context,
    context: &'a Context,
    token_requests: &'a TokenRequests,
    run: &'a RunReport,
}

impl Opening<'_> {
    /// Checks and connects a source.
    async fn open(&self, source: &ProjectSource) -> Result<SourceLoad, CommandError> {
        let Self {
            file,
            secrets,
            of_all,
            context,
            ..
        } = self;
        let options = file.options(source);
        let plan = source_load::check(&file.resolve(&source.spec), &options.base)?;
        let own = file
            .context(source, &plan, secrets, of_all, context)
            .await?;
        let report = self.run.source(&plan).of_project(&source.name);
        let spec = file.source_spec(source, self.lock.clone(), options);
        let requests = self.token_requests.clone();
        SourceLoad::open(&plan, spec, report, requests, &own)
    }
}

/// Gives the secrets of a source the values of the variables that the project names.
fn with_secrets(
    source: &ProjectSource,
    plan: &SourcePlan,
    mut context: Context,
) -> Result<Context, CommandError> {
    for (name, variable) in &source.secrets {
        let Some(secret) = plan.secrets.iter().find(|secret| secret.name == *name) else {
            let names: Vec<&str> = plan.secrets.iter().map(|one| one.name.as_str()).collect();
            return Err(CommandError::usage(if names.is_empty() {
                format!("`{}` has no secrets, and so no `{name}`", plan.name)
            } else {
                format!(
                    "`{}` has no secret `{name}`\n  help: its secrets are `{}`",
                    plan.name,
                    names.join("`, `")
                )
            }));
        };
        let value = context.value(variable)?.ok_or_else(|| {
            CommandError::usage(format!(
                "the variable `{variable}` of the secret `{name}` is not set\n  \
                 help: set it in the environment, or in a file that `env_file` names"
            ))
        })?;
        context = context.alias(&secret.env, variable, value);
    }
    Ok(context)
}
