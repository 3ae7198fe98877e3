//! What all clones of a source share.

use std::{fmt, sync::Arc, time::Duration};

use url::Url;

use crate::{
    Clock, Error, ErrorKind, Fingerprint, Result, RunBudget, Scalar, Secret, Timestamp,
    auth::Authenticators,
    exchange::is_guarded,
    features,
    hooks::Hooks,
    http_context::HttpContext,
    origin::{self, Origins},
    permits::{self, PermitPool, RateLimiting},
    plan::{Auth, Pages, Paginator, Part, ResourcePlan, SourcePlan},
    rate_limiter::{Permit, RateLimiter},
    redact::Redactor,
    request::Draft,
    retry::RetryBudget,
    settings::{Settings, setting_values},
    shared::Ref,
    template::{Bounds, PageValues, Scope},
};

/// What a source is, and has, at run time: its plan, its values, and what its requests share —
/// connections, tokens, the limit of requests in flight. Clones are the same client.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    plan: Ref<SourcePlan>,
    hooks: &'static Hooks,
    /// Which of the plan's choices the user made.
    choice: Option<usize>,
    secrets: Vec<Secret>,
    config: Vec<Scalar>,
    base: Url,
    origins: Origins,
    authenticators: Authenticators,
    context: Arc<HttpContext>,
    limiter: RateLimiter,
    concurrency: u16,
}

impl Client {
    /// A client of this plan, with its values in the plan's order.
    ///
    /// # Errors
    ///
    /// When a URL is none, or would have credentials go over plain http to another machine.
    pub(crate) fn new(
        plan: Ref<SourcePlan>,
        hooks: &'static Hooks,
        settings: Settings,
        mut context: HttpContext,
        (rate_limiting, concurrency): (RateLimiting, u16),
    ) -> Result<Self> {
        features::check(&plan)?;
        let Settings {
            secrets,
            choice,
            config,
        } = settings;
        let scope = Scope {
            secrets: &secrets,
            config: &config,
            settings: &plan.config,
            ..Scope::EMPTY
        };
        let base = scope.url(&plan.base_url, "`base_url`")?;
        let base = origin::parse(&base, "`base_url`")?;
        if plan
            .resources
            .iter()
            .any(|resource| is_guarded(&plan, resource))
        {
            origin::check_scheme(&base)?;
        }
        let longest = plan.retry.max_delay;
        let limits = match &rate_limiting {
            RateLimiting::Share(share) => share.of(&plan.rate_limits)?,
            _ => plan.rate_limits.clone(),
        };
        let mut limiter = RateLimiter::new(concurrency, limits, longest)
            .one_at_a_time(&plan.resources)
            .within(&context.run_budget);
        if let RateLimiting::Lease(lease) = rate_limiting {
            let names = plan.secrets.iter().map(|secret| &*secret.name);
            let origin = base.origin().ascii_serialization();
            let key = permits::default_key(&origin, &plan.rate_limits, names);
            let pool = Arc::new(PermitPool::new(
                lease,
                key,
                &plan.rate_limits,
                (plan.retry.budget, plan.connect_timeout),
                Arc::clone(&context.clock),
            ));
            if plan.retry.budget.is_some() {
                context.retry_budget = Arc::new(RetryBudget::of_pool(Arc::clone(&pool)));
            }
            limiter = limiter.leasing(pool);
        }
        let context = Arc::new(context);
        Ok(Self(Arc::new(Shared {
            origins: Origins::new(&base, &plan.allow_origins, &plan.bare_origins)?,
            authenticators: Authenticators::new(&plan, hooks, choice, &base, scope, &context)?,
            limiter,
            plan,
            hooks,
            choice,
            secrets,
            config,
            base,
            context,
            concurrency,
        })))
    }

    /// What the spec says.
    pub fn plan(&self) -> &SourcePlan {
        &self.0.plan
    }

    /// The Rust that the plan names.
    pub(crate) fn hooks(&self) -> &'static Hooks {
        self.0.hooks
    }

    /// The credentials of a resource: where it leaves them to the user, those that he chose.
    pub(crate) fn auth<'a>(&'a self, resource: &'a ResourcePlan) -> Option<&'a Auth> {
        self.0.plan.auth_of(resource, self.0.choice)
    }

    /// What the requests of a resource ask for.
    pub fn fingerprint(&self, resource: &ResourcePlan) -> Fingerprint {
        Fingerprint::new(self.plan(), &self.0.config, resource, self.0.choice)
            .map_text(|text| self.redact(text))
    }

    /// The settings, in the order of the plan.
    pub fn config(&self) -> &[Scalar] {
        &self.0.config
    }

    /// The values of the setting at this position of the plan: the elements of a list, none of an optional
    /// setting that is not given, and otherwise one.
    pub fn setting_values(&self, at: u16) -> Vec<Scalar> {
        let at = usize::from(at);
        match (self.0.plan.config.get(at), self.0.config.get(at)) {
            (Some(setting), Some(value)) => setting_values(setting, value),
            _ => Vec::new(),
        }
    }

    /// Whether two resources send the same credentials.
    pub fn share_credentials(&self, one: &ResourcePlan, other: &ResourcePlan) -> bool {
        let auth = self.auth(one);
        auth.is_some() && auth == self.auth(other)
    }

    /// The origin that the first request of a resource goes to: `https://api.example.com`.
    pub fn origin(&self, resource: &ResourcePlan) -> String {
        let absolute = self.absolute_start(resource);
        let url = Url::parse(&absolute).ok().filter(Url::has_host);
        let origin = url.map_or_else(|| self.0.base.origin(), |url| url.origin());
        self.redact(&origin.ascii_serialization())
    }

    /// The start of a resource's path, up to the first value that is known only when it is fetched.
    fn absolute_start(&self, resource: &ResourcePlan) -> String {
        let bounds = Bounds::default();
        let scope = self.scope(&bounds, &[], Timestamp::EPOCH);
        let is_known = |part: &&Part| matches!(part.source(), Part::Text(_) | Part::Config(_));
        let known = resource.path.0.iter().take_while(is_known);
        let values = known.filter_map(|part| scope.value(part));
        values.map(|value| value.to_string()).collect()
    }

    /// The most requests in flight, at least 1.
    pub fn concurrency(&self) -> u16 {
        self.0.concurrency
    }

    /// The values of placeholders: of a fetch within these bounds that began at `now`, for a parent's record with
    /// these values.
    pub(crate) fn scope<'a>(
        &'a self,
        bounds: &'a Bounds,
        parent: &'a [Scalar],
        now: Timestamp,
    ) -> Scope<'a> {
        let Shared {
            plan,
            secrets,
            config,
            ..
        } = &*self.0;
        Scope {
            secrets,
            config,
            settings: &plan.config,
            bounds,
            parent,
            now,
            ..Scope::EMPTY
        }
    }

    /// The request of a resource with these values, without credentials.
    ///
    /// # Errors
    ///
    /// When a placeholder of its path has no value or a bad one, or a header cannot be sent.
    pub(crate) fn draft(&self, resource: &ResourcePlan, scope: Scope<'_>) -> Result<Draft> {
        let Shared {
            plan,
            base,
            context,
            ..
        } = &*self.0;
        Draft::first(plan, resource, base, scope, Arc::clone(&context.redactor)).map_err(|error| {
            error
                .with_resource(resource.name.clone())
                .map_text(|text| self.redact(text))
        })
    }

    /// Checks what settings stand for in the path of a resource, and in those of its ancestors: before a
    /// request is sent for any of them.
    ///
    /// # Errors
    ///
    /// When a setting would lead to another path.
    pub(crate) fn check_settings(&self, resource: &ResourcePlan) -> Result<()> {
        let known_later = || Scalar::from("x");
        let bounds = Bounds {
            start: Some(known_later()),
            end: Some(known_later()),
            ..Bounds::default()
        };
        let parent = vec![Scalar::Text("x".to_owned()); resource.taken_fields().len()];
        let page = PageValues {
            position: Some(known_later()),
            size: Some(known_later()),
        };
        let partition = vec![Scalar::Text("x".to_owned()); resource.partitions.len()];
        let fields = resource.job.as_ref().map_or(0, |job| job.fields.len());
        let job = vec![Scalar::Text("x".to_owned()); fields];
        let scope = Scope {
            unknown: Some("x"),
            page: &page,
            partition: &partition,
            job: &job,
            ..self.scope(&bounds, &parent, Timestamp::EPOCH)
        };
        self.draft(resource, scope)?;
        if let Some(root) = resource.root() {
            self.draft(&root, scope)?;
        }
        self.paginator_plan(resource)?;
        for request in resource.paginator.requests() {
            self.draft(request, scope)?;
        }
        if let Some(job) = &resource.job {
            self.draft(&job.create, scope)?;
            self.draft(&job.poll, scope)?;
        }
        let mut parents = resource.parent.iter().flat_map(|parent| parent.resources());
        parents.try_for_each(|parent| self.check_settings(parent))
    }

    /// The plan of a resource's paginator, with the page size of its setting.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the setting is not a number of records.
    pub(crate) fn paginator_plan(&self, resource: &ResourcePlan) -> Result<Paginator> {
        let mut plan = resource.paginator.clone();
        let Some(at) = plan.size_setting.map(usize::from) else {
            return Ok(plan);
        };
        let size = match self.0.config.get(at) {
            Some(Scalar::Bigint(size @ 1..)) => size.unsigned_abs(),
            value => {
                let name = self
                    .0
                    .plan
                    .config
                    .get(at)
                    .map_or("", |setting| &setting.name);
                let value = value.map_or_else(String::new, ToString::to_string);
                let message =
                    format!("the setting `{name}` is {value}: a page has at least one record");
                return Err(Error::new(ErrorKind::Config, message)
                    .with_resource(resource.name.clone())
                    .with_help("give the setting a number from 1 up"));
            }
        };
        match &mut plan.kind {
            Pages::Offset(pages) => pages.limit = size,
            Pages::Number(pages) => pages.page_size = Some(size),
            _ => {}
        }
        Ok(plan)
    }

    /// Waits until the source may have one more attempt at this resource in flight. It is made while
    /// the permit is held.
    pub(crate) async fn permit(&self, resource: &ResourcePlan) -> Permit<'_> {
        self.0.limiter.permit(resource, self.clock()).await
    }

    /// Keeps all workers of the source from sending before this time of the [clock](Self::clock):
    /// the API said so to one of them. One that would have to wait for longer than `max_delay` is not
    /// sent at all.
    pub(crate) fn close_until(&self, elapsed: Duration) {
        self.0.limiter.close_until(elapsed);
    }

    /// The budget of its requests.
    pub fn budget(&self) -> &RunBudget {
        self.0.context.run_budget.budget()
    }

    /// Says that the budget is used up, if it is: no request can be sent any more.
    pub fn spent_budget(&self) -> Option<String> {
        let checked = self.0.context.run_budget.check(self.clock().elapsed());
        checked.err().map(|spent| spent.to_string())
    }

    /// The time of its clock.
    pub fn now(&self) -> Timestamp {
        Timestamp::try_from(self.clock().now()).unwrap_or(Timestamp::EPOCH)
    }

    /// The source's clock.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.context.clock
    }

    /// A number from 0 up to 1, itself excluded.
    pub(crate) fn jitter(&self) -> f64 {
        (self.0.context.jitter)()
    }

    /// The text with every known secret redacted, in whatever encoding, and with the credentials in its URLs
    /// redacted by the names of their parameters.
    pub fn redact(&self, text: &str) -> String {
        self.0.context.redactor.redact(text)
    }

    /// What knows the secrets.
    pub(crate) fn redactor(&self) -> Arc<Redactor> {
        Arc::clone(&self.0.context.redactor)
    }

    pub(crate) fn context(&self) -> &HttpContext {
        &self.0.context
    }

    pub(crate) fn secrets(&self) -> &[Secret] {
        &self.0.secrets
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.0.origins
    }

    pub(crate) fn authenticators(&self) -> &Authenticators {
        &self.0.authenticators
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.0.plan.name)
    }
}
