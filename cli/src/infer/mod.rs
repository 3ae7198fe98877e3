//! `rest-source infer`.

mod live;

use std::path::Path;

use rest_source::{
    plan::{ResourcePlan, Selector},
    shared::Ref,
};
use rest_source_codegen::{
    compile, without_credentials,
    write::{Map, is_free_method, snake_name, text},
};
use rest_source_import::{
    Loss,
    infer::{
        Budget, InferError, Page, Proposal, Request, Shape, completed, draft, has_in_endpoint,
        infer, infer_at, merge, without_uncertain,
    },
};
use similar::TextDiff;

use crate::{
    args::{Credentials, Infer},
    context::Context,
    error::CommandError,
    exchange::SavedPage,
    file::{self, Access},
    import,
    interrupt::{NetworkCommand, TokenRequests},
    spec::{self, shown},
};

use live::{Discovery, Source};

impl From<InferError> for CommandError {
    fn from(error: InferError) -> Self {
        Self::usage(error.to_string())
    }
}

/// Infers from pages that are fetched.
pub(crate) fn fetch(args: Infer, context: &Context) -> NetworkCommand {
    let token_requests = TokenRequests::default();
    let context = context.clone();
    let requests = token_requests.clone();
    let future = async move {
        if is_url(&args.target) {
            let target = Target::new(&args)?;
            let proposal = target.discover(&args, &context, requests).await?;
            target.finish(&proposal, &args, &context)
        } else {
            let edited = Edited::read(&args)?;
            let source = Source {
                file: &edited.file,
                text: edited.open.as_deref().unwrap_or(&edited.text),
                resource: &edited.resource.name,
            };
            let shape = |pages: &[Page]| edited.shape(pages);
            let found = live::discover(&source, shape, &args, &context, requests).await?;
            edited.finish(&found.pages, &found.proposal, &args, &context)
        }
    };
    NetworkCommand {
        token_requests,
        ..NetworkCommand::new(future, "interrupted: nothing was written")
    }
}

/// The text of a spec that is inferred from the pages of a URL. What is not certain is listed.
pub(crate) async fn text_of_url(
    url: &str,
    auth: Option<Credentials>,
    context: &Context,
    requests: TokenRequests,
) -> Result<String, CommandError> {
    let args = Infer::of_url(url, auth);
    let target = Target::new(&args)?;
    let proposal = target.discover(&args, context, requests).await?;
    let imported = proposal.spec(&target.resource)?;
    report(&proposal, &imported.uncertain(), context);
    Ok(imported.text())
}

/// Infers from saved pages.
pub(crate) fn run(args: &Infer, context: &Context) -> Result<(), CommandError> {
    if is_url(&args.target) {
        let target = Target::new(args)?;
        let pages = saved_pages(args, args.resource.as_deref(), Some(&target.request))?;
        let mut proposal = infer(&pages, &target.resource)?;
        proposal.auth = target.auth();
        target.finish(&proposal, args, context)
    } else {
        let edited = Edited::read(args)?;
        let pages = saved_pages(args, Some(&edited.resource.name), None)?;
        let shape = edited.shape(&pages);
        let proposal = infer_at(&pages, &edited.resource.name, shape.as_ref())?;
        edited.finish(&pages, &proposal, args, context)
    }
}

fn is_url(target: &str) -> bool {
    target.contains("://")
}

/// The URL of a list.
struct Target {
    request: Request,
    resource: String,
    credentials: Option<Map>,
}

impl Target {
    fn new(args: &Infer) -> Result<Self, CommandError> {
        let request = Request {
            url: args.target.clone(),
            ..Request::default()
        };
        let (origin, path) = request.origin_and_path();
        let is_http = origin.starts_with("http://") || origin.starts_with("https://");
        if !is_http || origin.contains('@') {
            return Err(CommandError::usage(
                "the URL is not one of `http` or `https` without credentials\n  \
                 help: give the URL of a list, such as `https://api.example.com/v1/things`, and `--auth` for credentials",
            ));
        }
        let resource = match &args.resource {
            Some(name) => name.clone(),
            None => resource_name(path),
        };
        Ok(Self {
            credentials: args.auth.as_ref().map(Credentials::auth),
            request,
            resource,
        })
    }

    /// A spec that fetches the list.
    fn draft(&self) -> Map {
        draft(&self.request, &self.resource, self.credentials.as_ref())
    }

    /// The credentials that the arguments name.
    fn auth(&self) -> Option<Map> {
        let auth = self.draft().map("client").remove("auth");
        auth.and_then(|auth| auth.as_map().cloned())
    }

    /// Fetches pages, and infers the resource.
    async fn discover(
        &self,
        args: &Infer,
        context: &Context,
        requests: TokenRequests,
    ) -> Result<Proposal, CommandError> {
        let text = text(&self.draft());
        let source = Source {
            file: &args.target,
            text: &text,
            resource: &self.resource,
        };
        let Discovery { mut proposal, .. } =
            live::discover(&source, |_| None, args, context, requests).await?;
        proposal.auth = self.auth();
        Ok(proposal)
    }

    /// Prints or writes the new spec.
    fn finish(
        &self,
        proposal: &Proposal,
        args: &Infer,
        context: &Context,
    ) -> Result<(), CommandError> {
        let imported = proposal.spec(&self.resource)?;
        let text = imported.text();
        if args.write {
            let name = imported.spec.get("name").and_then(|name| name.as_text());
            let file = format!("{}.yaml", name.unwrap_or("api"));
            import::create(Path::new(&file), &text)?;
            context.console.say(format_args!("`{file}` is written"));
        } else {
            context.console.print(&text)?;
        }
        report(proposal, &imported.uncertain(), context);
        Ok(())
    }
}

/// The name of a resource, from the last part of its path that is a name.
fn resource_name(path: &str) -> String {
    let names = path
        .rsplit('/')
        .map(|part| part.split('.').next().unwrap_or_default());
    let mut names = names.map(snake_name).filter(|name| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.is_ascii()
            && is_free_method(name)
    });
    names.next().unwrap_or_else(|| "records".to_owned())
}

/// A spec to propose changes of.
struct Edited {
    file: String,
    text: String,
    /// The text without a paginator that a comment calls not certain.
    open: Option<String>,
    resource: Ref<ResourcePlan>,
}

impl Edited {
    fn read(args: &Infer) -> Result<Self, CommandError> {
        if args.auth.is_some() {
            return Err(CommandError::usage(
                "`--auth` is for a URL\n  help: a spec names its credentials in `client.auth`",
            ));
        }
        let path = Path::new(&args.target);
        let text = spec::text(path)?;
        let file = shown(path);
        let compiled = compile(&file, &completed(&text));
        let connector = match compiled.connector {
            Some(connector) => connector,
            None => spec::checked(path)?,
        };
        let name = match (&args.resource, &*connector.plan.resources) {
            (None, [single]) => Some(single.name.as_str()),
            (name, _) => name.as_deref(),
        };
        let resource = spec::resource(&connector.plan, name)?;
        can_infer(&resource)?;
        Ok(Self {
            file,
            open: without_uncertain(&text, &resource.name),
            text,
            resource,
        })
    }

    /// The place of the records that the spec names.
    fn shape(&self, pages: &[Page]) -> Option<Shape> {
        let Selector::Path(path) = &self.resource.selector else {
            return None;
        };
        let keys: Option<Vec<String>> = (path.0.iter())
            .map(|step| step.key().map(str::to_owned))
            .collect();
        let is_named = has_in_endpoint(&self.text, &self.resource.name, "data_selector");
        keys.filter(|_| is_named).map(|keys| Shape::at(keys, pages))
    }

    /// Prints or applies the changes.
    fn finish(
        &self,
        pages: &[Page],
        proposal: &Proposal,
        args: &Infer,
        context: &Context,
    ) -> Result<(), CommandError> {
        let Self { file, text, .. } = self;
        // What is not certain is replaced by what is.
        let open = self
            .open
            .as_ref()
            .filter(|_| proposal.paginator.doubts.is_empty());
        let base = open.unwrap_or(text);
        let merged = merge(base, &self.resource.name, pages, proposal)?;
        let compiled = compile(file, &completed(&merged.text));
        if compiled.connector.is_none() {
            let mut messages = compiled.diagnostics.messages();
            messages.truncate(1);
            return Err(CommandError::failed(format!(
                "the spec would be invalid with the proposal, and is unchanged: {}",
                messages.join("")
            )));
        }
        if args.write {
            if merged.text != *text {
                file::replace(Path::new(&args.target), &merged.text, Access::Unchanged).map_err(
                    |error| CommandError::failed(format!("cannot write `{file}`: {error}")),
                )?;
            }
        } else {
            context.console.print(&diff(file, text, &merged.text))?;
        }
        report(proposal, &merged.remarks, context);
        context
            .console
            .say(match (merged.text == *text, args.write) {
                (true, _) => format!("`{file}` needs no change"),
                (false, true) => format!("`{file}` is changed"),
                (false, false) => "apply the changes with `--write`".to_owned(),
            });
        Ok(())
    }
}

fn report(proposal: &Proposal, remarks: &[Loss], context: &Context) {
    for remark in remarks {
        context.console.say(remark);
    }
    context.console.say(format_args!(
        "records: {}, pages: {}, columns: {}",
        proposal.records,
        proposal.pages,
        proposal.columns.len()
    ));
}

/// Rejects resources whose records are not what a page of JSON holds at a plain path.
fn can_infer(resource: &ResourcePlan) -> Result<(), CommandError> {
    if let Selector::Query(query) = &resource.selector {
        return Err(CommandError::usage(format!(
            "the `data_selector` of `{}`, `{query}`, is a query\n  \
             help: `infer` compares columns below a plain path; remove the selector from the spec to infer one",
            resource.name
        )));
    }
    let unsupported = [
        ("job", resource.job.is_some()),
        ("explode", resource.explode.is_some()),
        ("extract", resource.extract.is_some()),
    ];
    match unsupported.iter().find(|(_, is_set)| *is_set) {
        Some((key, _)) => Err(CommandError::usage(format!(
            "`{}` has `{key}`, and `infer` reads records as pages have them\n  help: write its columns by hand",
            resource.name
        ))),
        None => Ok(()),
    }
}

/// The pages of the files of `--from`, of one resource.
fn saved_pages(
    args: &Infer,
    resource: Option<&str>,
    target: Option<&Request>,
) -> Result<Vec<Page>, CommandError> {
    let mut budget = Budget::default();
    let mut pages = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for file in SavedPage::files(&args.from)? {
        let saved = SavedPage::read(&file)?;
        if !saved.is_page() {
            continue;
        }
        let (request, headers) = match saved.description {
            Some(saved) => {
                if !names.contains(&saved.resource) {
                    names.push(saved.resource.clone());
                }
                if resource.is_some_and(|name| name != saved.resource) {
                    continue;
                }
                let request = Request {
                    method: saved.request.method,
                    url: saved.request.url,
                    headers: saved.request.headers,
                    body: saved.request.body,
                };
                (request, saved.response.headers)
            }
            None => (
                target
                    .filter(|_| pages.is_empty())
                    .cloned()
                    .unwrap_or_default(),
                Vec::new(),
            ),
        };
        let body = std::str::from_utf8(&saved.body).map_err(|_| "not UTF-8".to_owned());
        let page = body.and_then(|body| Page::read(&request, headers, body, &mut budget));
        let page = page.map_err(|error| {
            CommandError::usage(format!(
                "`{}`: {error}\n  help: `infer` reads pages of JSON or JSON Lines",
                shown(&saved.file)
            ))
        })?;
        pages.push(page);
    }
    match resource {
        Some(name) if pages.is_empty() => Err(CommandError::usage(format!(
            "no saved page is of `{name}`\n  help: the pages are of `{}`",
            names.join("`, `")
        ))),
        None if names.len() > 1 => Err(CommandError::usage(format!(
            "the saved pages are of several resources\n  help: name one of them: `{}`",
            names.join("`, `")
        ))),
        _ => Ok(pages),
    }
}

/// A unified diff of a spec, without literal credentials.
fn diff(file: &str, before: &str, after: &str) -> String {
    let (before, after) = (without_credentials(before), without_credentials(after));
    let diff = TextDiff::from_lines(&before, &after);
    diff.unified_diff().header(file, file).to_string()
}

impl Credentials {
    /// As a spec has them, with a secret from the environment.
    fn auth(&self) -> Map {
        let mut auth = Map::new();
        let (name, location) = match self {
            Self::Bearer => {
                auth.set("type", "bearer").set("token", "{secrets.token}");
                return auth;
            }
            Self::Header(name) => (name, "header"),
            Self::Query(name) => (name, "query"),
        };
        auth.set("type", "api_key").set("name", name.as_str());
        auth.set("api_key", "{secrets.api_key}")
            .set("location", location);
        auth
    }
}
