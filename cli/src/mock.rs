//! `rest-source mock`.

use std::{io, net::Ipv4Addr, path::Path, sync::Arc, time::Duration};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rest_source::{
    plan::SourcePlan,
    shared::Ref,
    transport::{Bytes, Request, Response, TransportErrorKind, http},
};
use rest_source_mock::{Fault, PlanApi, PlanMock};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    args::Mock,
    console::Console,
    context::Context,
    error::CommandError,
    exchange::SavedPage,
    interrupt::NetworkCommand,
    printable::printable,
    spec::{self, shown},
};

/// The longest body of a request, in bytes.
const LONGEST_REQUEST: usize = 16 << 20;

/// How long a request with the fault `timeout` is left without a response.
const HELD: Duration = Duration::from_secs(24 * 60 * 60);

/// Serves an API that behaves as a spec says, until it is interrupted.
pub(crate) fn run(args: Mock, context: &Context) -> NetworkCommand {
    let serving = serve(args, context.console.clone());
    NetworkCommand::new(serving, "interrupted: the mock has ended")
}

async fn serve(args: Mock, console: Console) -> Result<(), CommandError> {
    let plan = spec::open(&args.spec)?.plan;
    let listener = listen(args.port).await?;
    let api = Arc::new(api(&args, &plan, listener.address())?);
    announce(&args.spec, &plan, &api, &console);
    listener.serve(&api, &console).await
}

/// A port of this machine at which an API is served.
pub(crate) struct Listener {
    listener: TcpListener,
    address: String,
}

/// Listens at a port of loopback.
///
/// # Errors
///
/// If the port is in use.
pub(crate) async fn listen(port: u16) -> Result<Listener, CommandError> {
    let unusable = |error: io::Error| {
        CommandError::usage(format!(
            "cannot listen at port {port}: {error}\n  help: `--port 0` takes any free one"
        ))
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?.to_string();
    Ok(Listener { listener, address })
}

impl Listener {
    /// Its host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Serves the API, until the command is interrupted.
    pub(crate) async fn serve(
        self,
        api: &Arc<PlanApi>,
        console: &Console,
    ) -> Result<(), CommandError> {
        loop {
            // A connection that is lost before it is accepted concerns its client alone; when files run out, others end.
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            tokio::spawn(answer(
                stream,
                self.address.clone(),
                Arc::clone(api),
                console.clone(),
            ));
        }
    }
}

/// The API in memory, with its records and faults.
fn api(args: &Mock, plan: &Ref<SourcePlan>, address: &str) -> Result<PlanApi, CommandError> {
    let mut mock = PlanMock::new(plan).served_at(address);
    if let Some(records) = args.page_size {
        mock = mock.page_size(records);
    }
    for (name, value) in &args.config {
        mock = mock.setting(name, value);
    }
    let saved = match &args.from {
        Some(folder) => saved_pages(folder, plan)?,
        None => Vec::new(),
    };
    if args.from.is_none() {
        for resource in &plan.resources {
            mock = mock.samples(&resource.name, args.records);
        }
    }
    for page in saved {
        mock = mock
            .page(page.resource().unwrap_or_default(), &page.body)
            .map_err(|error| unservable(&error))?;
    }
    let faults = args.fault.iter().cloned();
    faults
        .fold(mock, PlanMock::fault)
        .start()
        .map_err(|error| unservable(&error))
}

pub(crate) fn unservable(error: &rest_source::Error) -> CommandError {
    CommandError::usage(format!("cannot mock it: {error}"))
}

/// The pages in a folder.
///
/// # Errors
///
/// If it has none, or one of a resource that the spec does not have.
fn saved_pages(folder: &Path, plan: &SourcePlan) -> Result<Vec<SavedPage>, CommandError> {
    let files = SavedPage::files(&[folder.to_owned()])?;
    let saved: Result<Vec<_>, _> = files.iter().map(|file| SavedPage::read(file)).collect();
    let mut saved = saved?;
    saved.retain(SavedPage::is_page);
    for page in &saved {
        spec::resource(plan, page.resource())?;
    }
    Ok(saved)
}

/// Says where it is served, and how it is fetched from.
fn announce(spec: &Path, plan: &SourcePlan, api: &PlanApi, console: &Console) {
    let mut lines = vec![format!("`{}` is served at {}", plan.name, api.base_url())];
    for (name, value) in api.variables() {
        lines.push(format!("  export {name}={}", quoted(&value)));
    }
    let resource = plan
        .resources
        .first()
        .map_or("RESOURCE", |one| one.name.as_str());
    lines.push(format!(
        "  rest-source fetch {} {resource} --base-url {}",
        shown(spec),
        api.base_url()
    ));
    for (_, error) in api.without_records() {
        // Its help is for Rust code.
        let error = error.to_string();
        let why = error.lines().next().unwrap_or_default();
        lines.push(format!("note: without records: {why}"));
    }
    for url in api.elsewhere() {
        lines.push(format!(
            "note: clients ask {url}, which is not served here: it does not begin with `base_url`"
        ));
    }
    console.say(printable(&lines.join("\n"), &['\n']));
}

/// A word of a POSIX shell.
fn quoted(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@".contains(&byte);
    if value.bytes().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// Answers the requests of a connection.
async fn answer(stream: TcpStream, address: String, api: Arc<PlanApi>, console: Console) {
    let service = service_fn(move |request| {
        let (api, console, address) = (Arc::clone(&api), console.clone(), address.clone());
        async move { respond(request, &address, &api, &console).await }
    });
    // What goes wrong with a connection, its client sees.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The connection is closed without a response: a fault of the mock.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the mock closes the connection")
    }
}

impl std::error::Error for Closed {}

async fn respond(
    request: http::Request<Incoming>,
    address: &str,
    api: &PlanApi,
    console: &Console,
) -> Result<http::Response<Full<Bytes>>, Closed> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_REQUEST).collect().await;
    let body = body.map_err(|_| Closed)?.to_bytes();
    let mut request = Request::from_http(&http::Request::from_parts(head, body));
    // A request to a server has a path alone.
    if request.url.starts_with('/') {
        request.url.insert_str(0, &format!("http://{address}"));
    }
    let (asked, answer) = api.answer(&request).map_err(|_| Closed)?;
    console.say(printable(&asked.to_string(), &[]));
    match answer {
        Ok(response) => into_http(response).ok_or(Closed),
        Err(error) if error.kind == TransportErrorKind::Timeout => {
            tokio::time::sleep(HELD).await;
            Err(Closed)
        }
        Err(_) => Err(Closed),
    }
}

fn into_http(response: Response) -> Option<http::Response<Full<Bytes>>> {
    let mut built = http::Response::builder().status(response.status);
    for (name, value) in response.headers.iter() {
        built = built.header(name, value);
    }
    built.body(Full::new(response.body.into())).ok()
}

/// A fault as an argument: a status or a word, and then where and how often, as `503,resource=stories,times=3`.
pub(crate) fn fault(text: &str) -> Result<Fault, String> {
    let mut parts = text.split(',').map(str::trim);
    let what = parts.next().unwrap_or_default();
    let mut fault = match (what, what.parse::<u16>()) {
        ("reset", _) => Fault::reset(),
        ("timeout", _) => Fault::timeout(),
        (_, Ok(status)) if (100..600).contains(&status) => Fault::status(status),
        _ => {
            return Err(format!(
                "`{what}` is not a fault: name a status such as 503, `reset` or `timeout`"
            ));
        }
    };
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let number = || {
            let number = value.parse::<u64>();
            number.map_err(|_| format!("`{key}` needs a whole number, as in `{key}=3`"))
        };
        fault = match key {
            "times" => fault.times(number()?),
            "after" => fault.after(number()?),
            "retry_after" => fault.retry_after(Duration::from_secs(number()?)),
            "resource" if value == "token" => fault.on_token(),
            "resource" => fault.on(value),
            _ => {
                return Err(format!(
                    "`{key}` is not known: a fault has `times`, `after`, `retry_after` and `resource`"
                ));
            }
        };
    }
    Ok(fault)
}
