//! A mock of a spec that is known only at run time.

use std::{fmt, sync::Arc, time::Duration};

use rest_source::{
    __private::mock::{Settings, needed, parse_url},
    Client, Error, ErrorKind, Json, Result, Secret,
    plan::{BodyFormat, Part, ResourcePlan, SourcePlan, Template},
    shared::Ref,
    transport::{
        Body, BoxFuture, Bytes, Limits, Request, Response, Transport, TransportError, http,
    },
};
use serde::Serialize;
use url::Url;

use crate::{
    asked::Asked,
    dummies::Dummies,
    fault::Fault,
    given,
    place::Way,
    sample::Samples,
    server::{Line, unknown_resource},
    setup::{Setup, scope},
};

/// What an API in memory has whose spec is known only at run time: see [`Mock`](super::Mock), whose sibling it is.
///
/// It answers [single requests](PlanApi::answer), for a server, and is a transport for a client.
///
/// ```
/// use rest_source_mock::{PlanMock, json};
/// # use rest_source::plan::{Pages, Paginator, Part, ResourcePlan, Selector, SourcePlan, Template};
/// # use rest_source::shared::Ref;
/// # use rest_source::{Client, Column, Path, Table, Type};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> rest_source::Result<()> {
/// # let text = |text: &str| Template(vec![Part::Text(text.to_owned().into())].into());
/// # let posts = ResourcePlan {
/// #     name: "posts".into(),
/// #     table: Table { name: "posts".into(), columns: vec![Column::new("id", Type::Bigint)].into(), ..Table::DEFAULT }.into(),
/// #     path: text("/posts"),
/// #     paginator: Paginator::new(Pages::Single),
/// #     selector: Selector::Path(Path::of(["data"])),
/// #     ..ResourcePlan::DEFAULT
/// # };
/// # let plan: Ref<SourcePlan> = SourcePlan {
/// #     name: "blog".into(),
/// #     base_url: text("https://api.example.com"),
/// #     resources: vec![posts.into()].into(),
/// #     ..SourcePlan::DEFAULT
/// # }.into();
/// // `plan` comes from `rest_source_dynamic::plan(path, text)`.
/// let api = PlanMock::new(&plan)
///     .records("posts", [json!({ "id": 1 })])
///     .samples("posts", 2)
///     .start()?;
/// let client = Client::builder(&plan).transport(api).build()?;
///
/// let mut pages = client.rows(&plan.resources[0]).pages();
/// let page = pages.next().await.transpose()?;
/// assert_eq!(page.map(|page| page.rows().len()), Some(3));
/// # Ok(())
/// # }
/// ```
pub struct PlanMock {
    plan: Ref<SourcePlan>,
    setup: Setup,
    settings: Vec<(String, String)>,
    samples: Vec<(String, u64)>,
    address: Option<String>,
}

impl PlanMock {
    /// A mock without records yet.
    pub fn new(plan: &Ref<SourcePlan>) -> Self {
        Self {
            plan: plan.clone(),
            setup: Setup::default(),
            settings: Vec::new(),
            samples: Vec::new(),
            address: None,
        }
    }

    /// Behaves as if the spec's base URL were at this address, `127.0.0.1:8080`, without TLS: that of a server that
    /// answers by it.
    pub fn served_at(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Records of a resource: see [`Mock::records`](super::Mock::records).
    pub fn records<R: Serialize>(
        mut self,
        resource: &str,
        records: impl IntoIterator<Item = R>,
    ) -> Self {
        self.setup.given.push(given(resource, records));
        self
    }

    /// Sample records of a resource, made from its columns: valid ones, and the same each time. A resource
    /// [without records](PlanApi::without_records) gets none.
    pub fn samples(mut self, resource: &str, count: u64) -> Self {
        self.samples.push((resource.to_owned(), count));
        self
    }

    /// The records of a page of a resource that a real API once gave: its body, as JSON or JSON Lines.
    ///
    /// # Errors
    ///
    /// Where there is no such resource, its `decoder` or selector is of another kind, or the body is not JSON.
    pub fn page(self, resource: &str, body: &[u8]) -> Result<Self> {
        let found = self.plan.resources.iter().find(|one| one.name == *resource);
        let found = found.ok_or_else(|| unknown_resource(&self.plan, resource))?;
        let records = recorded(found, body).map_err(|why| {
            let message = format!("a saved page cannot be served: {why}");
            Error::new(ErrorKind::Config, message).with_resource(&found.name)
        })?;
        Ok(self.records(resource, records))
    }

    /// A setting, as text, in place of the spec's default or a dummy.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The most records of a page: see [`Mock::page_size`](super::Mock::page_size).
    pub fn page_size(mut self, records: u64) -> Self {
        self.setup.page_size = Some(records.max(1));
        self
    }

    /// A failure.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.setup.faults.push(fault);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// As of [`Mock::start`](super::Mock::start), and where a setting is not there or not of its type.
    pub fn start(mut self) -> Result<PlanApi> {
        let mut plan = self.plan;
        let mut dummies = Dummies::new(&plan, None, None);
        for (name, value) in &self.settings {
            dummies.set(&plan, name, value)?;
        }
        let settings = dummies.resolve(&plan)?;
        let base_url = base_url(&plan, &settings, self.address.as_deref())?;
        if self.address.is_some() {
            let mut at_address = (*plan).clone();
            at_address.base_url = Template(vec![Part::Text(base_url.clone().into())].into());
            plan = at_address.into();
        }
        let samples = std::mem::take(&mut self.samples);
        let line = Line(Arc::new(self.setup.start(&plan, settings)?));
        for (name, count) in &samples {
            let resource = plan.resources.iter().find(|one| one.name == *name);
            let resource = resource.ok_or_else(|| unknown_resource(&plan, name))?;
            let samples = Samples::new(&plan, resource, *count);
            let records = (0..*count).map(|number| samples.record(&resource.table, number));
            if line.0.without_records(resource).is_none() {
                line.0.add(given(name, records))?;
            }
        }
        Ok(PlanApi {
            line,
            dummies,
            base_url,
        })
    }
}

/// The records in the body of a page.
fn recorded(resource: &ResourcePlan, body: &[u8]) -> Result<Vec<Json>, String> {
    let not_json = |error: serde_json::Error| format!("it is not JSON: {error}");
    match resource.decoder.format {
        BodyFormat::Json => {
            let way = Way::of(&resource.selector)
                .ok_or("its `data_selector` is a query with a filter")?;
            let prefix = resource.decoder.strip_prefix.as_deref().unwrap_or_default();
            let body = body.strip_prefix(prefix.as_bytes()).unwrap_or(body);
            serde_json::from_slice(body)
                .map(|body| way.records(body))
                .map_err(not_json)
        }
        BodyFormat::Lines => {
            let lines = serde_json::Deserializer::from_slice(body).into_iter();
            lines.collect::<Result<_, _>>().map_err(not_json)
        }
        BodyFormat::Csv(_) | BodyFormat::Xml(_) | BodyFormat::Custom(_) => {
            Err("its `decoder` is not of JSON".to_owned())
        }
    }
}

/// The base URL of a plan, at this address if there is one.
fn base_url(plan: &SourcePlan, settings: &Settings, address: Option<&str>) -> Result<String> {
    let url = scope(plan, settings).url(&plan.base_url, "`base_url`")?;
    let url = parse_url(&url, "`base_url`")?;
    Ok(match address {
        Some(address) => format!("http://{address}{}", url.path()),
        None => url.into(),
    })
}

impl fmt::Debug for PlanMock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlanMock({})", self.plan.name)
    }
}

/// An API in memory whose spec is known only at run time. Time stands still in it: its tokens do not expire.
pub struct PlanApi {
    line: Line,
    dummies: Dummies,
    base_url: String,
}

impl PlanApi {
    /// The environment variables that a client needs, each with the value that this API expects: those of the secrets,
    /// which are dummies, and of the settings without a default.
    pub fn variables(&self) -> Vec<(String, String)> {
        let plan = &self.line.0.plan;
        let secrets = needed(plan, self.line.0.settings.choice);
        let names = secrets.iter().map(|secret| secret.env.to_string());
        let values = self.dummies.secrets().values;
        let secrets = names.zip(
            values
                .iter()
                .map(|secret: &Secret| secret.expose().to_owned()),
        );
        secrets.chain(self.dummies.needed_settings(plan)).collect()
    }

    /// The base URL that a client has to use.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The resources that serve no records, each with the reason: a selector that filters, or custom paging or
    /// credentials.
    pub fn without_records(&self) -> Vec<(String, Error)> {
        let server = &self.line.0;
        let resources = server.plan.resources.iter();
        let reasons = resources.filter_map(|resource| {
            Some((resource.name.to_string(), server.without_records(resource)?))
        });
        reasons.collect()
    }

    /// The URLs of tokens and of resources that are at another origin than the [base URL](Self::base_url), where a
    /// client asks.
    pub fn elsewhere(&self) -> Vec<String> {
        let server = &self.line.0;
        let resources = server.resources.iter().map(|resource| resource.route.url());
        let mut urls: Vec<String> = server.tokens.urls().chain(resources).collect();
        let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
        let own = origin(&self.base_url);
        urls.retain(|url| origin(url) != own);
        urls.dedup();
        urls
    }

    /// A client of this API alone: no wait of it takes any time.
    ///
    /// # Errors
    ///
    /// Where the spec names Rust code.
    pub fn client(self) -> Result<Client> {
        let plan = self.line.0.plan.clone();
        let clock = self.line.0.clock.clone();
        let builder = self.dummies.client_builder(&plan).clock(clock);
        builder.transport(self).jitter(|| 0.0).build()
    }

    /// The answer to a request, and what was asked. A fault can be the answer.
    ///
    /// # Errors
    ///
    /// Where the request's URL does not parse.
    pub fn answer(
        &self,
        request: &Request,
    ) -> Result<(Asked, Result<Response, TransportError>), TransportError> {
        self.line.0.exchange(request, Duration::ZERO)
    }
}

impl Transport for PlanApi {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        self.line.send(request, limits)
    }
}

impl fmt::Debug for PlanApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlanApi({})", self.line.0.plan.name)
    }
}
