//! `rest-source doctor`.

use std::{
    env,
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use clap::ValueEnum;
use rest_source::{
    Client, Error, ErrorKind, RunBudget,
    plan::{ResourcePlan, SourcePlan},
    shared::Ref,
    transport::Headers,
};
use serde::Serialize;
use url::{Host, Url};

use crate::{
    args::{Connection, SourceAccess},
    context::Context,
    destination::{self, To},
    error::CommandError,
    exchange::{Outcome, Recording, Redaction},
    interrupt::{NetworkCommand, TokenRequests},
    printable::printable,
    refresh_token_file::RefreshTokenFile,
    spec,
};

/// How long a check of the network may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the request for a page may take, with its retries.
const PAGE_TIMEOUT: Duration = Duration::from_secs(60);

/// The difference of the clocks that is worth a warning: signatures and tokens are valid for minutes.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Check the network, the credentials and the destination of a source
///
/// Resolves the host, connects, and requests one page, with a token if the source needs one. Tells the difference of the
/// clocks and the rate limit that the API states. Loads nothing, and changes no table. Exits with 2 if a setting or secret
/// is missing, with 3 if a check failed.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The spec, a YAML file
    spec: PathBuf,
    /// The resource to request a page of, instead of the first without a parent
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
    /// A destination to check, as for `load`: whether it can be reached, and tables can be created
    #[arg(long, value_name = "DESTINATION", value_parser = destination::argument)]
    to: Option<To>,
    /// The schema of a Postgres database, as for `load`
    #[arg(long, value_name = "NAME", requires = "to")]
    schema: Option<String>,
    #[command(flatten)]
    access: SourceAccess,
    /// Format of the results
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line per check, with advice
    Text,
    /// One JSON object per check: `check`, `status`, `text` and `advice`
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Warning,
    Failed,
}

/// The result of a check.
#[derive(Serialize)]
struct Finding {
    check: &'static str,
    status: Status,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self {
            check,
            status: Status::Ok,
            text: text.into(),
            advice: None,
        }
    }

    fn warning(check: &'static str, text: impl Into<String>, advice: &str) -> Self {
        Self {
            status: Status::Warning,
            advice: Some(advice.to_owned()),
            ..Self::ok(check, text)
        }
    }

    fn failed(check: &'static str, text: impl Into<String>, advice: &str) -> Self {
        Self {
            status: Status::Failed,
            advice: Some(advice.to_owned()),
            ..Self::ok(check, text)
        }
    }

    /// An error, whose help is the advice.
    fn error(check: &'static str, error: &str) -> Self {
        let (help, text): (Vec<&str>, Vec<&str>) = error
            .lines()
            .partition(|line| line.trim_start().starts_with("help: "));
        let help = help.first().map(|line| line.trim_start());
        Self {
            status: Status::Failed,
            advice: help.and_then(|line| line.strip_prefix("help: ").map(str::to_owned)),
            ..Self::ok(check, text.join("\n"))
        }
    }

    fn text(&self) -> String {
        let status = match self.status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Failed => "failed",
        };
        let text = self.text.replace('\n', "\n  ");
        let mut line = format!("{status:<8} {}: {text}", self.check);
        if let Some(advice) = &self.advice {
            line += "\n  help: ";
            line += advice;
        }
        printable(&line, &['\n']) + "\n"
    }
}

/// Prints findings as they come, and counts those that failed.
struct Results<'a> {
    context: &'a Context,
    format: Format,
    failed: usize,
}

impl Results<'_> {
    fn print(&mut self, finding: &Finding) -> Result<(), CommandError> {
        self.failed += usize::from(finding.status == Status::Failed);
        let line = match self.format {
            Format::Text => finding.text(),
            Format::Json => {
                let json = serde_json::to_string(finding);
                json.map_err(|error| CommandError::failed(format!("cannot write JSON: {error}")))?
                    + "\n"
            }
        };
        self.context.console.print(&line)?;
        Ok(())
    }
}

/// Runs the checks.
pub(crate) fn run(args: Doctor, context: &Context) -> NetworkCommand {
    let token_requests = TokenRequests::default();
    let checks = check(args, context.clone(), token_requests.clone());
    NetworkCommand {
        token_requests,
        ..NetworkCommand::new(checks, "interrupted: the other checks were not made")
    }
}

async fn check(
    args: Doctor,
    context: Context,
    token_requests: TokenRequests,
) -> Result<(), CommandError> {
    let plan = spec::open(&args.spec)?.plan;
    let resource = match &args.resource {
        Some(name) => spec::resource(&plan, Some(name))?,
        None => first(&plan)?,
    };
    let context = context.with_sources(&args.access.secrets).await?;
    let token_file =
        RefreshTokenFile::new(&plan, args.access.token_file, &context, token_requests)?;
    // Records of a resource with a parent take several requests.
    let recording = Recording::of_pages(is_simple(&resource).then_some(1));
    let client = spec::connect(
        &plan,
        args.access.config,
        &token_file,
        &args.access.connection,
        RunBudget::default(),
        Some(&recording),
        &context,
    )?;
    let mut results = Results {
        context: &context,
        format: args.format,
        failed: 0,
    };
    let variables = plan.secrets.len() + plan.config.len();
    results.print(&Finding::ok(
        "settings",
        format!("{variables} secrets and settings are set"),
    ))?;
    let is_reachable =
        check_host(&client, &resource, &args.access.connection, &mut results).await?;
    if is_reachable {
        let page = Page::request(&client, &resource, &recording, &token_file).await;
        for finding in page.findings(&client, &resource, context.now().into()) {
            results.print(&finding)?;
        }
    }
    if let Some(to) = args.to {
        let checked = destination::check(to, args.schema, &context).await;
        results.print(&match checked {
            Ok(text) => Finding::ok("destination", text),
            Err(error) => Finding::error("destination", &error.to_string()),
        })?;
    }
    match results.failed {
        0 => Ok(()),
        1 => Err(CommandError::failed("a check failed")),
        failed => Err(CommandError::failed(format!("{failed} checks failed"))),
    }
}

/// The first resource whose records take one request a page, or else the first.
fn first(plan: &SourcePlan) -> Result<Ref<ResourcePlan>, CommandError> {
    let mut resources = plan.resources.iter();
    let simple = resources.find(|resource| is_simple(resource));
    let found = simple.or_else(|| plan.resources.first());
    found
        .cloned()
        .ok_or_else(|| CommandError::usage(format!("`{}` has no resource", plan.name)))
}

fn is_simple(resource: &ResourcePlan) -> bool {
    resource.parent.is_none() && resource.job.is_none() && resource.partitions.is_empty()
}

/// Resolves the host of a resource and connects to it. Returns whether a request may succeed.
async fn check_host(
    client: &Client,
    resource: &ResourcePlan,
    connection: &Connection,
    results: &mut Results<'_>,
) -> Result<bool, CommandError> {
    let origin = client.origin(resource);
    let Ok(url) = Url::parse(&origin) else {
        return Ok(true);
    };
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
        return Ok(true);
    };
    if let Some(proxy) = proxy(&url, connection) {
        let text = format!("requests go through the proxy of {proxy}, which resolves the host");
        results.print(&Finding::ok("host", text))?;
        return Ok(true);
    }
    let (name, started) = (host.to_string(), Instant::now());
    let is_address = !matches!(host, Host::Domain(_));
    let lookup = tokio::net::lookup_host((name.trim_matches(['[', ']']), port));
    let found = tokio::time::timeout(CONNECT_TIMEOUT, lookup).await;
    let addresses: Vec<_> = match found {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => {
            results.print(&Finding::failed(
                "name",
                format!("`{name}` is not found: {error}"),
                "check the host in `base_url`, and the network: DNS, VPN, and whether a proxy is needed",
            ))?;
            return Ok(false);
        }
        Err(_) => {
            results.print(&Finding::failed(
                "name",
                format!(
                    "`{name}` is not resolved within {} s",
                    CONNECT_TIMEOUT.as_secs()
                ),
                "check the network: the name service does not answer",
            ))?;
            return Ok(false);
        }
    };
    if !is_address {
        let shown: Vec<String> = addresses
            .iter()
            .map(|address| address.ip().to_string())
            .collect();
        let text = format!("`{name}` is {} ({})", shown.join(", "), took(started));
        results.print(&Finding::ok("name", text))?;
    }
    let started = Instant::now();
    let connected = tokio::net::TcpStream::connect(&*addresses);
    let finding = match tokio::time::timeout(CONNECT_TIMEOUT, connected).await {
        Ok(Ok(stream)) => {
            let peer = stream.peer_addr();
            let peer = peer.map_or_else(|_| name.clone(), |peer| peer.to_string());
            Finding::ok(
                "connection",
                format!("{peer} accepts connections ({})", took(started)),
            )
        }
        Ok(Err(error)) => Finding::failed(
            "connection",
            format!("no connection to `{name}` at port {port}: {error}"),
            "check the host and port in `base_url`, whether the server is running, and the network: VPN, proxy",
        ),
        Err(_) => Finding::failed(
            "connection",
            format!(
                "no connection to `{name}` at port {port} within {} s",
                CONNECT_TIMEOUT.as_secs()
            ),
            "a firewall may drop the packets: check whether a VPN or a proxy is needed",
        ),
    };
    results.print(&finding)?;
    Ok(finding.status == Status::Ok)
}

fn took(started: Instant) -> String {
    format!("{} ms", started.elapsed().as_millis())
}

/// What names the proxy for a URL, if there may be one.
fn proxy(url: &Url, connection: &Connection) -> Option<String> {
    let is_loopback = match url.host()? {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    if is_loopback {
        return None;
    }
    if connection.proxy.is_some() {
        return Some("`--proxy`".to_owned());
    }
    let own = match url.scheme() {
        "https" => ["HTTPS_PROXY", "https_proxy"],
        _ => ["HTTP_PROXY", "http_proxy"],
    };
    let mut names = own.into_iter().chain(["ALL_PROXY", "all_proxy"]);
    let name = names.find(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))?;
    Some(format!("`{name}`"))
}

/// The first page of a resource, and the responses that it took.
struct Page {
    /// The number of its records.
    result: Result<u64, String>,
    is_tls: bool,
    /// The last response, and that of the token request.
    response: Option<(u16, Headers)>,
    token: Option<u16>,
    took: Duration,
}

impl Page {
    async fn request(
        client: &Client,
        resource: &Ref<ResourcePlan>,
        recording: &Recording,
        token_file: &RefreshTokenFile,
    ) -> Self {
        let started = Instant::now();
        let mut pages = client.rows(resource).pages();
        let page = tokio::time::timeout(PAGE_TIMEOUT, pages.next()).await;
        let mut is_tls = false;
        let result = match page {
            Ok(Some(Ok(page))) => Ok(page.rows().len() as u64),
            Ok(None) => Ok(0),
            Ok(Some(Err(error))) => {
                is_tls = is_tls_error(&error);
                Err(token_file.explain(error).to_string())
            }
            Err(_) => Err(format!(
                "no page within {} s, with retries\n  help: `rest-source fetch SPEC {} --raw` shows the responses",
                PAGE_TIMEOUT.as_secs(),
                resource.name
            )),
        };
        let (mut response, mut token) = (None, None);
        for exchange in recording.take_all() {
            if let Outcome::Response {
                status, headers, ..
            } = exchange.outcome
            {
                if exchange.is_for_credentials {
                    token = Some(status);
                }
                response = Some((status, headers));
            }
        }
        Self {
            result,
            is_tls,
            response,
            token,
            took: started.elapsed(),
        }
    }

    fn findings(&self, client: &Client, resource: &ResourcePlan, now: SystemTime) -> Vec<Finding> {
        let mut findings = Vec::new();
        if client.origin(resource).starts_with("https://") {
            match (&self.response, &self.result) {
                (Some(_), _) => findings.push(Finding::ok("TLS", "the certificate is valid")),
                (None, Err(error)) if self.is_tls => {
                    findings.push(Finding::error("TLS", error));
                    return findings;
                }
                (None, _) => {}
            }
        }
        if let Some(status @ 200..=299) = self.token {
            findings.push(Finding::ok(
                "token",
                format!("the token endpoint answered {status}"),
            ));
        }
        findings.push(match &self.result {
            Ok(records) => {
                let (name, took) = (&resource.name, self.took.as_millis());
                Finding::ok("page", format!("{records} records of `{name}` ({took} ms)"))
            }
            Err(error) => Finding::error("page", error),
        });
        if let Some((_, headers)) = &self.response {
            findings.extend(clock(headers, now));
            findings.push(rate_limit(headers, &Redaction::new(client)));
        }
        findings
    }
}

fn is_tls_error(error: &Error) -> bool {
    *error.kind() == ErrorKind::Transport && error.to_string().contains("no TLS: ")
}

/// The difference between the clock of the API and that of this machine.
fn clock(headers: &Headers, now: SystemTime) -> Option<Finding> {
    let date = httpdate::parse_http_date(headers.get("Date")?).ok()?;
    let (skew, direction) = match now.duration_since(date) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    let text = format!("this machine is {} s {direction} the API", skew.as_secs());
    Some(if skew < CLOCK_SKEW {
        Finding::ok("clock", text)
    } else {
        Finding::warning(
            "clock",
            text,
            "set the clock by NTP: signatures and tokens with a time may be refused, and states may skip records",
        )
    })
}

/// The headers of a rate limit, which the API may state.
fn rate_limit(headers: &Headers, redaction: &Redaction<'_>) -> Finding {
    let is_limit = |name: &str| {
        let name = name.to_ascii_lowercase();
        name == "retry-after"
            || name.starts_with("ratelimit")
            || name.starts_with("x-ratelimit")
            || name.starts_with("x-rate-limit")
    };
    let found: Vec<String> = headers
        .iter()
        .filter(|(name, _)| is_limit(name))
        .map(|(name, value)| format!("{name}: {}", redaction.text(value)))
        .collect();
    if found.is_empty() {
        return Finding::ok("rate limit", "the API states none");
    }
    let is_used_up = headers.iter().any(|(name, value)| {
        is_limit(name) && name.to_ascii_lowercase().contains("remaining") && value.trim() == "0"
    });
    let text = found.join(", ");
    if is_used_up || headers.get("Retry-After").is_some() {
        return Finding::warning("rate limit", text, "no request is left for now: load later");
    }
    Finding::ok("rate limit", text)
}
